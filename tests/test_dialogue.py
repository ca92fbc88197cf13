"""The conversation as a pure function: where we stood and what was said -> what we do and say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bots import dialogue
from bots.dialogue import (
    Case,
    File,
    FollowUp,
    Limits,
    Message,
    Notices,
    Place,
    State,
    Withdraw,
    step,
)
from bots.routing import Missing, Route
from parsers.messages import Location
from parsers.understanding import (
    Candidate,
    Command,
    Kind,
    PlaceCandidate,
    Understanding,
    Verb,
)

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
LIMITS = Limits(
    repeat=timedelta(minutes=10), question=timedelta(hours=24), undo=timedelta(minutes=60)
)
ROAD = Candidate("JALAN_RUSAK", "Jalan rusak", 90, sure=True)
COBLONG = PlaceCandidate("32.73.02", "kecamatan", "Coblong", 93, sure=True)
NOWHERE = Route(None, None, None, Missing.PLACE)
ASKED = State(tracking=1234567, asked=1, asked_at=(NOW - timedelta(hours=1)).isoformat())
MINE = Case(
    tracking=1234567,
    status="triage",
    mine=True,
    privacy="public",
    created_at=NOW - timedelta(minutes=5),
    line="1234567 Jalan rusak: sedang diperiksa petugas 1708.",
)
OTHERS = replace(MINE, tracking=7654321, mine=False, line="")


def message(text: str = "", *, kind: Kind = Kind.COMPLAINT, **more: object) -> Message:
    names = ("command", "categories", "agencies", "places", "address", "tracking")
    seen = Understanding(
        kind=kind, body=text, **{name: more.pop(name) for name in names if name in more}
    )
    return Message(
        inbox_id=9, at=NOW, seen=seen, route=NOWHERE, digest=text.casefold(), text=text, **more
    )


def command(verb: Verb, tracking: str = "", text: str = "") -> Message:
    return message("x", kind=Kind.COMMAND, command=Command(verb, tracking, text))


ROAD_HERE = message("jalan rusak di coblong", categories=(ROAD,), places=(COBLONG,))
ROAD_SOMEWHERE = message("jalan rusak", categories=(ROAD,))


@pytest.mark.parametrize(
    ("state", "said", "cases", "actions", "words"),
    [
        pytest.param(State(), ROAD_HERE, [], (File(),), "", id="a complaint is filed"),
        pytest.param(
            State(loose=(3,), pin=(-6.9, 107.6)),
            ROAD_SOMEWHERE,
            [],
            (File(inbox_ids=(3,), pin=(-6.9, 107.6)),),
            "",
            id="a photo and a pin that came first belong to the complaint",
        ),
        pytest.param(
            State(),
            message("tolong ada kebakaran", kind=Kind.EMERGENCY),
            [],
            (File(emergency=True),),
            "",
            id="an emergency is recorded too",
        ),
        pytest.param(
            ASKED,
            message("di coblong", kind=Kind.OTHER, places=(COBLONG,)),
            [],
            (Place(1234567),),
            "",
            id="an answer to our question is an answer",
        ),
        pytest.param(
            ASKED,
            message("dekat pasar", kind=Kind.OTHER),
            [],
            (Place(1234567),),
            "",
            id="words that name no known place still answer",
        ),
        pytest.param(
            ASKED,
            message(location=Location(lat=-6.88, lon=107.61)),
            [],
            (Place(1234567),),
            "",
            id="a pin answers",
        ),
        pytest.param(
            ASKED,
            ROAD_HERE,
            [],
            (File(),),
            "",
            id="a new complaint while we wait is a new complaint",
        ),
        pytest.param(
            replace(ASKED, asked_at=(NOW - timedelta(hours=25)).isoformat()),
            message("di coblong kota bandung ya pak", kind=Kind.OTHER, places=(COBLONG,)),
            [],
            (File(),),
            "",
            id="after a day the question no longer stands",
        ),
        pytest.param(
            ASKED,
            message("halo", kind=Kind.GREETING),
            [],
            (),
            "Halo, ini 1708",
            id="a greeting is no answer",
        ),
        pytest.param(State(), command(Verb.HELP), [], (), "BALAS nomor pesan", id="help"),
        pytest.param(
            State(),
            command(Verb.STOP),
            [],
            (Notices(on=False),),
            "tetap bisa melapor",
            id="stop stops notices, never intake",
        ),
        pytest.param(State(), command(Verb.START), [], (Notices(on=True),), "aktif", id="start"),
        pytest.param(
            State(),
            message("STOP", kind=Kind.COMMAND, opt_out="STOP", command=Command(Verb.STOP)),
            [],
            (Notices(on=False),),
            None,
            id="the provider has answered STOP itself",
        ),
        pytest.param(State(), command(Verb.STATUS), [], (), "Belum ada laporan", id="no case"),
        pytest.param(State(), command(Verb.STATUS), [MINE], (), MINE.line, id="my newest case"),
        pytest.param(
            State(), command(Verb.STATUS, "1234567"), [MINE], (), MINE.line, id="my case by number"
        ),
        pytest.param(
            State(),
            command(Verb.STATUS, "7654321"),
            [MINE, OTHERS],
            (),
            "Laporan 7654321 sedang diperiksa petugas 1708. Rinciannya hanya untuk pelapor.",
            id="somebody else's case shows its public state only",
        ),
        pytest.param(
            State(),
            command(Verb.STATUS, "7654321"),
            [replace(OTHERS, privacy="rahasia")],
            (),
            "Laporan 7654321 tidak ditemukan",
            id="somebody else's secret case does not exist",
        ),
        pytest.param(
            State(), command(Verb.STATUS, "1111111"), [MINE], (), "tidak ditemukan", id="no number"
        ),
        pytest.param(
            State(tracking=1234567),
            command(Verb.CANCEL),
            [MINE],
            (Withdraw(1234567),),
            "Laporan 1234567 dibatalkan",
            id="the last complaint is taken back",
        ),
        pytest.param(
            State(tracking=1234567),
            command(Verb.CANCEL),
            [replace(MINE, created_at=NOW - timedelta(minutes=61))],
            (),
            "Tidak ada laporan yang masih bisa dibatalkan",
            id="after an hour it stays",
        ),
        pytest.param(
            State(),
            command(Verb.CANCEL, "7654321"),
            [OTHERS],
            (),
            "Tidak ada laporan",
            id="nobody takes back another's complaint",
        ),
        pytest.param(
            State(),
            command(Verb.REPLY, "1234567", "masih rusak"),
            [MINE],
            (FollowUp(1234567, "masih rusak"),),
            "Tambahan Anda tercatat pada laporan 1234567",
            id="a reply is added",
        ),
        pytest.param(
            State(),
            command(Verb.REPLY, "7654321", "masih rusak"),
            [OTHERS],
            (),
            "bukan dari nomor ini",
            id="nothing is added to another's complaint",
        ),
        pytest.param(
            State(),
            command(Verb.REPLY, "7654321", "masih rusak"),
            [replace(OTHERS, privacy="rahasia")],
            (),
            "Laporan 7654321 tidak ditemukan",
            id="a reply does not betray a secret complaint",
        ),
        pytest.param(
            State(tracking=1234567),
            command(Verb.REPLY),
            [MINE],
            (),
            "BALAS 1234567 lampu masih mati",
            id="an empty reply is explained",
        ),
        pytest.param(
            State(),
            message("laporan 1234567 belum juga", kind=Kind.FOLLOW_UP, tracking=("1234567",)),
            [MINE],
            (FollowUp(1234567, "laporan 1234567 belum juga"),),
            "1234567",
            id="a number inside a sentence",
        ),
        pytest.param(
            State(),
            message("laporan 7654321 belum juga", kind=Kind.FOLLOW_UP, tracking=("7654321",)),
            [OTHERS],
            (File(),),
            "",
            id="another's number inside a sentence: a complaint of its own",
        ),
        pytest.param(
            State(tracking=1234567, digest="jalan rusak", digest_at=NOW.isoformat()),
            ROAD_SOMEWHERE,
            [],
            (),
            "sudah tercatat sebagai laporan 1234567",
            id="the same words again within ten minutes",
        ),
        pytest.param(
            State(
                tracking=1234567,
                digest="jalan rusak",
                digest_at=(NOW - timedelta(minutes=11)).isoformat(),
            ),
            ROAD_SOMEWHERE,
            [],
            (File(),),
            "",
            id="the same words later are a new complaint",
        ),
        pytest.param(State(), message("  ", kind=Kind.OTHER), [], (), "kosong", id="empty"),
        pytest.param(State(), message(media=1), [], (), "Tulis apa yang terjadi", id="photo"),
        pytest.param(
            State(tracking=1234567, digest_at=NOW.isoformat()),
            message(media=1),
            [],
            (FollowUp(1234567, ""),),
            "1234567",
            id="a photo right after a complaint belongs to it",
        ),
        pytest.param(
            State(),
            message("test", kind=Kind.OTHER),
            [],
            (),
            "Tulis apa yang terjadi dan di mana",
            id="a word that says nothing",
        ),
        pytest.param(
            State(),
            message("bapak itu selalu begitu terus", kind=Kind.OTHER),
            [],
            (File(),),
            "",
            id="a sentence without a class goes to a person",
        ),
        pytest.param(
            State(tracking=1234567),
            message("jalan rusak berat", edit=True),
            [MINE],
            (FollowUp(1234567, "jalan rusak berat"),),
            "1234567",
            id="an edited message corrects its complaint",
        ),
    ],
)
def test_step(state, said, cases, actions, words) -> None:
    turn = step(state, said, cases, LIMITS)
    assert turn.actions == actions
    if words is None:
        assert turn.say == ()
    else:
        assert words in " ".join(turn.say)


def test_every_turn_answers_or_acts() -> None:
    for kind in Kind:
        for text in ("", "x", "kata yang tidak kami kenal sama sekali"):
            turn = step(State(), message(text, kind=kind), [], LIMITS)
            assert turn.actions or turn.say, (kind, text)


def test_state_survives_the_database() -> None:
    state = State(tracking=1, asked=1, asked_at="2026", loose=(4,), pin=(1.5, 2.5), area="32.73")
    assert State.load(state.dump()) == state
    assert State.load({"from_another_release": 1}) == State()


def test_we_ask_twice_at_most() -> None:
    once = dialogue.after_filing(State(), 1234567, Missing.PLACE, NOW)
    twice = dialogue.ask_again(once, NOW)
    assert twice is not None
    assert twice.asked == 2
    assert dialogue.ask_again(twice, NOW) is None
