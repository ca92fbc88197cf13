"""Inbound messages: stored once, claimed in sender order, settled by whoever claimed them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CursorResult,
    Executable,
    Text,
    func,
    literal,
    or_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from parsers.messages import Envelope
from store.models import InboxRow, InboxStatus, Lane, OutboxRow

_CONFLICT_FREE: Mapping[str, Executable] = {
    "sqlite": sqlite.insert(InboxRow).on_conflict_do_nothing().returning(col(InboxRow.id)),
    "postgresql": postgresql.insert(InboxRow).on_conflict_do_nothing().returning(col(InboxRow.id)),
}


class ClaimLost(Exception):
    """The lease ran out and another drain took a row of this batch."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a thread as a phone shows it."""

    id: str
    direction: str  # in, out
    text: str
    at: datetime
    status: str


def changed(session: Session, statement: Executable) -> int:
    """Run an UPDATE, INSERT or DELETE and say how many rows it touched."""
    result: CursorResult[Any] = session.connection().execute(statement)
    return result.rowcount


def record(session: Session, envelopes: Sequence[Envelope], *, now: datetime) -> int:
    """Store messages once each; returns how many were new, the rest are repeats."""
    rows = [
        {
            "channel": envelope.channel,
            "provider_id": envelope.provider_id,
            "sender": envelope.sender,
            "recipient": envelope.recipient,
            "text": envelope.text,
            "extra": envelope.extra(),
            "message_ref": envelope.message_ref,
            "received_at": envelope.received_at,
            "stored_at": now,
            "due_at": now,
        }
        for envelope in envelopes
    ]
    connection = session.connection()
    stored = connection.execute(_CONFLICT_FREE[connection.dialect.name], rows)
    return len(stored.scalars().all())


