"""What waits on the desks of an agency, for the message that its officers get once a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from store.agencies.scope import Scope
from store.casework.lifecycle import AT_WORK, OPEN, UNANSWERED
from store.models import Complaint, ComplaintStatus, Disposition, OutboxRow
from store.notices import DIGEST


@dataclass(frozen=True, slots=True)
class Times:
    """What counts as new: since the last digest, up to the last day that is warned of."""

    since: datetime
    since_day: date
    today: date
    warn_until: date


@dataclass(frozen=True, slots=True)
class Item:
    """A complaint as a line of a list shows it."""

    tracking: int
    category: str | None
    place: str | None
    privacy: str
    due: date


@dataclass(frozen=True, slots=True)
class Section:
    """Some of the complaints that are alike, and how many there are."""

    count: int
    items: Sequence[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    new: Section
    soon: Section
    late: Section  # since the last digest
    commented: Section
    triage: Section  # of no agency: for national officers
    open: int
    overdue: int  # of those

    @property
    def says_something(self) -> bool:
        found = (self.new, self.soon, self.late, self.commented, self.triage)
        return any(section.count for section in found)


def overview(session: Session, scope: Scope, times: Times, *, limit: int) -> Overview:
    """What is new for the agencies of a scope, confidential complaints of its own included."""
    desk = col(Disposition.deadline)
    waits = and_(
        scope.own.sought(col(Disposition.agency)),
        col(Disposition.state).in_(UNANSWERED),
        col(Complaint.status).in_(OPEN),
    )
    runs = and_(
        waits,
        col(Disposition.state).in_(AT_WORK),
        col(Complaint.status) != ComplaintStatus.DEFERRED,
    )
    late = and_(runs, desk < times.today)
    said = and_(
        waits,
        col(Complaint.status) == ComplaintStatus.COMMENTED,
        col(Complaint.updated_at) >= times.since,
    )

    def section(which: ColumnElement[bool]) -> Section:
        return _section(session, which, limit)

    return Overview(
        new=section(and_(waits, col(Disposition.at) >= times.since)),
        soon=section(and_(runs, desk.between(times.today, times.warn_until))),
        late=section(and_(late, desk >= times.since_day)),
        commented=section(said),
        triage=_triage(session, times, limit) if scope.own.everything else Section(0, ()),
        open=_count(session, waits),
        overdue=_count(session, late),
    )


def last_sent(session: Session, channel: str, recipient: str) -> datetime | None:
    """When the newest digest of this officer was written."""
    mine = (
        select(OutboxRow.created_at)
        .where(
            OutboxRow.channel == channel,
            col(OutboxRow.recipient) == recipient,
            col(OutboxRow.kind) == DIGEST,
        )
        .order_by(col(OutboxRow.id).desc())
    )
    return session.exec(mine.limit(1)).first()


def _section(session: Session, which: ColumnElement[bool], limit: int) -> Section:
    rows = session.connection().execute(
        select_columns(
            col(Complaint.tracking),
            col(Complaint.category),
            col(Complaint.place),
            col(Complaint.privacy),
            col(Disposition.deadline),
        )
        .select_from(Disposition)
        .join(Complaint, col(Complaint.id) == col(Disposition.complaint_id))
        .where(which)
        .order_by(col(Disposition.deadline), col(Disposition.id))
        .limit(limit)
    )
    items = [Item(*row) for row in rows]
    return Section(_count(session, which) if len(items) == limit else len(items), items)


def _count(session: Session, which: ColumnElement[bool]) -> int:
    statement = (
        select(func.count())
        .select_from(Disposition)
        .join(Complaint, col(Complaint.id) == col(Disposition.complaint_id))
        .where(which)
    )
    return session.exec(statement).one()


def _triage(session: Session, times: Times, limit: int) -> Section:
    """What came into triage, or back to it."""
    which = and_(
        col(Complaint.status) == ComplaintStatus.TRIAGE,
        col(Complaint.updated_at) >= times.since,
    )
    rows = session.exec(
        select(Complaint)
        .where(which)
        .order_by(col(Complaint.deadline), col(Complaint.id))
        .limit(limit)
    )
    items = [Item(row.tracking, row.category, row.place, row.privacy, row.deadline) for row in rows]
    if len(items) < limit:
        return Section(len(items), items)
    count = select(func.count()).select_from(Complaint).where(which)
    return Section(session.exec(count).one(), items)
