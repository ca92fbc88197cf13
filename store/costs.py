"""What replies cost: segments by channel and by complaint."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from store.models import Complaint, OutboxRow


@dataclass(frozen=True, slots=True)
class OfChannel:
    channel: str
    replies: int
    segments: int


@dataclass(frozen=True, slots=True)
class OfComplaints:
    """What the complaints that cost anything cost."""

    count: int
    segments: int
    costliest: int | None  # tracking number
    most: int  # its segments


def by_channel(session: Session, *, since: datetime) -> list[OfChannel]:
    statement = (
        select(OutboxRow.channel, func.count(col(OutboxRow.id)), func.sum(OutboxRow.segments))
        .where(_went_out(since))
        .group_by(OutboxRow.channel)
        .order_by(OutboxRow.channel)
    )
    return [
        OfChannel(channel, count, int(total)) for channel, count, total in session.exec(statement)
    ]


def by_complaint(session: Session, *, since: datetime) -> OfComplaints:
    segments = func.sum(OutboxRow.segments)
    each = (
        select(OutboxRow.complaint_id, segments.label("segments"))
        .where(_went_out(since), col(OutboxRow.complaint_id).is_not(None))
        .group_by(col(OutboxRow.complaint_id))
        .having(segments > 0)
        .subquery()
    )
    count, total = session.exec(
        select(func.count(), func.coalesce(func.sum(each.c.segments), 0)).select_from(each)
    ).one()
    top = session.exec(
        select(Complaint.tracking, each.c.segments)
        .join(each, each.c.complaint_id == col(Complaint.id))
        .order_by(each.c.segments.desc(), col(Complaint.id))
        .limit(1)
    ).first()
    tracking, most = top or (None, 0)
    return OfComplaints(count, int(total), tracking, int(most))


def _went_out(since: datetime) -> ColumnElement[bool]:
    """A held reply is paid for as well, as far as we know."""
    went = or_(col(OutboxRow.sent_at).is_not(None), col(OutboxRow.segments) > 0)
    return and_(col(OutboxRow.created_at) >= since, went)
