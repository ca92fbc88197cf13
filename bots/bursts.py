"""Bursts: many complaints of one topic in one area within an hour cluster under the first one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from bots.family_rules import BurstRules
from parsers.understanding import Kind
from store.families import clues, families, similar
from store.families.clues import Arrived
from store.families.families import BURST, SYSTEM, may_join
from store.models import Complaint, Event

TOLD_AT = (10, 50, 100, 500)  # complaints of a burst: then officers hear that it grows
KINDS = frozenset({Kind.COMPLAINT, Kind.EMERGENCY})  # a question needs its own answer


def cluster(
    session: Session, arrived: Iterable[Complaint], rules: BurstRules, now: datetime
) -> set[int]:
    """Link what belongs to bursts; returns the complaints whose burst must be looked at again."""
    times: dict[str, list[datetime]] = {}
    for row in arrived:
        if row.kind in KINDS and (name := clues.burst_of(row)):
            times.setdefault(name, []).append(row.created_at)
    again: set[int] = set()
    for name, at in sorted(times.items()):
        found = clues.of_burst(
            session, name, kinds=KINDS, since=min(at) - rules.within, until=max(at) + rules.within
        )
        for wave in waves(found, rules):
            again |= _gather(session, wave, now)
    return again


def waves(found: Sequence[Arrived], rules: BurstRules) -> Iterator[list[Arrived]]:
    """The floods among complaints in their order: where so many came within the span."""
    wave: list[Arrived] = []
    end = 0  # of what is in the wave
    for first in range(len(found) - rules.count + 1):
        last = first + rules.count
        if found[last - 1].at - found[first].at > rules.within:
            continue
        if first >= end and wave:
            yield wave
            wave = []
        wave += found[max(first, end) : last]
        end = last
    if wave:
        yield wave


def _gather(session: Session, wave: Sequence[Arrived], now: datetime) -> set[int]:
    """The wave under its first complaint that still waits for an answer, or under its head."""
    head = _head(session, wave)
    if head is None:
        return set()
    others = similar.refused_with(session, similar.family_of(head))
    single = {row.key for row in wave if row.head == row.key} - others - {head.key}
    if not single:
        return set()
    busy = families.gather(session, head, single, now=now)
    _tell(session, head, now)
    return {row.key for row in wave} if busy else set()


def _head(session: Session, wave: Sequence[Arrived]) -> Complaint | None:
    """The head of a burst that goes on, even if an older complaint is compared only now."""
    heads = list(dict.fromkeys(row.head for row in wave))
    rows = session.exec(select(Complaint).where(col(Complaint.id).in_(heads), *may_join()))
    eligible = {row.key: row for row in rows}
    known = session.exec(
        select(Event.complaint_id).where(col(Event.complaint_id).in_(eligible), Event.kind == BURST)
    )
    return next((eligible[key] for key in (*known, *heads) if key in eligible), None)


def _tell(session: Session, head: Complaint, now: datetime) -> None:
    """One event when the burst is noticed, and one each time that it has grown much."""
    agencies = Counter(
        session.exec(select(Complaint.agency).where(Complaint.parent_id == head.key)).all()
    )
    count = agencies.total() + 1
    if count == 1:
        return
    last = session.exec(
        select(Event)
        .where(Event.complaint_id == head.key, Event.kind == BURST)
        .order_by(col(Event.id).desc())
        .limit(1)
    ).first()
    told = last.detail["count"] if last else 0
    if told and not any(told < step <= count for step in TOLD_AT):
        return
    names = sorted({*filter(None, agencies), *filter(None, [head.agency])})
    detail = {"count": count, "agencies": names}
    session.add(Event(complaint_id=head.key, kind=BURST, actor=SYSTEM, at=now, detail=detail))
