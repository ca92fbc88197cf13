"""Handing replies to providers: claim, call with no session open, settle."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog

from gateway import metrics
from gateway.channels.base import SendError
from gateway.drain import backoff
from gateway.logs import where
from gateway.runtime import Runtime
from parsers.messages import Failure, Outgoing
from store import outbox
from store.models import OutboxRow

log = structlog.get_logger()
LOOK_AGAIN_SECONDS = 0.05
REST_SECONDS = 1.0  # of a channel whose due replies wait behind one that is to be tried later


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one send ended."""

    row: OutboxRow
    provider_id: str = ""
    error: SendError | None = None


def drain_outbox(rt: Runtime, *, until: float) -> int:
    """Send everything that is due; a slow provider delays its own channel only.

    `until` is a time.monotonic() after which no new round is begun.
    """
    settled = 0
    running: dict[str, Future[int]] = {}
    rests: dict[str, float] = {}
    with ThreadPoolExecutor(max(1, len(rt.adapters)), thread_name_prefix="channel") as pool:
        while True:
            with rt.reading() as session:
                due = outbox.due_channels(session, now=rt.now())
            for channel in due:
                idle = channel not in running and rests.get(channel, 0) <= monotonic() < until
                if idle and channel in rt.adapters:
                    running[channel] = pool.submit(drain_channel, rt, channel, until=until)
            if not running:
                return settled
            ended, _ = wait(running.values(), LOOK_AGAIN_SECONDS, FIRST_COMPLETED)
            for channel in [name for name, future in running.items() if future in ended]:
                count = running.pop(channel).result()
                settled += count
                if not count:
                    rests[channel] = monotonic() + REST_SECONDS


def drain_channel(rt: Runtime, channel: str, *, until: float) -> int:
    """Send what is due on one channel; returns how many rows were settled."""
    settings, settled = rt.settings.outbox, 0
    with ThreadPoolExecutor(settings.parallel, thread_name_prefix=f"send-{channel}") as pool:
        while monotonic() < until and (rows := claim(rt, channel, token := rt.token())):
            outcomes = list(pool.map(lambda row: send(rt, row), rows))
            settle(rt, outcomes, token)
            settled += len(outcomes)
    return settled


def claim(rt: Runtime, channel: str, token: str, *, inbox_id: int | None = None) -> list[OutboxRow]:
    """Lease due replies of a channel to this drain."""
    settings = rt.settings.outbox
    with rt.transaction() as session:
        return outbox.claim(
            session,
            channel=channel,
            token=token,
            now=rt.now(),
            lease=timedelta(seconds=settings.lease_seconds),
            limit=settings.batch,
            inbox_id=inbox_id,
        )


def send(rt: Runtime, row: OutboxRow) -> Outcome:
    """Call the provider; an error nobody foresaw leaves us not knowing whether it went out."""
    adapter = rt.adapters[row.channel]
    reply = Outgoing(
        id=row.key,
        recipient=row.recipient,
        text=row.text[: adapter.max_text],
        origin=row.origin,
    )
    try:
        return Outcome(row, provider_id=adapter.send(reply))
    except SendError as error:
        return Outcome(row, error=error)
    except Exception as error:  # noqa: BLE001 - the reply may have left: it must be held
        log.error("send_crashed", outbox_id=row.id, channel=row.channel, error=where(error))
        return Outcome(row, error=SendError(Failure.UNCERTAIN, type(error).__name__))


def settle(rt: Runtime, outcomes: Sequence[Outcome], token: str) -> None:
    """Write down how a round of sends ended, in one transaction."""
    now = rt.now()
    good = [(item.row.key, item.provider_id) for item in outcomes if not item.error]
    with rt.transaction() as session:
        if good:
            outbox.settle_sent(session, good, token=token, now=now)
        for item in outcomes:
            if item.error:
                outbox.settle(
                    session,
                    item.row.key,
                    token=token,
                    now=now,
                    failure=item.error.failure,
                    code=item.error.code,
                    retry_at=_retry_at(rt, item.row, item.error, now),
                )
    for item in outcomes:
        _count(item, now)


def _retry_at(rt: Runtime, row: OutboxRow, error: SendError, now: datetime) -> datetime | None:
    settings = rt.settings.outbox
    if row.attempts >= settings.attempts:
        return None
    if error.retry_after is not None:
        return now + timedelta(seconds=error.retry_after)
    return backoff(now, row.attempts, settings.backoff_seconds)


def _count(item: Outcome, now: datetime) -> None:
    outcome = item.error.failure.value if item.error else "sent"
    metrics.REPLIED.labels(item.row.channel, outcome).inc()
    if item.error:
        log.warning(
            "send_failed",
            outbox_id=item.row.id,
            channel=item.row.channel,
            failure=outcome,
            code=item.error.code,
            attempt=item.row.attempts,
        )
    else:
        metrics.REPLY_SECONDS.observe((now - item.row.created_at).total_seconds())
