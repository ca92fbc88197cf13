"""Another way for a reply that its own channel does not take; never for one that may be out."""

from datetime import datetime

from sqlalchemy import JSON, bindparam, update
from sqlmodel import Session, col, select

from parsers.messages import Failure
from store.inbox import changed
from store.lanes import due
from store.models import OutboxRow, OutboxStatus
from store.notices import named

FIRST_CHANNEL = "first_channel"  # in `extra`: where a row was before it moved, which it does once
MOVED = "from "  # how the code of such a row begins


def by_sms(session: Session, row: OutboxRow, *, channel: str, text: str, now: datetime) -> bool:
    """Queue the words once more, as an SMS to the same number; False if that was done before.

    Without the buttons: an answer to them would come in another conversation.
    """
    dedupe = f"{row.dedupe}-sms"
    if named(session, dedupe) is not None:
        return False
    session.add(
        OutboxRow(
            dedupe=dedupe,
            inbox_id=row.inbox_id,
            complaint_id=row.complaint_id,
            kind=row.kind,
            lane=row.lane,
            channel=channel,
            recipient=row.recipient,
            text=text,
            expires_at=row.expires_at,
            due_at=now,
            created_at=now,
        )
    )
    session.flush()
    return True


def came_from(row: OutboxRow) -> str:
    """The channel that it was moved from, or ""."""
    return str(row.extra.get(FIRST_CHANNEL, ""))


def move(
    session: Session,
    row: OutboxRow,
    *,
    token: str,
    to: str,
    now: datetime,
    failure: Failure,
    code: str,
    expires_at: datetime | None,
) -> bool:
    """Queue a refused reply for another channel; only the drain that claimed it may do so."""
    moved = update(OutboxRow).where(
        col(OutboxRow.id) == row.id,
        col(OutboxRow.claim) == token,
        col(OutboxRow.status) == OutboxStatus.SENDING,
    )
    values = {
        "status": OutboxStatus.QUEUED,
        "channel": to,
        "origin": "",  # a number of the first channel
        "extra": row.extra | {FIRST_CHANNEL: row.channel},
        "failure": failure,
        "code": f"{MOVED}{row.channel} {code}".strip(),
        "claim": "",
        "claimed_until": None,
        "due_at": now,
        "expires_at": expires_at,
    }
    return changed(session, moved.values(**values)) > 0


def divert(session: Session, channel: str, to: str, *, now: datetime, limit: int) -> int:
    """Move what is due on a channel whose provider is down; rows that have moved before stay."""
    found = session.exec(
        select(OutboxRow)
        .where(due(now), col(OutboxRow.channel) == channel)
        .order_by(col(OutboxRow.due_at), col(OutboxRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    rows = [
        {"row_id": row.id, "told": row.extra | {FIRST_CHANNEL: channel}}
        for row in found
        if not came_from(row)
    ]
    if not rows:
        return 0
    statement = (
        update(OutboxRow)
        .where(
            col(OutboxRow.id) == bindparam("row_id"),
            col(OutboxRow.status) == OutboxStatus.QUEUED,
            col(OutboxRow.channel) == channel,
        )
        .values(channel=to, origin="", extra=bindparam("told", type_=JSON), code=MOVED + channel)
    )
    session.connection().execute(statement, rows)
    return len(rows)
