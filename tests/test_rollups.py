"""Days of complaints packed for the reports: what is counted, and that no change is missed."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col, select

from gateway.reports.reporting import refresh_rollups
from gateway.runtime import Runtime
from store.agency_models import Rollup
from store.casework.deadlines import DutyClock, Limit
from store.casework.workdays import Calendar
from store.models import Complaint, ComplaintStatus, DeskState
from store.reports import rollups
from store.reports.facts import (
    CASE,
    Desk,
    Facts,
    Part,
    Words,
    answers_of,
    area_code,
    area_number,
    case_of,
    packed,
    part_of,
    unpacked,
)
from tests.complaints import ANSWERED, RECEIVED, answered, complaint, desk, keep
from tests.harness import at_once

WIB = datetime.now(UTC).astimezone().tzinfo
NOON = datetime(2020, 3, 10, 5, 0, tzinfo=UTC)


@pytest.fixture
def rt(runtime: Runtime) -> Runtime:
    return at(runtime, NOON)


def at(rt: Runtime, moment: datetime) -> Runtime:
    return dataclasses.replace(rt, now=lambda: moment)


def stored(rt: Runtime) -> dict[date, list[tuple[Any, ...]]]:
    """The days with their complaints, without those that have none."""
    with rt.reading() as session:
        found = session.exec(select(Rollup).order_by(col(Rollup.day))).all()
    return {row.day: unpacked([row.cases], CASE).tolist() for row in found if row.cases}


def parts(rt: Runtime) -> dict[str, list[int]]:
    at_part = CASE.names.index("part") if CASE.names else 0
    return {day.isoformat(): [case[at_part] for case in cases] for day, cases in stored(rt).items()}


@pytest.mark.parametrize(
    ("status", "desks", "responded", "part"),
    [
        ("triage", [], False, "UNFORWARDED"),
        ("triage", ["returned"], False, "UNFORWARDED"),
        ("disposed", ["waiting"], False, "WAITING"),
        ("disposed", ["forwarded", "waiting"], False, "WAITING"),
        ("disposed", [], False, "WAITING"),
        ("disposed", ["waiting", "working"], False, "IN_PROCESS"),
        ("in_progress", ["working"], False, "IN_PROCESS"),
        ("in_progress", ["working"], True, "FOLLOWED_UP"),
        ("deferred", ["deferred"], False, "DEFERRED"),
        ("answered", [], False, "FOLLOWED_UP"),
        ("commented", ["working"], True, "FOLLOWED_UP"),
        ("closed", ["answered"], True, "FOLLOWED_UP"),
        ("archived", ["waiting"], False, "ARCHIVED"),
        ("archived", ["answered"], True, "FOLLOWED_UP"),
        ("withdrawn", [], False, "WITHDRAWN"),
    ],
)
def test_a_complaint_is_in_one_part(status: str, desks: list[str], responded: bool, part: str):
    states = {DeskState(state) for state in desks}
    assert part_of(ComplaintStatus(status), states, responded=responded).name == part


@given(
    st.sampled_from(ComplaintStatus),
    st.sets(st.sampled_from(DeskState)),
    st.booleans(),
)
def test_every_complaint_has_a_part(
    status: ComplaintStatus, desks: set[DeskState], responded: bool
):
    assert part_of(status, desks, responded=responded) in Part


@pytest.mark.parametrize(
    ("place", "number", "code"),
    [
        ("73", 7300, "73"),
        ("73.71", 7371, "73.71"),
        ("73.71.02.1004", 7371, "73.71"),
        ("11.01", 1101, "11.01"),
        (None, 0, ""),
        ("", 0, ""),
        ("Makassar", 0, ""),
        ("7371", 0, ""),
    ],
)
def test_a_place_is_counted_under_its_kabupaten_or_kota(place: str | None, number: int, code: str):
    assert area_number(place) == number
    assert area_code(number) == code


def facts(**more: Any) -> Facts:
    values: dict[str, Any] = dict.fromkeys(Facts._fields) | {
        "id": 1,
        "kind": "complaint",
        "source": "sms",
        "duty": "complaint",
        "status": ComplaintStatus.CLOSED,
        "reopened": 0,
        "deadline": date(2020, 3, 20),
        "verify_by": date(2020, 3, 5),
        "pauses": [],
        "created_at": RECEIVED,
    }
    return Facts(**values | more)


def wib(day: int, hour: int = 10, month: int = 3) -> datetime:
    return datetime(2020, month, day, hour, tzinfo=UTC) - timedelta(hours=7)


@pytest.mark.parametrize(
    ("more", "respond", "complete"),
    [
        # received on Monday 2 March 2020, 10:00 WIB
        ({}, (-1, False), (-1, False)),
        ({"forwarded_at": wib(2, 17)}, (0, False), (-1, False)),
        ({"forwarded_at": wib(5)}, (3, False), (-1, False)),
        ({"forwarded_at": wib(6)}, (4, True), (-1, False)),
        ({"responded_at": wib(9)}, (-1, False), (5, False)),  # over a weekend
        ({"responded_at": wib(20)}, (-1, False), (14, False)),
        ({"responded_at": wib(21)}, (-1, False), (15, True)),  # a Saturday: as on Monday
        ({"responded_at": wib(27)}, (-1, False), (18, True)),  # the 25th was Nyepi
        (
            {
                "responded_at": wib(12),
                "pauses": [[wib(3).isoformat(), wib(10).isoformat()]],
            },
            (-1, False),
            (3, False),  # the 3rd, 11th and 12th
        ),
        (  # reopened: its new deadline says nothing about the first answer
            {
                "responded_at": wib(24),
                "clock_at": wib(26),
                "deadline": date(2020, 4, 17),
            },
            (-1, False),
            (16, True),
        ),
        ({"responded_at": wib(9), "duty": "unheard of"}, (-1, False), (-1, False)),
    ],
)
def test_days_are_counted_as_the_deadlines_are(
    runtime_clock: DutyClock,
    more: dict[str, Any],
    respond: tuple[int, bool],
    complete: tuple[int, bool],
):
    case = case_of(facts(**more), [], runtime_clock)
    assert (case.respond, case.respond_late) == respond
    assert (case.complete, case.complete_late) == complete


@pytest.fixture(scope="module")
def runtime_clock() -> DutyClock:
    from gateway.settings import ROOT, load

    return load(ROOT / "config.yaml", {}).clock


MARCH_5, MARCH_9 = date(2020, 3, 5).toordinal(), date(2020, 3, 9).toordinal()
MARCH_2 = date(2020, 3, 2).toordinal()


@pytest.mark.parametrize(
    ("more", "desks", "expected"),
    [
        ({"agency": "A", "responded_at": ANSWERED, "answered_at": ANSWERED}, [], {("A", MARCH_5)}),
        (  # again after it was reopened
            {"agency": "A", "responded_at": ANSWERED, "answered_at": wib(9)},
            [("A", wib(9))],
            {("A", MARCH_5), ("A", MARCH_9)},
        ),
        (  # two agencies: whose answer was the first is not known, and not guessed
            {"agency": "A", "responded_at": ANSWERED, "answered_at": wib(9)},
            [("A", wib(9)), ("B", wib(9))],
            {("A", MARCH_9), ("B", MARCH_9)},
        ),
        ({"agency": "A"}, [], {("A", MARCH_2)}),  # imported as closed, without a date
        ({"agency": "A", "status": ComplaintStatus.DISPOSED}, [("A", None)], set()),
        ({"agency": None}, [], set()),
    ],
)
def test_who_answered_when(
    runtime_clock: DutyClock,
    more: dict[str, Any],
    desks: list[tuple[str, datetime | None]],
    expected: set[tuple[str, int]],
):
    own = [Desk(agency, DeskState.ANSWERED, moment) for agency, moment in desks]
    assert answers_of(facts(**more), own, runtime_clock) == expected


def test_words_keep_their_numbers():
    words = Words({"agency": ["A", "B"]})
    assert words.number("agency", "C") == 3
    again = Words(words.kept())
    assert [again.number("agency", word) for word in ("", "A", "B", "C")] == [0, 1, 2, 3]


def test_what_is_packed_is_read_as_it_was(runtime_clock: DutyClock):
    words = Words({})
    found = facts(
        agency="A", category="T", campaign="covid", place="73.71.01", rating=4, conversation_id=9
    )
    [record] = unpacked([packed([case_of(found, [], runtime_clock)], words)], CASE)
    assert words.of("agency")[record["agency"]] == "A"
    assert words.of("campaign")[record["campaign"]] == "covid"
    assert (record["area"], record["rating"], record["reporter"]) == (7371, 4, 9)
    assert bool(record["asked"])


@pytest.mark.parametrize("column", ["source", "campaign"])
def test_an_import_may_bring_more_labels_than_two_bytes_count(
    runtime_clock: DutyClock, column: str
):
    words = Words({column: [f"x{number}" for number in range(70_000)]})
    case = case_of(facts(**{column: "x69999"}), [], runtime_clock)
    [record] = unpacked([packed([case], words)], CASE)
    assert words.of(column)[record[column]] == "x69999"


def test_a_day_is_a_day_of_the_zone_of_the_settings(rt: Runtime):
    late = datetime(2020, 3, 2, 16, 59, tzinfo=UTC)  # 23:59 WIB
    keep(rt, complaint(created_at=late), complaint(created_at=late + timedelta(minutes=1)))
    refresh_rollups(rt)
    assert parts(rt) == {"2020-03-02": [3], "2020-03-03": [3]}


def test_only_days_with_changes_are_packed_again(rt: Runtime):
    first, second = complaint(), complaint(created_at=RECEIVED + timedelta(days=1))
    keep(rt, first, second)
    assert refresh_rollups(rt) == 2
    later = at(rt, NOON + timedelta(hours=1))
    assert refresh_rollups(later) == 0

    answer(later, first)
    assert refresh_rollups(later) == 1
    assert parts(rt) == {"2020-03-02": [0], "2020-03-03": [3]}


def answer(rt: Runtime, found: Complaint, *, updated_at: datetime | None = None) -> None:
    with rt.transaction() as session:
        changes = {"status": "answered", "updated_at": updated_at or rt.now()}
        session.execute(update(Complaint).where(col(Complaint.id) == found.id).values(changes))


def test_a_change_that_is_committed_late_is_seen(rt: Runtime):
    """Its time is that of its transaction's start; the look at the changes came in between."""
    found = complaint()
    keep(rt, found)
    refresh_rollups(rt)
    answer(rt, found, updated_at=NOON - timedelta(minutes=4))
    refresh_rollups(at(rt, NOON + timedelta(hours=1)))
    assert parts(rt) == {"2020-03-02": [0]}


