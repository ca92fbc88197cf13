"""Which reply goes next: answers before notices before bulk, one at a time for each person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from store.inbox import changed, written
from store.models import OutboxLane, OutboxRow, OutboxStatus

ORDER = (OutboxLane.ANSWER, OutboxLane.NOTICE, OutboxLane.BULK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What may go out now: which lanes, and answers up to which age."""

    lanes: tuple[OutboxLane, ...] = ORDER
    answer_life: timedelta | None = None  # of an answer whose row says nothing of its own


ANYTHING = Terms()


@dataclass(frozen=True, slots=True)
class Next:
    """A reply that could go out now."""

    id: int
    recipient: str
    lane: OutboxLane


def on_its_way(table: type[OutboxRow]) -> ColumnElement[bool]:
    """The condition of the partial indexes, in their own words."""
    states = (OutboxStatus.QUEUED, OutboxStatus.SENDING)
    return col(table.status).in_([written(state) for state in states])


def due(now: datetime) -> ColumnElement[bool]:
    """Queued, and its time has come."""
    return and_(
        on_its_way(OutboxRow),
        col(OutboxRow.status) == OutboxStatus.QUEUED,
        col(OutboxRow.due_at) <= now,
    )


def wait_behind(session: Session, channel: str, recipient: str, *, until: datetime) -> None:
    """Nothing for this recipient is due before: a long queue behind one refusal costs no look."""
    changed(
        session,
        update(OutboxRow)
        .where(
            on_its_way(OutboxRow),
            col(OutboxRow.status) == OutboxStatus.QUEUED,
            col(OutboxRow.channel) == channel,
            col(OutboxRow.recipient) == recipient,
            col(OutboxRow.due_at) < until,
        )
        .values(due_at=until),
    )


def of_no_use(now: datetime, answer_life: timedelta | None) -> ColumnElement[bool]:
    """Too late to be sent; an answer that was never tried is as old as its `due_at`."""
    aged = and_(
        col(OutboxRow.expires_at).is_(None),
        col(OutboxRow.lane) == OutboxLane.ANSWER,
        col(OutboxRow.due_at) <= now - answer_life if answer_life else false(),
    )
    return or_(func.coalesce(col(OutboxRow.expires_at) <= now, false()), aged)


def upcoming(
    session: Session,
    *,
    channel: str,
    now: datetime,
    limit: int,
    terms: Terms = ANYTHING,
    inbox_id: int | None = None,
    ids: Sequence[int] | None = None,
    lock: bool = False,
) -> list[Next]:
    """The replies of a channel that go next, of one person the first only.

    `inbox_id` and `ids` restrict which; `lock` leaves out those that another drain is taking.
    """
    found: list[Next] = []
    for lane in (lane for lane in ORDER if lane in terms.lanes):
        statement = (
            select(OutboxRow.id, OutboxRow.recipient)
            .where(
                due(now),
                col(OutboxRow.channel) == channel,
                col(OutboxRow.lane) == lane,
                ~of_no_use(now, terms.answer_life),
                *_first_of_its_person(lane),
            )
            .order_by(col(OutboxRow.due_at), col(OutboxRow.id))
            .limit(limit - len(found))
        )
        if inbox_id is not None:
            statement = statement.where(OutboxRow.inbox_id == inbox_id)
        if ids is not None:
            statement = statement.where(col(OutboxRow.id).in_(ids))
        if lock:
            statement = statement.with_for_update(skip_locked=True)
        rows = session.exec(statement).all() if limit > len(found) else []
        found += [Next(key, recipient, lane) for key, recipient in rows if key is not None]
    return found


def _first_of_its_person(lane: OutboxLane) -> tuple[ColumnElement[bool], ...]:
    """The oldest of its lane, with nothing being sent and nothing of an earlier lane on its way.

    A notice that is due tomorrow morning holds up no answer.
    """
    other = aliased(OutboxRow)
    theirs = (
        on_its_way(other),
        col(other.channel) == OutboxRow.channel,
        col(other.recipient) == OutboxRow.recipient,
    )
    oldest = select(func.min(other.id)).where(*theirs, col(other.lane) == lane)
    earlier = [before for before in ORDER if ORDER.index(before) < ORDER.index(lane)]
    ahead = select(other.id).where(
        *theirs,
        or_(
            col(other.status) == OutboxStatus.SENDING,
            col(other.lane).in_(earlier) if earlier else false(),
        ),
    )
    return (
        col(OutboxRow.id) == oldest.scalar_subquery(),
        ahead.limit(1).scalar_subquery().is_(None),
    )
