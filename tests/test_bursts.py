"""Bursts: many complaints of one place and topic at once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as sa_event

from store import complaints
from store.families import families
from store.models import Complaint, ComplaintStatus, Privacy
from tests.cabinet import BANDUNG, Cabinet, bursts, flood
from tests.harness import NOON, rows


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
    while cabinet.relate(NOON + timedelta(hours=1)):
        pass
    sa_event.remove(cabinet.rt.engine, "before_cursor_execute", count)
    assert cabinet.heads() == {first: None, **dict.fromkeys(rest, first)}
    assert bursts(cabinet, first)[-1] == 500
    assert len(cabinet.events(first)) <= 5
    assert len(said) < 500 * 4, len(said)
    assert cabinet.pairs() == []