def test_a_fill_that_was_interrupted_goes_on(rt: Runtime):
    days = 40
    keep(rt, *(complaint(created_at=RECEIVED - timedelta(days=n)) for n in range(days)))
    assert refresh_rollups(rt, until=0) == 0
    with rt.reading() as session:
        assert rollups.count_stale(session) == days
    assert refresh_rollups(rt) == days
    assert len(stored(rt)) == days


def test_what_changes_while_it_is_packed_stays_stale(rt: Runtime):
    found = complaint()
    keep(rt, found)
    clock = rt.settings.clock
    with rt.transaction() as session:
        rollups.mark(session, rollups.changes(session, clock, now=NOON))
    with rt.reading() as session:
        days = rollups.gather(session, clock, rollups.stale(session, 5))
    answer(rt, found)
    with rt.transaction() as session:
        rollups.mark(session, rollups.changes(session, clock, now=NOON))
    with rt.transaction() as session:
        assert rollups.keep(session, days) == 0
    refresh_rollups(rt)
    assert parts(rt) == {"2020-03-02": [0]}


def test_two_at_once_do_no_harm(rt: Runtime):
    keep(
        rt, *(complaint(created_at=RECEIVED - timedelta(days=n), source=f"s{n}") for n in range(50))
    )
    at_once(2, lambda _: refresh_rollups(rt))
    assert [len(cases) for cases in stored(rt).values()] == [1] * 50
    sources = {case[3] for cases in stored(rt).values() for case in cases}
    assert len(sources) == 50  # no number was given twice


