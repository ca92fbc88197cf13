"""Draining the inbox: lease what is due, understand it, settle it; a poison message fails alone."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic

import structlog

from bots import intake
from bots.hearing import Heard, hear
from gateway import metrics
from gateway.faults import where
from gateway.runtime import Runtime
from store import complaints, inbox
from store.models import InboxRow, Lane

log = structlog.get_logger()


class Deadly(Exception):
    """Each worker that took this message died before it could say why."""


def drain_inbox(
    rt: Runtime,
    lane: Lane,
    *,
    until: float,
    only: int | None = None,
    settled_some: Callable[[], object] = lambda: None,
) -> int:
    """Settle everything that is due in a lane (or one row of it); returns how many rows.

    `until` is a time.monotonic() after which no new batch is begun; `settled_some` is called after
    each batch, so that replies go out while the next one is read.
    """
    settled = 0
    while monotonic() < until:
        token = rt.token()
        rows, states = _claim(rt, lane, token, only)
        if not rows:
            break
        heard = [item for row in rows if (item := _hear(rt, row, states, token))]
        settled += _settle(rt, heard, token)
        settled_some()
    metrics.PROCESSED.labels(lane.value).inc(settled)
    return settled


def _claim(
    rt: Runtime, lane: Lane, token: str, only: int | None
) -> tuple[list[InboxRow], dict[tuple[str, str], dict[str, object]]]:
    """Leased rows, and what is remembered of their conversations."""
    settings = rt.settings.intake
    with rt.transaction() as session:
        rows = inbox.claim(
            session,
            lane=lane,
            token=token,
            now=rt.now(),
            lease=timedelta(seconds=settings.lease_seconds),
            limit=settings.batch,
            only=only,
        )
        senders = [(row.channel, row.sender) for row in rows]
        known = complaints.conversations(session, senders) if rows else {}
        return rows, {sender: conversation.state for sender, conversation in known.items()}


def _hear(
    rt: Runtime,
    row: InboxRow,
    states: dict[tuple[str, str], dict[str, object]],
    token: str,
) -> Heard | None:
    """Understand outside any transaction; a text that breaks the reader harms no other row."""
    try:
        if row.attempts > rt.settings.intake.attempts:
            raise Deadly
        return hear(row, states.get((row.channel, row.sender), {}), rt.desk())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is kept on the row
        _fail(rt, row, token, error)
        return None


def _settle(rt: Runtime, heard: Sequence[Heard], token: str) -> int:
    """All in one transaction; if that fails, each alone, so that the culprit is found."""
    if not heard:
        return 0
    try:
        rt.unit(lambda session: intake.process(session, heard, token=token, desk=rt.desk()))
    except inbox.ClaimLost:
        log.warning("claim_lost", rows=len(heard))
        return 0
    except Exception as error:  # noqa: BLE001 - whatever it is, it is kept on the row
        if len(heard) == 1:
            _fail(rt, heard[0].row, token, error)
            return 0
        return sum(_settle(rt, [item], token) for item in heard)
    return len(heard)


def _fail(rt: Runtime, row: InboxRow, token: str, error: Exception) -> None:
    """Try again later; after the last try the row is dead, and its sender is told the truth."""
    settings = rt.settings.intake
    metrics.FAILED.labels(row.lane).inc()
    log.error("message_failed", inbox_id=row.id, attempt=row.attempts, error=where(error))
    last = row.attempts >= settings.attempts
    retry_at = None if last else backoff(rt.now(), row.attempts, settings.backoff_seconds)
    with rt.transaction() as session:
        ours = inbox.fail(session, row.key, token=token, error=where(error), retry_at=retry_at)
        if ours and last:
            intake.give_up(session, row, now=rt.now())


def backoff(now: datetime, attempts: int, first: float, *, longest: float = 3600) -> datetime:
    """When to try again after `attempts` tries: the wait doubles each time."""
    return now + timedelta(seconds=min(first * 2 ** (attempts - 1), longest))
