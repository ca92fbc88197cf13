"""Complaints as programs list them: filtered, a page at a time, within what their key may see."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from store.casework.lifecycle import CLOCK_RUNS
from store.complaints import within
from store.models import Attachment, Complaint, ComplaintStatus, DeskState, Disposition, Event

Seen = ColumnElement[bool]  # what `agencies.visible` says


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An empty field does not restrict; `since` belongs to a span, `until` no more."""

    tracking: int | None = None
    statuses: tuple[ComplaintStatus, ...] = ()
    agency: str = ""  # that has the case, leading or not
    area: str = ""  # with all within
    category: str = ""
    source: str = ""
    created_since: datetime | None = None
    created_until: datetime | None = None
    updated_since: datetime | None = None
    updated_until: datetime | None = None
    late_on: date | None = None  # its deadline was missed by then, and the clock runs


def page(
    session: Session, seen: Seen, wanted: Wanted, *, size: int, beyond: int | None
) -> list[Complaint]:
    """The newest first, after the row `beyond`: what comes in meanwhile moves no page."""
    statement = select(Complaint).where(seen, *_where(wanted))
    if beyond is not None:
        statement = statement.where(col(Complaint.id) < beyond)
    return list(session.exec(statement.order_by(col(Complaint.id).desc()).limit(size)))


def _where(wanted: Wanted) -> list[ColumnElement[bool]]:
    created, updated = col(Complaint.created_at), col(Complaint.updated_at)
    tests: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
        (wanted.tracking, lambda value: col(Complaint.tracking) == value),
        (wanted.statuses, lambda value: col(Complaint.status).in_(value)),
        (wanted.agency, _at),
        (wanted.area, within),
        (wanted.category, lambda value: col(Complaint.category) == value),
        (wanted.source, lambda value: col(Complaint.source) == value),
        (wanted.created_since, lambda value: created >= value),
        (wanted.created_until, lambda value: created < value),
        (wanted.updated_since, lambda value: updated >= value),
        (wanted.updated_until, lambda value: updated < value),
        (wanted.late_on, _late),
    ]
    return [test(value) for value, test in tests if value]


def _late(day: date) -> ColumnElement[bool]:
    return and_(col(Complaint.status).in_(CLOCK_RUNS), col(Complaint.deadline) < day)


def _at(agency: str) -> ColumnElement[bool]:
    kept = (col(Disposition.agency) == agency, col(Disposition.state) != DeskState.RETURNED)
    return col(Complaint.id).in_(select_columns(col(Disposition.complaint_id)).where(*kept))


def find(session: Session, seen: Seen, tracking: int) -> Complaint | None:
    return session.exec(select(Complaint).where(Complaint.tracking == tracking, seen)).first()


def desks(session: Session, complaints: Sequence[Complaint]) -> Mapping[int, list[Disposition]]:
    """The dispositions of each complaint, by its key, in their order."""
    found: defaultdict[int, list[Disposition]] = defaultdict(list)
    keys = [row.key for row in complaints]
    statement = select(Disposition).where(col(Disposition.complaint_id).in_(keys))
    for row in session.exec(statement.order_by(col(Disposition.id))):
        found[row.complaint_id].append(row)
    return found


def heads(session: Session, seen: Seen, complaints: Sequence[Complaint]) -> Mapping[int, int]:
    """The numbers of the complaints that these were linked to, as far as they may be seen."""
    keys = {row.parent_id for row in complaints if row.parent_id is not None}
    if not keys:
        return {}
    statement = select(Complaint.id, Complaint.tracking).where(col(Complaint.id).in_(keys), seen)
    return {key: tracking for key, tracking in session.exec(statement) if key is not None}


def events(session: Session, complaint: int, *, size: int, beyond: int | None) -> list[Event]:
    """The oldest first."""
    statement = select(Event).where(Event.complaint_id == complaint)
    if beyond is not None:
        statement = statement.where(col(Event.id) > beyond)
    return list(session.exec(statement.order_by(col(Event.id)).limit(size)))


def attachments(session: Session, complaint: int) -> list[Attachment]:
    statement = select(Attachment).where(Attachment.complaint_id == complaint)
    return list(session.exec(statement.order_by(col(Attachment.id))))