def test_other_holidays_count_all_days_again(rt: Runtime):
    keep(rt, answered("A", responded_at=ANSWERED))
    refresh_rollups(rt)
    [[case]] = stored(rt).values()
    assert case[10] == 3
    deadlines = rt.settings.deadlines.model_copy()
    vars(deadlines)["calendar"] = Calendar(free=frozenset({date(2020, 3, 4)}))
    other = dataclasses.replace(
        rt, settings=rt.settings.model_copy(update={"deadlines": deadlines})
    )
    assert refresh_rollups(other) == 1
    [[case]] = stored(rt).values()
    assert case[10] == 2


@pytest.mark.parametrize("campaign", ["", "covid"])
def test_another_limit_counts_all_days_again(rt: Runtime, campaign: str):
    keep(rt, answered("A", responded_at=ANSWERED))
    clock = dataclasses.replace(
        rt.settings.clock, campaigns={"covid": {"complaint": Limit(3, "working")}}
    )
    with rt.transaction() as session:
        rollups.mark(session, rollups.changes(session, clock, now=NOON))
    own = {"complaint": Limit(2, "working")}
    other = (
        dataclasses.replace(clock, campaigns={campaign: own})
        if campaign
        else dataclasses.replace(clock, limits={**clock.limits, **own})
    )
    later = NOON + timedelta(hours=1)
    with rt.reading() as session:
        assert rollups.changes(session, clock, now=later).days == frozenset()
        assert rollups.changes(session, other, now=later).days == {date(2020, 3, 2)}


def test_rebuilding_counts_deleted_complaints_no_more(rt: Runtime):
    found = complaint()
    keep(rt, found)
    refresh_rollups(rt)
    with rt.transaction() as session:
        session.delete(session.get_one(Complaint, found.key))
    refresh_rollups(rt, again=True)
    assert stored(rt) == {}


def test_a_desk_that_has_begun_puts_a_complaint_in_process(rt: Runtime):
    begun, waiting = complaint(status="disposed"), complaint(status="disposed")
    keep(rt, begun, waiting)
    keep(rt, desk(begun, "A", "working"), desk(waiting, "A", "waiting"))
    refresh_rollups(rt)
    assert parts(rt) == {"2020-03-02": [1, 2]}


def test_a_limit_in_calendar_days_counts_calendar_days(runtime_clock: DutyClock):
    limits = {**runtime_clock.limits, "complaint": Limit(14, "calendar")}
    clock = dataclasses.replace(runtime_clock, limits=limits)
    assert case_of(facts(responded_at=wib(9)), [], clock).complete == 7
