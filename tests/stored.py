"""Rows of the inbox and the outbox: put there, claimed, settled."""

from datetime import datetime, timedelta
from typing import Any

from gateway.runtime import Runtime
from parsers.messages import Envelope
from store import inbox
from store.models import InboxRow, OutboxRow
from tests.harness import NOON, rows

LEASE = timedelta(seconds=30)
LATER = NOON + timedelta(minutes=5)
ANA, BUDI, CITRA = "+6281200000001", "+6281200000002", "+6281200000003"


def put(rt: Runtime, *envelopes: Envelope) -> int:
    with rt.transaction() as session:
        return inbox.record(session, envelopes, now=NOON)


def lease(
    rt: Runtime, token: str, *, now: datetime = NOON, limit: int = 100, lane: str = "live"
) -> list[int]:
    with rt.transaction() as session:
        claimed = inbox.claim(session, lane=lane, token=token, now=now, lease=LEASE, limit=limit)
        return [row.key for row in claimed]


def finish(rt: Runtime, ids: list[int], token: str, *, now: datetime = NOON) -> None:
    with rt.transaction() as session:
        inbox.finish(session, ids, token=token, now=now)


def fail(rt: Runtime, row: int, token: str, *, retry_at: datetime | None) -> None:
    with rt.transaction() as session:
        inbox.fail(session, row, token=token, error="KeyError at a.py:1 in b", retry_at=retry_at)


def inbox_states(rt: Runtime) -> list[str]:
    return [row.status for row in rows(rt, InboxRow)]


def replay(rt: Runtime, ids: list[int], *, again: bool = False) -> list[int]:
    with rt.transaction() as session:
        return inbox.replay(session, ids, now=NOON, again=again)


def reply(number: int | str = 1, **more: Any) -> OutboxRow:
    values = {
        "dedupe": f"reply-{number}",
        "kind": "received",
        "channel": "sms",
        "recipient": ANA,
        "text": "Laporan 1234567 diterima",
        "due_at": NOON,
        "created_at": NOON,
    }
    return OutboxRow(**values | more)


def add(rt: Runtime, *replies: OutboxRow) -> None:
    with rt.transaction() as session:
        for item in replies:
            session.add(item)
            session.flush()


def only(rt: Runtime) -> OutboxRow:
    (row,) = rows(rt, OutboxRow)
    assert isinstance(row, OutboxRow)
    return row
