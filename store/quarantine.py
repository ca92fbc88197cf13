"""Requests that failed their proof of origin: kept within bounds until a person looks."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from parsers.messages import storable
from store.inbox import changed
from store.models import QuarantineRow, QuarantineStatus


def keep(
    session: Session,
    *,
    channel: str,
    reason: str,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    max_bytes: int,
) -> None:
    """Keep a refused request, its body and query cut at `max_bytes`."""
    session.add(
        QuarantineRow(
            channel=channel,
            reason=reason,
            method=method,
            path=storable(path[:200]),
            query=storable(query[:max_bytes]),
            headers={name: storable(value[:500]) for name, value in list(headers.items())[:40]},
            body=storable(body[:max_bytes].decode("utf-8", "replace")),
            received_at=now,
        )
    )


def trim(session: Session, *, now: datetime, max_rows: int, max_days: int) -> int:
    """Delete what is too old or too much, the oldest first; returns how many rows went."""
    kept = select(QuarantineRow.id).order_by(col(QuarantineRow.id).desc()).offset(max_rows).limit(1)
    newest_surplus = session.exec(kept).first()
    gone = changed(
        session,
        delete(QuarantineRow).where(
            col(QuarantineRow.received_at) < now - timedelta(days=max_days)
        ),
    )
    if newest_surplus is not None:
        gone += changed(
            session, delete(QuarantineRow).where(col(QuarantineRow.id) <= newest_surplus)
        )
    return gone


def release(session: Session, row_id: int) -> QuarantineRow | None:
    """Mark a kept row released, once; None if there is no such row to release."""
    row = session.exec(
        select(QuarantineRow)
        .where(QuarantineRow.id == row_id, QuarantineRow.status == QuarantineStatus.KEPT)
        .with_for_update()
    ).first()
    if row:
        row.status = QuarantineStatus.RELEASED
        session.add(row)
    return row