def claim(
    session: Session,
    *,
    lane: str,
    token: str,
    now: datetime,
    lease: timedelta,
    limit: int,
    only: int | None = None,
) -> list[InboxRow]:
    """Lease the oldest waiting message of up to `limit` senders to this drain.

    A message waits while an older one of the same sender (in the same lane) is not settled,
    so that several drains at once cannot reorder one sender. One that took its drain down with it
    comes alone: only the culprit does so again.
    """
    waiting = (
        select(InboxRow.id, InboxRow.claim)
        .where(*_claimable(lane, now))
        .order_by(col(InboxRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if only is not None:
        waiting = waiting.where(InboxRow.id == only)
    found = session.exec(waiting).all()
    abandoned = [key for key, claim in found if claim]
    ids = abandoned[:1] or [key for key, _ in found]
    if not ids:
        return []
    changed(
        session,
        update(InboxRow)
        .where(col(InboxRow.id).in_(ids))
        .values(claim=token, claimed_until=now + lease, attempts=InboxRow.attempts + 1),
    )
    chosen = select(InboxRow).where(col(InboxRow.id).in_(ids)).order_by(col(InboxRow.id))
    return list(session.exec(chosen).all())


def _claimable(lane: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Due, leased to nobody, and the oldest of its sender.

    The oldest is looked up for each row, which an index answers; as NOT EXISTS the planner of
    PostgreSQL makes a join of all waiting rows with each other.
    """
    older = aliased(InboxRow)
    oldest = (
        select(func.min(older.id))
        .where(
            col(older.status) == written(InboxStatus.RECEIVED),
            col(older.lane) == lane,
            col(older.channel) == InboxRow.channel,
            col(older.sender) == InboxRow.sender,
        )
        .scalar_subquery()
    )
    return (
        col(InboxRow.status) == written(InboxStatus.RECEIVED),
        col(InboxRow.lane) == lane,
        col(InboxRow.due_at) <= now,
        or_(col(InboxRow.claimed_until).is_(None), col(InboxRow.claimed_until) < now),
        col(InboxRow.id) == oldest,
    )


def written(value: str) -> BindParameter[str]:
    """A state spelt out in the statement: a partial index serves only what the planner can read."""
    return literal(str(value), Text, literal_execute=True)


def finish(session: Session, ids: Sequence[int], *, token: str, now: datetime) -> None:
    """Mark claimed messages done; ClaimLost if any of them is no longer ours."""
    done = changed(
        session,
        update(InboxRow)
        .where(
            col(InboxRow.id).in_(ids),
            col(InboxRow.claim) == token,
            col(InboxRow.status) == InboxStatus.RECEIVED,
        )
        .values(status=InboxStatus.DONE, done_at=now, claimed_until=None, claim="", error=""),
    )
    if done != len(ids):
        raise ClaimLost


def fail(
    session: Session, inbox_id: int, *, token: str, error: str, retry_at: datetime | None
) -> bool:
    """Keep the error on the row; without a time to retry the row is dead and a person must look.

    False if the row is no longer ours.
    """
    status = InboxStatus.RECEIVED if retry_at else InboxStatus.DEAD
    values: dict[str, Any] = {"status": status, "error": error, "claim": "", "claimed_until": None}
    if retry_at:
        values["due_at"] = retry_at
    failed = (
        update(InboxRow)
        .where(
            col(InboxRow.id) == inbox_id,
            col(InboxRow.claim) == token,
            col(InboxRow.status) == InboxStatus.RECEIVED,
        )
        .values(**values)
    )
    return changed(session, failed) > 0


def replay(session: Session, ids: Sequence[int], *, now: datetime, again: bool) -> list[int]:
    """Put settled messages through once more, in the bulk lane; returns those really queued.

    `again` allows replies that already went out to be sent a second time.
    """
    statement = (
        update(InboxRow)
        .where(
            col(InboxRow.id).in_(ids),
            col(InboxRow.status).in_([InboxStatus.DONE, InboxStatus.DEAD]),
        )
        .values(
            status=InboxStatus.RECEIVED,
            lane=Lane.BULK,
            attempts=0,
            error="",
            due_at=now,
            done_at=None,
            generation=InboxRow.generation + (1 if again else 0),
        )
        .returning(col(InboxRow.id))
    )
    queued = session.connection().execute(statement).scalars()
    return sorted(key for key in queued if key is not None)


def due(session: Session, lane: str, *, now: datetime) -> bool:
    """Whether a drain of this lane would find work that nobody has leased."""
    waiting = select(InboxRow.id).where(
        col(InboxRow.status) == InboxStatus.RECEIVED,
        col(InboxRow.lane) == lane,
        col(InboxRow.due_at) <= now,
        or_(col(InboxRow.claimed_until).is_(None), col(InboxRow.claimed_until) < now),
    )
    return session.exec(waiting.limit(1)).first() is not None


def oldest_waiting(session: Session) -> datetime | None:
    """When the oldest unsettled live message was stored."""
    return session.exec(
        select(func.min(InboxRow.stored_at)).where(
            col(InboxRow.status) == InboxStatus.RECEIVED, col(InboxRow.lane) == Lane.LIVE
        )
    ).one()


def find(session: Session, channel: str, provider_id: str) -> InboxRow | None:
    return session.exec(
        select(InboxRow).where(
            col(InboxRow.channel) == channel, InboxRow.provider_id == provider_id
        )
    ).first()


def answers(session: Session, inbox_id: int) -> list[OutboxRow]:
    """The replies that a message caused, oldest first."""
    return list(
        session.exec(
            select(OutboxRow).where(OutboxRow.inbox_id == inbox_id).order_by(col(OutboxRow.id))
        )
    )


def thread(session: Session, channel: str, sender: str, *, limit: int = 50) -> list[Line]:
    """The newest lines between one sender and 1708, oldest first."""
    rows = session.exec(
        select(InboxRow)
        .where(InboxRow.channel == channel, col(InboxRow.sender) == sender)
        .order_by(col(InboxRow.id).desc())
        .limit(limit)
    )
    answers = session.exec(
        select(OutboxRow)
        .where(OutboxRow.channel == channel, col(OutboxRow.recipient) == sender)
        .order_by(col(OutboxRow.id).desc())
        .limit(limit)
    )
    lines = [Line(f"in-{row.key}", "in", row.text, row.stored_at, row.status) for row in rows]
    lines += [
        Line(f"out-{row.key}", "out", row.text, row.created_at, row.status) for row in answers
    ]
    return sorted(lines, key=lambda line: (line.at, line.direction))
