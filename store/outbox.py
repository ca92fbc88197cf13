"""Replies on their way: written once, claimed in order, settled by what the provider says."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from parsers.messages import Failure, Receipt, ReceiptState
from store.inbox import changed, written
from store.models import OutboxRow, OutboxStatus

AFTER: dict[Failure | None, OutboxStatus] = {
    None: OutboxStatus.SENT,
    Failure.RETRY: OutboxStatus.QUEUED,
    Failure.UNCERTAIN: OutboxStatus.HELD,
    Failure.REJECTED: OutboxStatus.FAILED,
    Failure.BLOCKED: OutboxStatus.FAILED,
    Failure.CONFIG: OutboxStatus.FAILED,
    Failure.CLOSED: OutboxStatus.FAILED,
}
# A receipt moves a reply forward only: it may settle a doubt, never reopen a settled row.
MOVES: dict[ReceiptState, tuple[OutboxStatus, tuple[OutboxStatus, ...]]] = {
    ReceiptState.ACCEPTED: (OutboxStatus.SENT, (OutboxStatus.SENDING, OutboxStatus.HELD)),
    ReceiptState.DELIVERED: (
        OutboxStatus.DELIVERED,
        (OutboxStatus.SENDING, OutboxStatus.HELD, OutboxStatus.SENT),
    ),
    ReceiptState.READ: (
        OutboxStatus.DELIVERED,
        (OutboxStatus.SENDING, OutboxStatus.HELD, OutboxStatus.SENT, OutboxStatus.DELIVERED),
    ),
    ReceiptState.UNDELIVERED: (
        OutboxStatus.FAILED,
        (OutboxStatus.SENDING, OutboxStatus.HELD, OutboxStatus.SENT),
    ),
}
# What an operator may send again: a failed reply never reached the person; the others might have.
REPLAYABLE = (OutboxStatus.FAILED, OutboxStatus.CANCELLED)
REPLAYABLE_AGAIN = (*REPLAYABLE, OutboxStatus.HELD, OutboxStatus.SENT, OutboxStatus.DELIVERED)


def claim(
    session: Session,
    *,
    channel: str,
    token: str,
    now: datetime,
    lease: timedelta,
    limit: int,
    inbox_id: int | None = None,
) -> list[OutboxRow]:
    """Lease the oldest waiting reply of up to `limit` recipients of one channel."""
    waiting = (
        select(OutboxRow.id)
        .where(*_claimable(channel, now))
        .order_by(col(OutboxRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if inbox_id is not None:
        waiting = waiting.where(OutboxRow.inbox_id == inbox_id)
    ids = session.exec(waiting).all()
    if not ids:
        return []
    changed(
        session,
        update(OutboxRow)
        .where(col(OutboxRow.id).in_(ids), col(OutboxRow.status) == OutboxStatus.QUEUED)
        .values(
            status=OutboxStatus.SENDING,
            claim=token,
            claimed_until=now + lease,
            attempts=OutboxRow.attempts + 1,
        ),
    )
    chosen = select(OutboxRow).where(col(OutboxRow.id).in_(ids)).order_by(col(OutboxRow.id))
    return list(session.exec(chosen).all())


def _claimable(channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Due, and the oldest of its recipient that is still on its way."""
    older = aliased(OutboxRow)
    oldest = (
        select(func.min(older.id))
        .where(
            _on_its_way(older),
            col(older.channel) == OutboxRow.channel,
            col(older.recipient) == OutboxRow.recipient,
        )
        .scalar_subquery()
    )
    return (
        _on_its_way(OutboxRow),
        col(OutboxRow.status) == OutboxStatus.QUEUED,
        col(OutboxRow.channel) == channel,
        col(OutboxRow.due_at) <= now,
        col(OutboxRow.id) == oldest,
    )


def settle(
    session: Session,
    outbox_id: int,
    *,
    token: str,
    now: datetime,
    provider_id: str = "",
    failure: Failure | None = None,
    code: str = "",
    retry_at: datetime | None = None,
) -> None:
    """Write down how the send ended. Only the drain that claimed the row may do so.

    A RETRY without a time to try again has used up its tries and is failed.
    """
    status = AFTER[failure]
    values: dict[str, Any] = {"failure": failure, "code": code, "claim": "", "claimed_until": None}
    if failure is None:
        values |= {"sent_at": now, "provider_id": provider_id}
    elif failure is Failure.RETRY and retry_at is None:
        status = OutboxStatus.FAILED
    elif failure is Failure.RETRY:
        values["due_at"] = retry_at
    changed(
        session,
        update(OutboxRow)
        .where(
            col(OutboxRow.id) == outbox_id,
            col(OutboxRow.claim) == token,
            col(OutboxRow.status) == OutboxStatus.SENDING,
        )
        .values(status=status, **values),
    )


