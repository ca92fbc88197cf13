"""Families: what is proposed, what their members are told, two at once, the job."""

import dataclasses
import json
from datetime import timedelta
from io import BytesIO
from time import monotonic
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import event as sa_event
from sqlmodel import Session, select

from bots.reader import Reader
from gateway import media
from gateway.families import relate_new
from store import attachments, complaints
from store.agency_models import Clue, Similar
from store.attachments import Kept
from store.families import families
from store.families.families import Unfit
from store.families.similar import Proposal, propose
from store.models import (
    Attachment,
    AttachmentStatus,
    AuditRow,
    Complaint,
    ComplaintStatus,
    Conversation,
    Person,
    Privacy,
)
from tests.cabinet import (
    BANDUNG,
    COBLONG,
    LAMP,
    LAMP_TOO,
    OTHER_PHOTO,
    PHOTO,
    SAME_PHOTO,
    Cabinet,
    bursts,
    flood,
)
from tests.harness import NOON, Lapor, at_once, rows

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


def test_a_pair_is_shown_with_what_decides_it_and_without_private_data(
    cabinet: Cabinet, lapor: Lapor
):
    a = cabinet.file(LAMP, headline="Lampu mati hub Ibu Sari 081200001234")
    b = cabinet.file(LAMP_TOO)
    cabinet.relate()
    shown = lapor("family", "list")
    assert shown.exit_code == 0
    for words in (str(a), str(b), "same_address", "Lampu mati hub", "PJU jl mawar"):
        assert words in shown.output
    assert "081200001234" not in shown.output
    (line,) = lapor("family", "list", "--json").stdout.splitlines()
    pair = json.loads(line)
    assert (pair["later"]["number"], pair["earlier"]["number"]) == (b, a)
    assert "081200001234" not in line


def test_a_link_is_asked_for_done_and_audited(cabinet: Cabinet, lapor: Lapor):
    a, b = cabinet.file(LAMP), cabinet.file(LAMP_TOO)
    why = ("--reason", "same lamp post")
    no = lapor("family", "link", str(b), str(a), *why, say="n\n")
    assert no.exit_code == 1
    assert cabinet.heads() == {a: None, b: None}
    yes = lapor("family", "link", str(b), str(a), *why, say="y\n")
    assert yes.exit_code == 0, yes.output
    assert cabinet.heads() == {a: None, b: a}
    (row,) = rows(cabinet.rt, AuditRow)
    assert (row.action, row.reason) == ("family.link", "same lamp post")
    again = lapor("family", "link", str(b), str(a), *why, "--yes", "--json")
    assert json.loads(again.stdout)["changed"] is False
    family = json.loads(lapor("family", "show", str(b), "--json").stdout)
    assert [row["number"] for row in family["family"]] == [a, b]
    assert lapor("family", "unlink", str(b), *why, "--yes").exit_code == 0
    assert cabinet.heads() == {a: None, b: None}


def test_what_cannot_be_linked_says_why_in_one_line(cabinet: Cabinet, lapor: Lapor):
    a, b = cabinet.file(), cabinet.file(privacy=Privacy.CONFIDENTIAL, headline="pungli di kantor")
    refused = lapor("family", "link", str(a), str(b), "--reason", "x", say="y\n")
    assert refused.exit_code == 1
    assert "confidential" in refused.output
    assert "pungli" not in refused.output
    assert rows(cabinet.rt, AuditRow) == []
    assert lapor("family", "refuse", str(a), "9999999", "--reason", "x", "--yes").exit_code == 1
    assert lapor("family", "link", str(a), str(b), "--yes").exit_code == 2
    assert lapor("family", "unlink", str(a), "--reason", "x", "--yes").exit_code == 1


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
