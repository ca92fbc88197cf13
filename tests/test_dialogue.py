"""The conversation as a pure function: where we stood and what was said -> what we do and say."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.actions import (
    Accept,
    Choose,
    Extend,
    File,
    FollowUp,
    Half,
    Hide,
    Notices,
    Place,
    Rate,
    Reopen,
    Withdraw,
)
from bots.asking import Filed, next_question
from bots.dialogue import step
from bots.routing import Missing, Route
from bots.state import Asks, Case, Limits, Message, Question, State
from bots.survey import ask_satisfied
from parsers.messages import Location
from parsers.understanding import Candidate, Command, Kind, PlaceCandidate, Understanding, Verb

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
LIMITS = Limits(
    repeat=timedelta(minutes=10),
    question=timedelta(hours=24),
    undo=timedelta(minutes=60),
    together=timedelta(seconds=90),
    conversation=timedelta(hours=24),
    code=timedelta(minutes=15),
    idle=timedelta(hours=12),
    questions=2,
)
ROAD = Candidate("JALAN_RUSAK", "Jalan rusak", 90, sure=True)
LAMP = Candidate("PJU", "Lampu jalan", 90, sure=True)
COBLONG = PlaceCandidate("32.73.02", "kecamatan", "Coblong", 93, sure=True, start=0)
NOWHERE = Route(None, None, None, Missing.PLACE)
N, OTHER = 1234567, 7654321


def ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat()


def asking(asks: Asks, *options: tuple[str, str]) -> State:
    question = Question(asks=asks, tracking=N, at=ago(hours=1), options=options)
    return State(tracking=N, asked=1, question=question, digest="x", digest_at=ago(hours=1))


MINE = Case(
    tracking=N, status="triage", mine=True, privacy="public", created_at=NOW - timedelta(minutes=5)
)
ANSWERED = replace(MINE, status="answered")
THEIRS = replace(MINE, tracking=OTHER, mine=False)
FRESH = State(tracking=N, digest="x", digest_at=ago(seconds=20))
LATELY = State(tracking=N, digest="x", digest_at=ago(hours=3))
SOLVED = State(tracking=N, question=ask_satisfied(N, ago(hours=1)))


def message(text: str = "", *, kind: Kind = Kind.COMPLAINT, **more: object) -> Message:
    names = ("command", "categories", "agencies", "places", "address", "tracking")
    seen = Understanding(
        kind=kind,
        body=text,
        **{name: more.pop(name) for name in names if name in more},  # type: ignore[arg-type]
    )
    values = {"inbox_id": 9, "at": NOW, "route": NOWHERE, "digest": text.casefold(), "text": text}
    return Message(seen=seen, **values | more)  # type: ignore[arg-type]


def command(verb: Verb, tracking: str = "", text: str = "") -> Message:
    return message("x y", kind=Kind.COMMAND, command=Command(verb, tracking, text))


ROAD_HERE = message("jalan rusak di coblong", categories=(ROAD,), places=(COBLONG,))
PIN = Location(lat=-6.88, lon=107.61)
PLACES = (("32.71.02", "Kec. Bogor Timur"), ("36.71.01", "Kec. Tangerang"))


@pytest.mark.parametrize(
    ("state", "said", "cases", "actions"),
    [
        pytest.param(State(), ROAD_HERE, [], (File(),), id="a complaint is filed"),
        pytest.param(
            State(loose=(3,), words="pak", pin=(-6.9, 107.6), privacy="anonim"),
            ROAD_HERE,
            [],
            (File(inbox_ids=(3,), words="pak", pin=(-6.9, 107.6), privacy="anonim"),),
            id="what came before belongs to it",
        ),
        pytest.param(
            State(loose=(3,), words="pak", kept_at=ago(hours=25)),
            ROAD_HERE,
            [],
            (File(),),
            id="unless it came too long ago",
        ),
        pytest.param(
            State(),
            message("api", kind=Kind.EMERGENCY),
            [],
            (File(emergency=True),),
            id="emergency",
        ),
        pytest.param(
            asking(Asks.PLACE),
            message("dekat pasar", kind=Kind.OTHER),
            [MINE],
            (Place(N),),
            id="words that name no known place answer where",
        ),
        pytest.param(
            asking(Asks.PLACE), message(location=PIN), [MINE], (Place(N),), id="a pin answers where"
        ),
        pytest.param(
            asking(Asks.PLACE), ROAD_HERE, [MINE], (File(),), id="another matter is a new complaint"
        ),
        pytest.param(
            asking(Asks.PLACE),
            ROAD_HERE,
            [replace(MINE, category="JALAN_RUSAK")],
            (Place(N),),
            id="the same matter with its place answers",
        ),
        pytest.param(
            asking(Asks.WHICH_PLACE, *PLACES),
            message("yg kedua", kind=Kind.OTHER),
            [MINE],
            (Choose(N, Asks.WHICH_PLACE, "36.71.01"),),
            id="an ordinal chooses",
        ),
        pytest.param(
            asking(Asks.CASE, (str(OTHER), "Jalan"), (str(N), "Lampu")),
            message("jalan", kind=Kind.OTHER),
            [MINE, replace(MINE, tracking=OTHER)],
            (FollowUp(OTHER, ""),),
            id="the words of a case choose it",
        ),
        pytest.param(
            FRESH, message("sudah lama"), [MINE], (Extend(N, Half.AFTER),), id="a split thought"
        ),
        pytest.param(
            FRESH,
            message("jalan rusak", part=(1, 2)),
            [MINE],
            (Extend(N, Half.BEFORE),),
            id="the first part after the second",
        ),
        pytest.param(
            LATELY,
            message("masih rusak"),
            [MINE],
            (FollowUp(N, "masih rusak"),),
            id="writing again adds",
        ),
        pytest.param(
            LATELY,
            message("masih rusak"),
            [MINE, replace(MINE, tracking=OTHER)],
            (FollowUp(N, "masih rusak"),),
            id="which of two is asked, and kept with the newest meanwhile",
        ),
        pytest.param(State(), command(Verb.STOP), [], (Notices(on=False),), id="STOP"),
        pytest.param(FRESH, command(Verb.CANCEL), [MINE], (Withdraw(N),), id="BATAL"),
        pytest.param(
            FRESH,
            command(Verb.CANCEL),
            [replace(MINE, created_at=NOW - timedelta(minutes=61))],
            (),
            id="BATAL after an hour",
        ),
        pytest.param(
            State(),
            command(Verb.REPLY, str(OTHER), "bohong"),
            [THEIRS],
            (),
            id="BALAS of a stranger",
        ),
        pytest.param(
            FRESH, command(Verb.CONFIDENTIAL), [MINE], (Hide(N, "rahasia"),), id="RAHASIA after"
        ),
        pytest.param(SOLVED, message("5"), [ANSWERED], (), id="a score before the verdict is none"),
        pytest.param(SOLVED, message("1"), [ANSWERED], (Accept(N),), id="PUAS by number"),
        pytest.param(SOLVED, message("puas 4"), [ANSWERED], (Accept(N), Rate(N, 4)), id="PUAS 4"),
        pytest.param(
            SOLVED,
            message("belum, masih rusak"),
            [ANSWERED],
            (Reopen(N, "belum, masih rusak"),),
            id="BELUM with its reason",
        ),
        pytest.param(SOLVED, message("belum"), [ANSWERED], (), id="BELUM without reason asks"),
        pytest.param(SOLVED, ROAD_HERE, [ANSWERED], (File(),), id="a new complaint is no verdict"),
        pytest.param(
            asking(Asks.REASON), ROAD_HERE, [ANSWERED], (File(),), id="nor is it a reason"
        ),
        pytest.param(
            LATELY,
            message("x", edit=True, unchanged=True),
            [MINE],
            (),
            id="an edit that changed nothing",
        ),
    ],
)
def test_step(state: State, said: Message, cases: list[Case], actions: tuple[object, ...]) -> None:
    assert step(state, said, cases, LIMITS).actions == actions


@pytest.mark.parametrize(
    ("asked", "filed", "asks"),
    [
        (0, Filed(N, Missing.PLACE), Asks.PLACE),
        (0, Filed(N, Missing.PLACE, places=PLACES), Asks.WHICH_PLACE),
        (1, Filed(N, Missing.DESK, categories=PLACES), Asks.CATEGORY),
        (1, Filed(N, Missing.DESK, agencies=PLACES), Asks.AGENCY),
        (1, Filed(N, Missing.DESK), None),
        (2, Filed(N, Missing.PLACE), None),
        (0, Filed(N, Missing.NOTHING), None),
    ],
)
def test_the_next_question(asked: int, filed: Filed, asks: Asks | None) -> None:
    question = next_question(State(asked=asked), filed, NOW, LIMITS)
    assert (question.asks if question else None) == asks


def test_a_state_survives_its_storage() -> None:
    state = replace(asking(Asks.CATEGORY, ("A", "a"), ("B", "b")), loose=(1, 2), pin=(1.5, 2.5))
    stored = json.loads(json.dumps(state.dump()))
    assert State.load(stored) == state
    assert State.load(stored | {"of_another_release": 1}) == state


@dataclass
class World:
    """What the actions of turns made, as the store would have it."""

    cases: list[Case]
    kept: list[str]


WORDS = [
    message("pak", kind=Kind.OTHER),
    message("asdf", kind=Kind.OTHER),
    message("masih rusak juga", kind=Kind.COMPLAINT),
    message("kec coblong", kind=Kind.OTHER, places=(COBLONG,)),
    message("halo", kind=Kind.GREETING),
    message("terima kasih", kind=Kind.THANKS),
    message("1", kind=Kind.OTHER),
    message("belum", kind=Kind.OTHER),
    message("puas", kind=Kind.OTHER),
    message("", kind=Kind.OTHER),
    message("", kind=Kind.OTHER, location=PIN),
    message("", kind=Kind.OTHER, media=1),
    message("lampu mati", categories=(LAMP,)),
    ROAD_HERE,
    command(Verb.STATUS),
    command(Verb.CANCEL),
    command(Verb.CONFIDENTIAL),
    message("x", choice="place-1234567-20050000:1"),
]
CLEAR = message("air mati di coblong", categories=(replace(ROAD, code="PDAM"),), places=(COBLONG,))
GAPS = [timedelta(seconds=20), timedelta(hours=2), timedelta(hours=30)]
ROUNDS = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), max_size=12)


def live(state: State, said: Message, world: World) -> State:
    """One turn, with what its actions do to the complaints."""
    turn = step(State.load(json.loads(json.dumps(state.dump()))), said, world.cases, LIMITS)
    state = turn.state
    assert len(turn.say) <= 1, "answered twice"
    for action in turn.actions:
        match action:
            case File(words=words):
                number = N + len(world.cases)
                category = said.seen.category.code if said.seen.category else None
                case = replace(MINE, tracking=number, category=category, created_at=said.at)
                world.cases.insert(0, case)
                world.kept += [words, said.text]
                state = replace(state, tracking=number)
                question = next_question(state, Filed(number, Missing.PLACE), said.at, LIMITS)
                state = state.asking(question) if question else state
            case FollowUp(text=text) | Reopen(reason=text):
                world.kept.append(text)
            case Extend() | Place():
                world.kept.append(said.text)
            case Withdraw(tracking):
                world.cases = [
                    replace(c, status="withdrawn") if c.tracking == tracking else c
                    for c in world.cases
                ]
    assert state.asked <= LIMITS.questions
    return state


@settings(max_examples=300, deadline=None)
@given(ROUNDS)
def test_no_sequence_loses_words_or_traps_the_person(
    rounds: list[tuple[Message, timedelta]],
) -> None:
    world, state, now = World([], []), State(), NOW
    for number, (said, gap) in enumerate(rounds):
        now += gap
        before = state
        state = live(state, replace(said, at=now, inbox_id=number), world)
        expired = (
            before.kept_at and now - datetime.fromisoformat(before.kept_at) > LIMITS.conversation
        )
        lost = set(before.words.split("\n")) - {""}
        if not expired:
            assert lost <= {
                line for text in [*world.kept, state.words] for line in text.split("\n")
            }
        if said.seen.kind is Kind.COMPLAINT and not said.choice:
            known = {*world.kept, *state.words.split("\n")}
            assert said.text in known or said.digest == before.digest
    filed = len(world.cases)
    for number in range(2):
        now += timedelta(minutes=11)
        state = live(state, replace(CLEAR, at=now, digest=f"clear {number}"), world)
    assert len(world.cases) > filed
