"""Replies on their way: written once, claimed in order, settled by what the provider says."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, false, or_, update
from sqlmodel import Session, col, select

from parsers.messages import Failure, Receipt, ReceiptState
from store.detours import FIRST_CHANNEL, MOVED
from store.inbox import changed
from store.lanes import ANYTHING, Terms, due, of_no_use, on_its_way, upcoming
from store.models import OutboxRow, OutboxStatus
from store.notices import JOINED, cancel_unwanted
from store.notices import notify as notify  # bots queue every notice through here

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
NO_SEGMENTS: Mapping[int, int] = {}
EXPIRED = "expired"
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
    ids: Sequence[int] | None = None,
    terms: Terms = ANYTHING,
) -> list[OutboxRow]:
    """Lease the next reply of up to `limit` recipients of one channel, answers first.

    A notice to somebody who has blocked us or wants none is cancelled instead.
    """
    found = upcoming(
        session,
        channel=channel,
        now=now,
        limit=limit,
        terms=terms,
        inbox_id=inbox_id,
        ids=ids,
        lock=True,
    )
    unwanted = cancel_unwanted(session, channel, found)
    chosen = [item.id for item in found if item.id not in unwanted]
    if not chosen:
        return []
    changed(
        session,
        update(OutboxRow)
        .where(col(OutboxRow.id).in_(chosen), col(OutboxRow.status) == OutboxStatus.QUEUED)
        .values(
            status=OutboxStatus.SENDING,
            claim=token,
            claimed_until=now + lease,
            attempts=OutboxRow.attempts + 1,
        ),
    )
    place = {key: number for number, key in enumerate(chosen)}
    rows = session.exec(select(OutboxRow).where(col(OutboxRow.id).in_(chosen)))
    return sorted(rows, key=lambda row: place[row.key])


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
    expires_at: datetime | None = None,
    segments: int = 0,
) -> bool:
    """Write down how the send ended. Only the drain that claimed the row may do so: else False.

    A RETRY without a time to try again has used up its tries and is failed; `expires_at` is kept
    with it, for the time of the next try no longer says how old the reply is.
    """
    status = AFTER[failure]
    values: dict[str, Any] = {"failure": failure, "code": code, "claim": "", "claimed_until": None}
    if failure is None:
        values |= {"sent_at": now, "provider_id": provider_id}
    elif failure is Failure.RETRY and retry_at is None:
        status = OutboxStatus.FAILED
    elif failure is Failure.RETRY:
        values |= {"due_at": retry_at, "expires_at": expires_at}
    if segments:
        values["segments"] = OutboxRow.segments + segments
    moved = changed(
        session,
        update(OutboxRow)
        .where(
            col(OutboxRow.id) == outbox_id,
            col(OutboxRow.claim) == token,
            col(OutboxRow.status) == OutboxStatus.SENDING,
        )
        .values(status=status, **values),
    )
    return moved > 0


def settle_sent(
    session: Session,
    sent: Sequence[tuple[int, str]],
    *,
    token: str,
    now: datetime,
    segments: Mapping[int, int] = NO_SEGMENTS,
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
            code=case((col(OutboxRow.code).startswith(MOVED), OutboxRow.code), else_=""),
            claim="",
            claimed_until=None,
            sent_at=now,
            provider_id=bindparam("given_id"),
            segments=OutboxRow.segments + bindparam("charged"),
        )
    )
    rows = [
        {"row_id": row_id, "given_id": given, "charged": segments.get(row_id, 0)}
        for row_id, given in sent
    ]
    session.connection().execute(statement, rows)


def confirm(session: Session, receipt: Receipt, failure: Failure = Failure.REJECTED) -> bool:
    """Let a receipt settle or advance a reply; False if there is no such row or it is further.

    `failure` is what the code of a receipt about an undelivered reply means.
    """
    mine = _meant(receipt)
    if mine is None:
        return False
    status, before = MOVES[receipt.state]
    bounced = receipt.state is ReceiptState.UNDELIVERED
    # Queued after a refusal, as we thought, and yet it went out: it must not be tried again.
    tried = and_(col(OutboxRow.status) == OutboxStatus.QUEUED, col(OutboxRow.attempts) > 0)
    here = or_(col(OutboxRow.status).in_(before), false() if bounced else tried)
    values: dict[str, Any] = {
        "status": status,
        "receipt": receipt.state,
        "failure": failure if bounced else None,
        "claimed_until": None,
    }
    if receipt.provider_id:
        values["provider_id"] = receipt.provider_id
    if receipt.code:
        values["code"] = receipt.code
    moved = update(OutboxRow).where(mine, _of_channel(receipt, bounced=bounced), here)
    return changed(session, moved.values(**values)) > 0


def _meant(receipt: Receipt) -> ColumnElement[bool] | None:
    if receipt.outbox_id is not None:
        return col(OutboxRow.id) == receipt.outbox_id
    if receipt.provider_id:
        return col(OutboxRow.provider_id) == receipt.provider_id
    return None


def _of_channel(receipt: Receipt, *, bounced: bool) -> ColumnElement[bool]:
    """The first channel of a row that moved may still say that the reply went out after all."""
    here = col(OutboxRow.channel) == receipt.channel
    if bounced:
        return here
    return or_(here, col(OutboxRow.extra)[FIRST_CHANNEL].as_string() == receipt.channel)


def receipted(session: Session, receipt: Receipt) -> OutboxRow | None:
    """The reply that a receipt is about."""
    mine = _meant(receipt)
    if mine is None:
        return None
    found = select(OutboxRow).where(mine, col(OutboxRow.channel) == receipt.channel)
    return session.exec(found).first()


def hold_expired(session: Session, *, now: datetime) -> int:
    """Hold the replies of drains that died while sending: nobody knows whether they went out."""
    return changed(
        session,
        update(OutboxRow)
        .where(
            on_its_way(OutboxRow),
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
            col(OutboxRow.code) != JOINED,  # a newer notice says the same
        )
        .values(
            status=OutboxStatus.QUEUED,
            attempts=0,
            failure=None,
            code="",
            receipt="",
            provider_id="",
            due_at=now,
            expires_at=None,
        )
        .returning(col(OutboxRow.id))
    )
    queued = session.connection().execute(statement).scalars()
    return sorted(key for key in queued if key is not None)


def due_channels(session: Session, *, now: datetime) -> list[str]:
    """Channels that have a reply to send now."""
    return list(session.exec(select(OutboxRow.channel).where(due(now)).distinct()).all())


def expire(session: Session, *, now: datetime, answer_life: timedelta) -> int:
    """Cancel the replies that nobody would be helped by any more."""
    return changed(
        session,
        update(OutboxRow)
        .where(
            on_its_way(OutboxRow),
            col(OutboxRow.status) == OutboxStatus.QUEUED,
            of_no_use(now, answer_life),
        )
        .values(status=OutboxStatus.CANCELLED, code=EXPIRED),
    )


def sending_expired(session: Session, *, now: datetime) -> bool:
    """Whether a reply is claimed longer than its lease."""
    late = select(OutboxRow.id).where(
        on_its_way(OutboxRow),
        col(OutboxRow.status) == OutboxStatus.SENDING,
        col(OutboxRow.claimed_until) < now,
    )
    return session.exec(late.limit(1)).first() is not None
