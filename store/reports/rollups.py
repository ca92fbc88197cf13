"""Days of complaints packed for the reports, kept up to date by looking at what changed.

A look at the changes marks the days of their receipt as stale; stale days are then packed, a few
in a transaction. Any step may be repeated, stop half-way, or run twice at once.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, update
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from store.agency_models import Rollup, RollupState
from store.casework.deadlines import DutyClock, local_day
from store.inbox import changed
from store.models import Complaint, Disposition
from store.reports.facts import (
    Case,
    Desk,
    Facts,
    Words,
    answers_of,
    case_of,
    packed,
    packed_answers,
)

ONLY = 1  # the key of the one row of rollup_state
FORMAT = 2  # another way of packing or counting makes all days stale
LATE = timedelta(minutes=5)  # a change may be committed so long after the time it carries
STREAM = 5000  # rows that are in memory at once


@dataclass(frozen=True, slots=True)
class Changes:
    """The days of receipt on which something may have changed, as of a moment."""

    seen: datetime
    basis: str
    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class Stale:
    day: date
    times: int  # whoever packs it puts it away only if it was not marked meanwhile


@dataclass(frozen=True, slots=True)
class Gathered:
    """A day as it is to be packed."""

    stale: Stale
    cases: Sequence[Case]
    answers: frozenset[tuple[str, int]]


def changes(session: Session, clock: DutyClock, *, now: datetime, again: bool = False) -> Changes:
    """What changed since the last look; all days if the settings count differently, or `again`."""
    state, basis = session.get(RollupState, ONLY), _basis(clock)
    if again or state is None or state.seen is None or state.basis != basis:
        packed_days = session.exec(select(col(Rollup.day))).all()
        return Changes(now, basis, frozenset([*_days_of_receipt(session, clock), *packed_days]))
    moments = session.exec(
        select(Complaint.created_at)
        .where(col(Complaint.updated_at) >= state.seen - LATE)
        .execution_options(yield_per=STREAM)
    )
    return Changes(now, basis, frozenset(local_day(moment, clock.zone) for moment in moments))


def _basis(clock: DutyClock) -> str:
    """What a count of days, and whether it is late, depends on besides the complaint."""
    parts = (
        FORMAT,
        version("holidays"),
        clock.zone.key,
        sorted((duty, limit.days, limit.unit) for duty, limit in clock.limits.items()),
        sorted(
            (name, duty, limit.days, limit.unit)
            for name, own in clock.campaigns.items()
            for duty, limit in own.items()
        ),
        sorted(clock.calendar.free),
        sorted(clock.calendar.working),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _days_of_receipt(session: Session, clock: DutyClock) -> Iterator[date]:
    """Each found by one step in the index on created_at."""
    moment = session.exec(select(func.min(Complaint.created_at))).one()
    while moment is not None:
        day = local_day(moment, clock.zone)
        yield day
        _, end = bounds(day, clock.zone)
        later = select(func.min(Complaint.created_at)).where(col(Complaint.created_at) >= end)
        moment = session.exec(later).one()


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments at which a day begins and the next one does."""
    start = datetime.combine(day, time(), zone)
    return start, datetime.combine(day + timedelta(days=1), time(), zone)


def mark(session: Session, found: Changes) -> None:
    """Note what is to be packed again."""
    state = _locked(session)
    known = set(session.exec(select(col(Rollup.day))).all())
    session.add_all(Rollup(day=day, stale=1) for day in sorted(found.days - known))
    for some in _in_parts(sorted(found.days & known)):
        session.execute(
            update(Rollup).where(col(Rollup.day).in_(some)).values(stale=col(Rollup.stale) + 1)
        )
    if state.seen is None or state.seen < found.seen:
        state.seen = found.seen
    state.basis = found.basis
    session.add(state)
    session.flush()


def _in_parts(days: Sequence[date], size: int = 500) -> Iterator[Sequence[date]]:
    for first in range(0, len(days), size):
        yield days[first : first + size]


def _locked(session: Session) -> RollupState:
    """The one row, locked; made at the first time, by whoever comes first."""
    statement = select(RollupState).with_for_update()
    state = session.exec(statement).first()
    if state is None:
        try:
            with session.begin_nested():
                session.add(RollupState(id=ONLY))
        except IntegrityError:
            pass
        state = session.exec(statement.execution_options(populate_existing=True)).one()
    return state


def stale(session: Session, limit: int) -> list[Stale]:
    """Some days that are to be packed, the oldest first."""
    rows = session.exec(
        select(col(Rollup.day), col(Rollup.stale))
        .where(col(Rollup.stale) > 0)
        .order_by(col(Rollup.day))
        .limit(limit)
    )
    return [Stale(day, times) for day, times in rows]


def count_stale(session: Session) -> int:
    return session.exec(select(func.count()).where(col(Rollup.stale) > 0)).one()


def gather(session: Session, clock: DutyClock, days: Iterable[Stale]) -> list[Gathered]:
    """Read the complaints of some days; takes no lock."""
    return [_gathered(session, clock, item) for item in days]


def _gathered(session: Session, clock: DutyClock, item: Stale) -> Gathered:
    start, end = bounds(item.day, clock.zone)
    inside = (col(Complaint.created_at) >= start) & (col(Complaint.created_at) < end)
    desks = _desks(session, inside)
    columns = [getattr(Complaint, name) for name in Facts._fields]
    cases: list[Case] = []
    answers: set[tuple[str, int]] = set()
    rows = session.execute(
        select_columns(*columns).where(inside), execution_options={"yield_per": STREAM}
    )
    for row in rows:
        facts = Facts(*row)
        own = desks.get(facts.id, ())
        cases.append(case_of(facts, own, clock))
        answers |= answers_of(facts, own, clock)
    return Gathered(item, cases, frozenset(answers))


def _desks(session: Session, inside: ColumnElement[bool]) -> dict[int, list[Desk]]:
    found: dict[int, list[Desk]] = defaultdict(list)
    rows = session.execute(
        select_columns(
            col(Disposition.complaint_id),
            col(Disposition.agency),
            col(Disposition.state),
            col(Disposition.answered_at),
        )
        .join(Complaint, col(Complaint.id) == col(Disposition.complaint_id))
        .where(inside)
    )
    for key, *desk in rows:
        found[key].append(Desk(*desk))
    return found


def keep(session: Session, found: Sequence[Gathered]) -> int:
    """Store packed days; how many were still as they were when they were read."""
    state = _locked(session)
    words = Words(state.words)
    count = 0
    for item in found:
        statement = (
            update(Rollup)
            .where(col(Rollup.day) == item.stale.day, col(Rollup.stale) == item.stale.times)
            .values(
                stale=0,
                answers=packed_answers(item.answers, words),
                cases=packed(item.cases, words),
            )
        )
        count += changed(session, statement)
    if state.words != words.kept():
        state.words = words.kept()
        session.add(state)
    return count
