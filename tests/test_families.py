"""Families: proposed, linked under one head, never dropped; bursts; two at once."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from io import BytesIO
from time import monotonic
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from sqlalchemy import event as sa_event
from sqlmodel import Session, select

from bots.families import relate
from bots.family_rules import FamilyRules
from bots.reader import Reader
from bots.sketch import Sketcher, sketcher
from gateway import media
from gateway.api import present
from gateway.cli import cli
from gateway.families import relate_new
from gateway.runtime import Runtime
from gateway.settings import Settings
from store import attachments, complaints, inbox
from store.agency_models import Clue, FamilyStatus, Similar
from store.attachments import Kept
from store.families import families
from store.families.families import Unfit
from store.families.similar import Proposal, propose
from store.families.spots import load_spot_words
from store.learning import corrections
from store.learning.corrections import Tally
from store.models import (
    Attachment,
    AttachmentStatus,
    AuditRow,
    Complaint,
    ComplaintStatus,
    Conversation,
    Event,
    Person,
    Privacy,
)
from tests.harness import NOON, at_once, envelope, rows

PHOTO, SAME_PHOTO, OTHER_PHOTO = "f0e1d2c3b4a59687", "f0e1d2c3b4a59680", "0f1e2d3c4b5a6978"
LAMP = "Lampu jalan mati di Jl Mawar depan masjid Al Ikhlas, gelap sekali kalau malam"
LAMP_TOO = "PJU jl mawar dkt mesjid al ikhlas padam udah 3 malam mohon diperbaiki"
DAGO, COBLONG, BANDUNG = "32.73.02.1004", "32.73.02", "32.73"


@pytest.fixture
def rules(settings: Settings) -> FamilyRules:
    return settings.families.rules


@pytest.fixture(scope="module")
def sketches(reader: Reader) -> Sketcher:
    return sketcher(reader.understander, reader.gazetteer, load_spot_words())


@dataclasses.dataclass
class Cabinet:
    """A database of complaints that a test files as it likes, and compares."""

    rt: Runtime
    sketches: Sketcher
    rules: FamilyRules
    drawn: "itertools.count[int]" = dataclasses.field(default_factory=lambda: itertools.count(1))

    def file(self, text: str = LAMP, **given: Any) -> int:
        """A complaint of a new person, by its tracking number."""
        return self.file_all([{"text": text, **given}])[0]

    def file_all(self, given: Sequence[dict[str, Any]]) -> list[int]:
        with self.rt.transaction() as session:
            return [self._add(session, next(self.drawn), **values) for values in given]

    def _add(self, session: Session, number: int, *, text: str, **given: Any) -> int:
        sender = given.pop("sender", f"+62812{number:08d}")
        photos = list(itertools.zip_longest(given.pop("pictures", ()), given.pop("digests", ())))
        at = given.pop("at", NOON) + timedelta(microseconds=number)
        people = complaints.conversations(session, [("sms", sender)])
        person = people.get(("sms", sender)) or complaints.new_conversation("sms", sender, at)
        values: dict[str, Any] = {
            "tracking": 1_000_000 + number,
            "text": text,
            "headline": text[:60],
            "kind": "complaint",
            "category": "PJU",
            "place": COBLONG,
            "address": "Jalan Mawar",
            "agency": "DISHUB@32.73",
            "status": ComplaintStatus.DISPOSED,
            "deadline": date(2026, 12, 11),
            "created_at": at,
            "updated_at": at,
        }
        complaint = Complaint(**values | given, conversation=person)
        session.add(complaint)
        session.flush()
        if photos:
            inbox.record(session, [envelope(number, sender=sender)], now=NOON)
        for position, (picture, digest) in enumerate(photos):
            row = inbox.find(session, "sms", f"id-{number}")
            assert row is not None
            session.add(
                Attachment(
                    inbox_id=row.key,
                    complaint_id=complaint.key,
                    position=position,
                    ref="x",
                    status=AttachmentStatus.STORED,
                    digest=digest or f"digest of {number}",
                    picture=picture or "",
                    due_at=at,
                )
            )
        return complaint.tracking

    def relate(self, now: datetime = NOON, *, limit: int = 50) -> int:
        with self.rt.transaction() as session:
            return relate(session, self.sketches, self.rules, now=now, limit=limit)

    def get(self, number: int) -> Complaint:
        with self.rt.reading() as session:
            found = complaints.by_tracking(session, number)
        assert found is not None
        return found

    def do(self, what: Callable[..., Any], *numbers: int, **more: Any) -> Any:
        """One of the functions of store.families, in a transaction of its own."""
        with self.rt.transaction() as session:
            found = [complaints.by_tracking(session, number) for number in numbers]
            return what(session, *found, actor=more.pop("actor", "rina"), now=NOON, **more)

    def heads(self) -> dict[int, int | None]:
        """Of every complaint the number of its head."""
        found = rows(self.rt, Complaint)
        numbers = {row.id: row.tracking for row in found}
        return {row.tracking: numbers.get(row.parent_id) for row in found}

    def pairs(self) -> list[tuple[int, int, str]]:
        numbers = {row.id: row.tracking for row in rows(self.rt, Complaint)}
        return [
            (numbers[row.complaint_id], numbers[row.other_id], row.status)
            for row in rows(self.rt, Similar)
        ]

    def events(self, number: int) -> list[tuple[str, Any]]:
        with self.rt.reading() as session:
            found = complaints.history(session, self.get(number).key)
        told = [row for row in found if row.kind != "corrected"]
        return [(row.kind, row.detail.get("tracking", row.detail)) for row in told]

    def corrections(self) -> list[tuple[int, dict[str, Any]]]:
        """Of all complaints, by their numbers."""
        numbers = {row.id: row.tracking for row in rows(self.rt, Complaint)}
        found = [row for row in rows(self.rt, Event) if row.kind == "corrected"]
        return [(numbers[row.complaint_id], row.detail) for row in found]


@pytest.fixture
def cabinet(runtime: Runtime, sketches: Sketcher, rules: FamilyRules) -> Cabinet:
    return Cabinet(runtime, sketches, rules)


# --- proposals -----------------------------------------------------------------------------------


def test_the_same_spot_by_two_people_is_proposed_once_with_its_reasons(cabinet: Cabinet):
    first = cabinet.file(LAMP)
    second = cabinet.file(LAMP_TOO, at=NOON + timedelta(hours=30))
    assert cabinet.relate(NOON + timedelta(hours=31)) == 2
    assert cabinet.relate(NOON + timedelta(hours=31)) == 0
    (row,) = rows(cabinet.rt, Similar)
    assert cabinet.pairs() == [(second, first, "proposed")]
    assert row.score >= 50
    assert set(row.reasons) >= {"same_topic", "same_place", "same_address"}
    assert cabinet.heads() == {first: None, second: None}, "nobody is linked without a person"


def test_what_is_compared_twice_is_proposed_once(cabinet: Cabinet):
    first, second = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    cabinet.relate()
    with cabinet.rt.transaction() as session:
        for row in session.exec(select(Complaint)):
            families.look_again(row)
    assert cabinet.relate() == 2
    assert cabinet.pairs() == [(second, first, "proposed")]
    names = [(row.complaint_id, row.name) for row in rows(cabinet.rt, Clue)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"category": "SAMPAH"}, id="another topic"),
        pytest.param({"place": "32.73.03"}, id="another kecamatan"),
        pytest.param({"place": "32.73.02.1001", "mine": "32.73.02.1004"}, id="another kelurahan"),
        pytest.param({"privacy": Privacy.CONFIDENTIAL}, id="secret"),
        pytest.param({"status": ComplaintStatus.WITHDRAWN}, id="withdrawn"),
        pytest.param({"at": NOON - timedelta(days=91)}, id="open, but long ago"),
        pytest.param(
            {"at": NOON - timedelta(days=15), "status": ComplaintStatus.CLOSED},
            id="closed, and not lately",
        ),
        pytest.param(
            {"text": "lampu jalan jl melati mati, gelap", "address": "Jalan Melati"},
            id="another street",
        ),
        pytest.param(
            {"text": "lampu jalan mati", "address": None, "place": BANDUNG, "mine": BANDUNG},
            id="only the kabupaten in common",
        ),
    ],
)
def test_another_matter_is_not_proposed(cabinet: Cabinet, other: dict[str, Any]):
    first = {"text": LAMP} | other
    mine = first.pop("mine", COBLONG)
    cabinet.file(**first)
    cabinet.file(LAMP_TOO, place=mine)
    cabinet.relate()
    cabinet.relate()
    assert cabinet.pairs() == []


@pytest.mark.parametrize(
    ("days", "status", "proposed"),
    [
        (13, ComplaintStatus.CLOSED, True),
        (15, ComplaintStatus.CLOSED, False),
        (60, ComplaintStatus.IN_PROGRESS, True),
        (91, ComplaintStatus.IN_PROGRESS, False),
    ],
)
def test_the_window_is_longer_for_an_open_case(
    cabinet: Cabinet, days: int, status: ComplaintStatus, *, proposed: bool
):
    cabinet.file(LAMP, at=NOON - timedelta(days=days), status=status)
    cabinet.relate(NOON - timedelta(days=days))
    cabinet.file(LAMP_TOO)
    cabinet.relate()
    assert bool(cabinet.pairs()) == proposed


def test_a_repeat_of_the_same_person_after_the_closing_says_so(cabinet: Cabinet):
    cabinet.file(
        LAMP, sender="+62812000077", at=NOON - timedelta(days=40), status=ComplaintStatus.CLOSED
    )
    cabinet.file(
        "lampu jalan di coblong yang dulu saya lapor mati lagi", sender="+62812000077", address=None
    )
    cabinet.relate()
    (row,) = rows(cabinet.rt, Similar)
    assert "same_reporter" in row.reasons


def test_two_channels_of_one_person_are_one_reporter(cabinet: Cabinet):
    one = cabinet.file(LAMP, at=NOON - timedelta(days=40), status=ComplaintStatus.CLOSED)
    two = cabinet.file("lampu jalan di coblong mati lagi", address=None)
    with cabinet.rt.transaction() as session:
        person = Person(created_at=NOON)
        session.add(person)
        session.flush()
        for row in session.exec(select(Conversation)):
            row.person_id = person.key
    cabinet.relate()
    assert cabinet.pairs() == [(two, one, "proposed")]


@pytest.mark.parametrize(
    ("one", "two", "proposed"),
    [
        ({"pictures": [PHOTO]}, {"pictures": [SAME_PHOTO]}, True),
        ({"pictures": [PHOTO]}, {"pictures": [OTHER_PHOTO]}, False),
        ({"digests": ["abc"]}, {"digests": ["abc"]}, True),
        ({"lat": -6.88, "lon": 107.613}, {"lat": -6.8809, "lon": 107.613}, True),  # 100 m
        ({"lat": -6.88, "lon": 107.613}, {"lat": -6.8821, "lon": 107.613}, False),  # 234 m
    ],
)
def test_photos_and_pins_tell_more_than_words(
    cabinet: Cabinet, one: dict[str, Any], two: dict[str, Any], *, proposed: bool
):
    cabinet.file("lampunya mati", address=None, place=None, **one)
    cabinet.file("gelap gulita pak", address=None, place=None, **two)
    cabinet.relate()
    assert bool(cabinet.pairs()) == proposed


def test_a_photo_that_comes_later_has_its_complaint_compared_again(cabinet: Cabinet):
    first = cabinet.file("lampunya mati", address=None, place=None, pictures=[PHOTO])
    second = cabinet.file("gelap gulita pak", address=None, place=None, pictures=[""])
    cabinet.relate()
    assert cabinet.pairs() == []
    with cabinet.rt.transaction() as session:
        row = session.exec(select(Attachment).where(Attachment.picture == "")).one()
        row.status, row.claim = AttachmentStatus.WAITING, "mine"
        session.flush()
        kept = Kept(digest="d", size=1, content_type="image/jpeg", picture=SAME_PHOTO)
        assert attachments.keep(session, row.key, kept, token="mine")
    assert cabinet.relate() == 1
    assert cabinet.pairs() == [(second, first, "proposed")]


def test_an_older_complaint_that_is_compared_last_finds_the_newer_one(cabinet: Cabinet):
    second = cabinet.file(LAMP_TOO, at=NOON + timedelta(hours=1))
    first = cabinet.file(LAMP)
    assert [cabinet.relate(limit=1), cabinet.relate(limit=1)] == [1, 1]
    assert cabinet.pairs() == [(second, first, "proposed")]


def test_a_family_is_proposed_once_not_for_each_member(cabinet: Cabinet):
    first, second = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    cabinet.do(families.link, second, first)
    third = cabinet.file("lampu PJU jl mawar dpn masjid al ikhlas mati")
    cabinet.relate()
    assert len([pair for pair in cabinet.pairs() if third in pair]) == 1


def test_clues_are_forgotten_when_nothing_can_be_compared_with_them(cabinet: Cabinet):
    cabinet.file(LAMP, at=NOON - timedelta(days=89))
    cabinet.relate()
    assert rows(cabinet.rt, Clue) != []
    cabinet.relate(NOON + timedelta(days=2))
    assert rows(cabinet.rt, Clue) == []


def test_an_import_of_the_past_is_passed_over(cabinet: Cabinet):
    cabinet.file(LAMP, at=NOON - timedelta(days=400))
    cabinet.file(LAMP_TOO, at=NOON - timedelta(days=400))
    assert cabinet.relate() == 2
    assert cabinet.relate() == 0
    assert cabinet.pairs() == []
    assert rows(cabinet.rt, Clue) == []


def photo(size: int, *, turned: bool = False, blank: bool = False) -> bytes:
    """A picture of a few bright spots on the dark, or of nothing."""
    picture = Image.new("RGB", (64, 64), (20, 20, 30))
    for at in () if blank else ((8, 8), (40, 12), (20, 44), (50, 50)):
        picture.paste((230, 220, 90), (*at, at[0] + 10, at[1] + 9))
    picture = picture.transpose(Image.Transpose.ROTATE_90) if turned else picture
    out = BytesIO()
    picture.resize((size, size)).save(out, "JPEG", quality=60 if size > 300 else 92)
    return out.getvalue()


def seen(content: bytes) -> str:
    return media.clean(content, "image/jpeg", types=("image/jpeg",), max_pixels=10_000_000).picture


def test_a_photo_is_known_again_in_another_size_and_a_dark_one_is_like_no_other():
    large, small, other = seen(photo(640)), seen(photo(200)), seen(photo(640, turned=True))
    assert len(large) == 16
    assert (int(large, 16) ^ int(small, 16)).bit_count() <= 6
    assert (int(large, 16) ^ int(other, 16)).bit_count() > 6
    assert seen(photo(640, blank=True)) == ""


# --- linked, unlinked, refused -------------------------------------------------------------------


def test_a_link_has_one_level_and_an_event_on_both_sides(cabinet: Cabinet):
    a, b, c = (cabinet.file() for _ in range(3))
    assert cabinet.do(families.link, b, a) is True
    assert cabinet.do(families.link, c, b) is True, "to a member: under its head"
    assert cabinet.do(families.link, c, a) is False, "it is there already"
    assert cabinet.heads() == {a: None, b: a, c: a}
    assert cabinet.events(a) == [("linked", b), ("linked", c)]
    assert cabinet.events(b) == [("linked", a)]
    assert {row.actor for row in rows(cabinet.rt, Event)} == {"rina"}


def test_a_head_brings_its_members_along(cabinet: Cabinet):
    a, b, c, d = (cabinet.file() for _ in range(4))
    cabinet.do(families.link, b, a)
    cabinet.do(families.link, c, a)
    cabinet.do(families.link, a, d)
    assert cabinet.heads() == {a: d, b: d, c: d, d: None}


def test_a_head_cannot_be_put_under_its_own_member(cabinet: Cabinet):
    a, b = cabinet.file(), cabinet.file()
    cabinet.do(families.link, b, a)
    assert cabinet.do(families.link, a, b) is False
    assert cabinet.heads() == {a: None, b: a}


def test_a_member_moves_alone_to_another_family(cabinet: Cabinet):
    a, b, c, d = (cabinet.file() for _ in range(4))
    cabinet.do(families.link, b, a)
    cabinet.do(families.link, c, a)
    cabinet.do(families.link, b, d)
    assert cabinet.heads() == {a: None, b: d, c: a, d: None}
    assert cabinet.events(b) == [("linked", a), ("unlinked", a), ("linked", d)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"privacy": Privacy.CONFIDENTIAL}, "confidential"),
        ({"status": ComplaintStatus.WITHDRAWN}, "withdrawn"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_secret_or_withdrawn_complaint_is_never_linked(
    cabinet: Cabinet, given: dict[str, Any], words: str, *, turned: bool
):
    pair = [cabinet.file(**given), cabinet.file()]
    with pytest.raises(Unfit, match=words):
        cabinet.do(families.link, *(reversed(pair) if turned else pair))
    assert set(cabinet.heads().values()) == {None}
    assert rows(cabinet.rt, Event) == []


def test_nothing_is_linked_with_itself(cabinet: Cabinet):
    a = cabinet.file()
    with pytest.raises(Unfit, match="same complaint"):
        cabinet.do(families.link, a, a)


def test_who_was_unlinked_is_not_proposed_again(cabinet: Cabinet):
    a, b = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    cabinet.relate()
    cabinet.do(families.link, b, a)
    assert cabinet.pairs() == [(b, a, "linked")]
    cabinet.do(families.unlink, b)
    assert cabinet.heads() == {a: None, b: None}
    assert cabinet.events(b) == [("linked", a), ("unlinked", a)]
    assert cabinet.events(a) == [("linked", b), ("unlinked", b)]
    with cabinet.rt.transaction() as session:
        for row in session.exec(select(Complaint)):
            families.look_again(row)
    cabinet.relate()
    assert cabinet.pairs() == [(b, a, "refused")]
    with pytest.raises(Unfit, match="no member"):
        cabinet.do(families.unlink, b)


def test_what_was_refused_of_one_is_refused_of_its_family(cabinet: Cabinet):
    a, b = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    cabinet.do(families.link, b, a)
    c = cabinet.file("lampu PJU jl mawar dpn masjid al ikhlas mati")
    cabinet.relate()
    cabinet.do(families.refuse, c, a)
    assert {pair[2] for pair in cabinet.pairs() if c in pair} == {"refused"}
    with cabinet.rt.transaction() as session:
        for row in session.exec(select(Complaint)):
            families.look_again(row)
    cabinet.relate()
    assert {pair[2] for pair in cabinet.pairs() if c in pair} == {"refused"}
    with pytest.raises(Unfit, match="one family"):
        cabinet.do(families.refuse, a, b)


def test_a_decision_keeps_score_and_reasons_of_the_proposal(cabinet: Cabinet):
    a, b = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    cabinet.relate()
    (before,) = rows(cabinet.rt, Similar)
    cabinet.do(families.refuse, a, b)
    (after,) = rows(cabinet.rt, Similar)
    assert (after.score, after.reasons) == (before.score, before.reasons)
    assert (after.status, after.actor) == (FamilyStatus.REFUSED, "rina")


def test_the_members_of_a_head_that_leaves_go_on_under_the_oldest(cabinet: Cabinet):
    a, b, c, d = (cabinet.file() for _ in range(4))
    for number in (b, c, d):
        cabinet.do(families.link, number, a)
    cabinet.do(families.leave, a)
    assert cabinet.heads() == {a: None, b: None, c: b, d: b}
    cabinet.do(families.leave, c)
    assert cabinet.heads() == {a: None, b: None, c: None, d: b}
    cabinet.do(families.leave, b)
    assert set(cabinet.heads().values()) == {None}
    assert cabinet.events(d)[-1] == ("unlinked", b)


def test_each_decision_on_a_pair_is_a_correction_that_stays(cabinet: Cabinet):
    a, b = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    c = cabinet.file("jalan berlubang", category="JALAN_RUSAK", place="32.73.03", address=None)
    cabinet.relate()
    (proposed,) = rows(cabinet.rt, Similar)
    for _ in range(2):
        cabinet.do(families.link, b, a)
    cabinet.do(families.unlink, b)
    for _ in range(2):
        cabinet.do(families.refuse, a, c)
    first, second, third = cabinet.corrections()
    why = {"likeness": proposed.score, "reasons": proposed.reasons}
    pair = {"field": "duplicate", "tracking": a}
    assert first == (b, pair | why | {"was": "proposed", "now": "linked"})
    assert second == (b, pair | why | {"was": "linked", "now": "refused"})
    assert third == (c, pair | {"was": None, "now": "refused"})
    with cabinet.rt.reading() as session:
        assert corrections.count_decided(session, since=None) == 0, "nobody judged topic or place"
        assert corrections.duplicates(session, since=None) == Tally(of=1)


def test_a_program_sees_that_a_pair_was_decided_and_not_of_which_other(cabinet: Cabinet):
    a, b = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    cabinet.do(families.link, b, a)
    shown = [present.event(row) for row in rows(cabinet.rt, Event)]
    (corrected,) = [event.detail for event in shown if event.kind == "corrected"]
    assert corrected == {"field": "duplicate", "was": None, "now": "linked"}
    assert str(a) not in " ".join(event.model_dump_json() for event in shown)


Refusal = Callable[[Cabinet, int, int, int], None]


def refuse_head(cabinet: Cabinet, other: int, head: int, _: int) -> None:
    cabinet.do(families.refuse, other, head)


def refuse_member(cabinet: Cabinet, other: int, _: int, member: int) -> None:
    cabinet.do(families.refuse, other, member)


def take_out(cabinet: Cabinet, other: int, head: int, _: int) -> None:
    cabinet.do(families.link, other, head)
    cabinet.do(families.unlink, other)


@pytest.mark.parametrize("refuse", [refuse_head, refuse_member, take_out])
@pytest.mark.parametrize("leaves", ["nobody", "head", "member"])
@pytest.mark.parametrize("way", ["burst", "proposal"])
def test_what_was_refused_stays_so_whoever_leads_or_leaves(
    cabinet: Cabinet, refuse: Refusal, leaves: str, way: str
):
    first, second, third, other = (cabinet.file(category="LISTRIK") for _ in range(4))
    for number in (second, third):
        cabinet.do(families.link, number, first)
    refuse(cabinet, other, first, second)
    if leaves != "nobody":
        gone = first if leaves == "head" else second
        cabinet.do(families.leave, gone)
        with cabinet.rt.transaction() as session:
            row = complaints.by_tracking(session, gone)
            assert row is not None
            row.status = ComplaintStatus.ARCHIVED
    if way == "burst":
        flood(cabinet, 4, at=NOON + timedelta(minutes=1))
    cabinet.relate()
    assert cabinet.heads()[other] is None
    assert [pair for pair in cabinet.pairs() if other in pair and pair[2] == "proposed"] == []


# --- members -------------------------------------------------------------------------------------


def test_a_complaint_without_family_is_its_own(cabinet: Cabinet):
    a = cabinet.file()
    with cabinet.rt.reading() as session:
        assert [row.tracking for row in families.members(session, cabinet.get(a))] == [a]


def test_the_family_of_a_member_begins_with_its_head(cabinet: Cabinet):
    a, b, c = (cabinet.file() for _ in range(3))
    cabinet.do(families.link, a, c)
    cabinet.do(families.link, b, c)
    with cabinet.rt.reading() as session:
        found = families.members(session, cabinet.get(b))
    assert [row.tracking for row in found] == [c, a, b]


# --- bursts --------------------------------------------------------------------------------------


def flood(
    cabinet: Cabinet, count: int, *, every: timedelta = timedelta(minutes=1), **given: Any
) -> list[int]:
    """Complaints about a blackout in one kecamatan, each in other words, without an address."""
    start = given.pop("at", NOON)
    common = {"category": "LISTRIK", "address": None} | given
    return cabinet.file_all(
        [
            {
                "text": f"listrik padam di tempat kami sejak tadi {number}",
                "at": start + number * every,
                **common,
            }
            for number in range(count)
        ]
    )


def bursts(cabinet: Cabinet, number: int) -> list[int]:
    return [detail["count"] for kind, detail in cabinet.events(number) if kind == "burst"]


def test_five_within_an_hour_cluster_under_the_first_and_officers_are_told_once(cabinet: Cabinet):
    first, *rest = flood(cabinet, 4, every=timedelta(minutes=14))
    cabinet.relate()
    assert set(cabinet.heads().values()) == {None}
    fifth = cabinet.file("listrik mati", category="LISTRIK", at=NOON + timedelta(minutes=59))
    cabinet.relate()
    cabinet.relate()
    assert cabinet.heads() == {first: None, **dict.fromkeys([*rest, fifth], first)}
    assert cabinet.events(first) == [("burst", {"count": 5, "agencies": ["DISHUB@32.73"]})]
    assert cabinet.events(fifth) == [("linked", first)]
    assert {row.status for row in rows(cabinet.rt, Complaint)} == {"disposed"}


def test_five_in_more_than_an_hour_are_no_burst(cabinet: Cabinet):
    flood(cabinet, 5, every=timedelta(minutes=16))
    cabinet.relate()
    assert set(cabinet.heads().values()) == {None}


@pytest.mark.parametrize(
    "other",
    [
        {"category": "PDAM"},
        {"place": "32.73.03"},
        {"place": BANDUNG},
        {"place": "32"},
        {"kind": "information_request"},
        {"privacy": Privacy.CONFIDENTIAL},
        {"status": ComplaintStatus.WITHDRAWN},
    ],
)
def test_another_topic_area_or_kind_does_not_count(cabinet: Cabinet, other: dict[str, Any]):
    flood(cabinet, 4)
    flood(cabinet, 4, **other)
    cabinet.relate()
    assert set(cabinet.heads().values()) == {None}


def test_complaints_told_of_a_kabupaten_only_are_a_burst_of_it(cabinet: Cabinet):
    first, *rest = flood(cabinet, 5, place=BANDUNG)
    cabinet.relate()
    assert cabinet.heads() == {first: None, **dict.fromkeys(rest, first)}


def test_a_secret_complaint_stays_out_of_a_burst(cabinet: Cabinet):
    secret = flood(cabinet, 1, privacy=Privacy.CONFIDENTIAL)[0]
    first, *rest = flood(cabinet, 6)
    cabinet.relate()
    assert cabinet.heads() == {secret: None, first: None, **dict.fromkeys(rest, first)}


def test_a_burst_that_goes_on_grows_under_the_same_head(cabinet: Cabinet):
    first, *rest = flood(cabinet, 30, every=timedelta(minutes=10))
    cabinet.relate(NOON + timedelta(hours=6), limit=30)
    late = flood(cabinet, 10, at=NOON + timedelta(hours=5), every=timedelta(minutes=10))
    cabinet.relate(NOON + timedelta(hours=8))
    assert cabinet.heads() == {first: None, **dict.fromkeys([*rest, *late], first)}


def test_an_older_complaint_of_a_burst_that_is_compared_late_joins_it(cabinet: Cabinet):
    oldest = flood(cabinet, 1)[0]
    with cabinet.rt.transaction() as session:
        row = complaints.by_tracking(session, oldest)
        assert row is not None
        row.compared = True
    first, *rest = flood(cabinet, 5, at=NOON + timedelta(minutes=1))
    cabinet.relate()
    with cabinet.rt.transaction() as session:
        row = complaints.by_tracking(session, oldest)
        assert row is not None
        families.look_again(row)
    cabinet.relate()
    assert cabinet.heads() == {first: None, **dict.fromkeys([oldest, *rest], first)}


def test_who_comes_after_the_answer_is_not_put_under_it(cabinet: Cabinet):
    first, *_ = flood(cabinet, 5)
    cabinet.relate()
    with cabinet.rt.transaction() as session:
        row = complaints.by_tracking(session, first)
        assert row is not None
        row.status = ComplaintStatus.ANSWERED
    late = flood(cabinet, 5, at=NOON + timedelta(minutes=30))
    cabinet.relate()
    assert cabinet.heads()[late[0]] is None
    assert {cabinet.heads()[number] for number in late[1:]} == {late[0]}


def test_who_was_taken_out_of_a_burst_stays_out(cabinet: Cabinet):
    first, second, *_ = flood(cabinet, 6)
    cabinet.relate()
    cabinet.do(families.unlink, second)
    flood(cabinet, 3, at=NOON + timedelta(minutes=10))
    cabinet.relate()
    assert cabinet.heads()[second] is None
    assert list(cabinet.heads().values()).count(first) == 7


def test_a_family_made_by_people_is_not_torn_apart_by_a_burst(cabinet: Cabinet):
    first, second, third, *rest = flood(cabinet, 6)
    cabinet.do(families.link, third, second)
    cabinet.relate()
    heads = cabinet.heads()
    assert (heads[second], heads[third]) == (None, second)
    assert {heads[number] for number in rest} == {first}


def test_officers_hear_how_a_burst_grows_and_of_which_agencies(cabinet: Cabinet):
    first, *_ = flood(cabinet, 5)
    cabinet.relate()
    flood(cabinet, 4, at=NOON + timedelta(minutes=6), agency="PLN")
    cabinet.relate()
    assert bursts(cabinet, first) == [5]
    flood(cabinet, 1, at=NOON + timedelta(minutes=11), agency="PLN")
    cabinet.relate()
    flood(cabinet, 100, at=NOON + timedelta(minutes=12), every=timedelta(seconds=9))
    for _ in range(3):
        cabinet.relate()
    counts = bursts(cabinet, first)
    assert counts[:2] == [5, 10]
    assert 2 < len(counts) <= 4
    assert counts[-1] >= 100
    (last,) = [detail for kind, detail in cabinet.events(first) if kind == "burst"][-1:]
    assert last["agencies"] == ["DISHUB@32.73", "PLN"]


def test_a_flood_of_five_hundred_costs_little(cabinet: Cabinet):
    """Per complaint a bounded number of statements, and events at the head by the handful."""
    first, *rest = flood(cabinet, 500, every=timedelta(seconds=5))
    said: list[str] = []

    def count(*event: Any) -> None:
        said.append(str(event[2]))

    sa_event.listen(cabinet.rt.engine, "before_cursor_execute", count)
    began = monotonic()
    while cabinet.relate(NOON + timedelta(hours=1)):
        pass
    seconds = monotonic() - began
    sa_event.remove(cabinet.rt.engine, "before_cursor_execute", count)
    assert cabinet.heads() == {first: None, **dict.fromkeys(rest, first)}
    assert bursts(cabinet, first)[-1] == 500
    assert len(cabinet.events(first)) <= 5
    assert len(said) < 500 * 4, len(said)
    assert seconds < 20  # a second or two on a quiet machine
    assert cabinet.pairs() == []


# --- two at once ---------------------------------------------------------------------------------


def test_two_workers_compare_each_complaint_once(cabinet: Cabinet):
    first, *rest = flood(cabinet, 12)
    done = at_once(4, lambda _: cabinet.relate(limit=50))
    assert sum(done) + cabinet.relate() == 12
    assert cabinet.heads() == {first: None, **dict.fromkeys(rest, first)}
    assert bursts(cabinet, first) == [12]


def test_links_in_a_ring_make_one_family_without_a_chain(cabinet: Cabinet):
    numbers = [cabinet.file() for _ in range(8)]
    for _ in range(3):
        at_once(8, lambda at: cabinet.do(families.link, numbers[at], numbers[(at + 1) % 8]))
    heads = cabinet.heads()
    tops = {number for number, head in heads.items() if head is None}
    assert len(tops) == 1
    assert {head for head in heads.values() if head is not None} == tops


def test_two_officers_that_decide_otherwise_leave_one_of_both(cabinet: Cabinet):
    for _ in range(5):
        a, b = cabinet.file(), cabinet.file()

        def decide(at: int, a: int = a, b: int = b) -> bool:
            try:
                cabinet.do((families.link, families.refuse)[at], b, a)
            except Unfit:
                return False
            return True

        linked, refused = at_once(2, decide)
        assert linked
        (status,) = {pair[2] for pair in cabinet.pairs() if a in pair}
        assert status == "linked"
        assert cabinet.heads()[b] == a
        assert refused in (True, False)


def test_a_burst_and_officers_at_once_make_no_chain(cabinet: Cabinet):
    numbers = flood(cabinet, 10)

    def work(at: int) -> None:
        if at == 0:
            cabinet.relate()
        else:
            cabinet.do(families.link, numbers[at], numbers[at + 1])

    at_once(6, work)
    while cabinet.relate():
        pass
    heads = cabinet.heads()
    for head in set(heads.values()) - {None}:
        assert head is not None
        assert heads[head] is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whoever_refers_to_a_complaint_does_not_wait_for_its_link(cabinet: Cabinet):
    """Else a link and a comparison that proposes the same pair may wait for each other."""
    a, b, other = (cabinet.file() for _ in range(3))
    third = cabinet.get(other)
    with cabinet.rt.transaction() as session:
        one, two = (complaints.by_tracking(session, number) for number in (a, b))
        assert one is not None
        assert two is not None
        families.link(session, two, one, actor="rina", now=NOON)
        pair = Proposal(complaint_id=third.key, other_id=one.key, score=1, reasons=())
        with cabinet.rt.transaction() as second:
            second.connection().exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            propose(second, [pair], now=NOON)
    assert len(cabinet.pairs()) == 2


# --- the job and the command ---------------------------------------------------------------------


def test_the_job_compares_everything_in_parts(cabinet: Cabinet, reader: Reader):
    vars(cabinet.rt)["reader"] = reader
    rt = dataclasses.replace(cabinet.rt, now=lambda: NOON)
    vars(rt)["reader"] = reader
    flood(cabinet, 60)
    assert relate_new(rt, until=monotonic() + 60) == 60
    assert relate_new(rt, until=monotonic() + 60) == 0
    assert relate_new(rt, until=monotonic() - 1) == 0


Lapor = Callable[..., Result]


@pytest.fixture
def lapor(environ: dict[str, str]) -> Lapor:
    def call(*words: str, answer: str | None = None) -> Result:
        result = CliRunner().invoke(cli, ["family", *words], env=environ, input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return call


def test_a_pair_is_shown_with_what_decides_it_and_without_private_data(
    cabinet: Cabinet, lapor: Lapor
):
    a = cabinet.file(LAMP, headline="Lampu mati hub Ibu Sari 081200001234")
    b = cabinet.file(LAMP_TOO)
    cabinet.relate()
    shown = lapor("list")
    assert shown.exit_code == 0
    for words in (str(a), str(b), "same_address", "Lampu mati hub", "PJU jl mawar"):
        assert words in shown.output
    assert "081200001234" not in shown.output
    (line,) = lapor("list", "--json").stdout.splitlines()
    pair = json.loads(line)
    assert (pair["later"]["number"], pair["earlier"]["number"]) == (b, a)
    assert "081200001234" not in line


def test_a_link_is_asked_for_done_and_audited(cabinet: Cabinet, lapor: Lapor):
    a, b = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    why = ("--reason", "same lamp post")
    no = lapor("link", str(b), str(a), *why, answer="n\n")
    assert no.exit_code == 1
    assert cabinet.heads() == {a: None, b: None}
    yes = lapor("link", str(b), str(a), *why, answer="y\n")
    assert yes.exit_code == 0, yes.output
    assert cabinet.heads() == {a: None, b: a}
    (row,) = rows(cabinet.rt, AuditRow)
    assert (row.action, row.reason) == ("family.link", "same lamp post")
    again = lapor("link", str(b), str(a), *why, "--yes", "--json")
    assert json.loads(again.stdout)["changed"] is False
    family = json.loads(lapor("show", str(b), "--json").stdout)
    assert [row["number"] for row in family["family"]] == [a, b]
    assert lapor("unlink", str(b), *why, "--yes").exit_code == 0
    assert cabinet.heads() == {a: None, b: None}


def test_what_cannot_be_linked_says_why_in_one_line(cabinet: Cabinet, lapor: Lapor):
    a, b = cabinet.file(), cabinet.file(privacy=Privacy.CONFIDENTIAL, headline="pungli di kantor")
    refused = lapor("link", str(a), str(b), "--reason", "x", answer="y\n")
    assert refused.exit_code == 1
    assert "confidential" in refused.output
    assert "pungli" not in refused.output
    assert rows(cabinet.rt, AuditRow) == []
    assert lapor("refuse", str(a), "9999999", "--reason", "x", "--yes").exit_code == 1
    assert lapor("link", str(a), str(b), "--yes").exit_code == 2
    assert lapor("unlink", str(a), "--reason", "x", "--yes").exit_code == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_statement_of_a_comparison_reads_a_whole_table(cabinet: Cabinet):
    cabinet.file(LAMP, pictures=[PHOTO], lat=-6.88, lon=107.6)
    flood(cabinet, 6)
    asked: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if not many and not statement.startswith(("BEGIN", "INSERT")):
            asked.append((statement, parameters))

    sa_event.listen(cabinet.rt.engine, "before_cursor_execute", keep)
    cabinet.relate()
    sa_event.remove(cabinet.rt.engine, "before_cursor_execute", keep)
    assert len(asked) > 10
    with Session(cabinet.rt.engine) as session:
        for statement, parameters in asked:
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            steps = [row[3] for row in plan]
            if statement.startswith("DELETE FROM clue WHERE clue.id IN"):
                continue  # the oldest so many, in the order of the table
            for table in ("complaint", "clue", "similar", "attachment", "event", "conversation"):
                assert f"SCAN {table}" not in steps, statement
            if "compared = 0" in statement:
                assert any("ix_complaint_uncompared" in step for step in steps), steps