def settle_sent(
    session: Session, sent: Sequence[tuple[int, str]], *, token: str, now: datetime
) -> None:
    """`settle` for many (row id, provider id) that went out, in one statement."""
    statement = (
        update(OutboxRow)
        .where(
            col(OutboxRow.id) == bindparam("row_id"),
            col(OutboxRow.claim) == token,
            col(OutboxRow.status) == OutboxStatus.SENDING,
        )
        .values(
            status=OutboxStatus.SENT,
            failure=None,
            code="",
            claim="",
            claimed_until=None,
            sent_at=now,
            provider_id=bindparam("given_id"),
        )
    )
    rows = [{"row_id": row_id, "given_id": given} for row_id, given in sent]
    session.connection().execute(statement, rows)


def confirm(session: Session, receipt: Receipt) -> bool:
    """Let a receipt settle or advance a reply; False if there is no such row or it is further."""
    if receipt.outbox_id is not None:
        mine = col(OutboxRow.id) == receipt.outbox_id
    elif receipt.provider_id:
        mine = col(OutboxRow.provider_id) == receipt.provider_id
    else:
        return False
    status, before = MOVES[receipt.state]
    bounced = receipt.state is ReceiptState.UNDELIVERED
    # Queued after a refusal, as we thought, and yet it went out: it must not be tried again.
    tried = and_(col(OutboxRow.status) == OutboxStatus.QUEUED, col(OutboxRow.attempts) > 0)
    here = or_(col(OutboxRow.status).in_(before), false() if bounced else tried)
    values: dict[str, Any] = {
        "status": status,
        "receipt": receipt.state,
        "failure": Failure.REJECTED if bounced else None,
        "claimed_until": None,
    }
    if receipt.provider_id:
        values["provider_id"] = receipt.provider_id
    if receipt.code:
        values["code"] = receipt.code
    moved = (
        update(OutboxRow)
        .where(mine, col(OutboxRow.channel) == receipt.channel, here)
        .values(**values)
    )
    return changed(session, moved) > 0


def hold_expired(session: Session, *, now: datetime) -> int:
    """Hold the replies of drains that died while sending: nobody knows whether they went out."""
    return changed(
        session,
        update(OutboxRow)
        .where(
            _on_its_way(OutboxRow),
            col(OutboxRow.status) == OutboxStatus.SENDING,
            col(OutboxRow.claimed_until) < now,
        )
        .values(status=OutboxStatus.HELD, failure=Failure.UNCERTAIN, claim="", claimed_until=None),
    )


def replay(session: Session, ids: Sequence[int], *, now: datetime, again: bool) -> list[int]:
    """Queue replies once more; returns those really queued.

    Without `again` only replies that never went out; with it also held and sent ones.
    """
    statement = (
        update(OutboxRow)
        .where(
            col(OutboxRow.id).in_(ids),
            col(OutboxRow.status).in_(REPLAYABLE_AGAIN if again else REPLAYABLE),
        )
        .values(
            status=OutboxStatus.QUEUED,
            attempts=0,
            failure=None,
            code="",
            receipt="",
            provider_id="",
            due_at=now,
        )
        .returning(col(OutboxRow.id))
    )
    queued = session.connection().execute(statement).scalars()
    return sorted(key for key in queued if key is not None)


def due_channels(session: Session, *, now: datetime) -> list[str]:
    """Channels that have a reply to send now."""
    waiting = select(OutboxRow.channel).where(
        _on_its_way(OutboxRow),
        col(OutboxRow.status) == OutboxStatus.QUEUED,
        col(OutboxRow.due_at) <= now,
    )
    return list(session.exec(waiting.distinct()).all())


def sending_expired(session: Session, *, now: datetime) -> bool:
    """Whether a reply is claimed longer than its lease."""
    late = select(OutboxRow.id).where(
        _on_its_way(OutboxRow),
        col(OutboxRow.status) == OutboxStatus.SENDING,
        col(OutboxRow.claimed_until) < now,
    )
    return session.exec(late.limit(1)).first() is not None


def _on_its_way(table: type[OutboxRow]) -> ColumnElement[bool]:
    """The condition of the partial indexes, in their own words."""
    states = (OutboxStatus.QUEUED, OutboxStatus.SENDING)
    return col(table.status).in_([written(state) for state in states])
