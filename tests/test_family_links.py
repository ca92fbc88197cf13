"""Families: linked under one head and unlinked, by whom they may, and nothing dropped."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from gateway.api import present
from store import complaints
from store.agency_models import FamilyStatus, Similar
from store.families import families
from store.families.families import Unfit
from store.learning import corrections
from store.learning.corrections import Tally
from store.models import Complaint, ComplaintStatus, Event, Privacy
from tests.cabinet import LAMP, LAMP_TOO, Cabinet, flood
from tests.harness import NOON, rows


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
