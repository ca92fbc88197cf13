"""What follows from how a send ended: settled, tried again, another way, or nothing more."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import structlog
from sqlmodel import Session

from gateway import metrics
from gateway.channels.base import SendError
from gateway.channels.rendering import numbered
from gateway.drain import backoff
from gateway.pace import EachForItself, pace_of
from gateway.runtime import Runtime
from parsers.messages import Button, Failure, Receipt, ReceiptState
from store import detours, lanes, notices, outbox
from store.models import OutboxLane, OutboxRow

log = structlog.get_logger()
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
# *bold*, _italic_, ~struck~ and ```plain```: https://faq.whatsapp.com/539178204879377
FORMATTED = re.compile(r"(?<!\w)(```|[*_~])(?=\S)(.+?)(?<=\S)\1(?!\w)", re.DOTALL)
# The provider does not work, as far as one can see from here; a wrong number is no such case.
SICK = (Failure.RETRY, Failure.CONFIG, Failure.UNCERTAIN)
REFUSED = (Failure.RETRY, Failure.CONFIG)  # surely not sent


@runtime_checkable
class CountsSegments(Protocol):
    """A channel that is paid for by the segment."""

    def segments(self, text: str) -> int: ...


@runtime_checkable
class ExplainsCodes(Protocol):
    """A channel whose receipts say why a reply was not delivered."""

    @property
    def failures(self) -> Mapping[str, Failure]: ...


@runtime_checkable
class Patient(Protocol):
    """A channel that has its own number of tries."""

    @property
    def attempts(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one send ended."""

    row: OutboxRow
    provider_id: str = ""
    error: SendError | None = None


def settle(rt: Runtime, outcomes: Sequence[Outcome], token: str) -> None:
    """Write down how a round of sends ended, in one transaction."""
    now = rt.now()
    good = [item for item in outcomes if not item.error]
    charged = {item.row.key: segments_of(rt, item.row) for item in good}
    with rt.transaction() as session:
        _block(session, rt, outcomes, now)
        if good:
            sent = [(item.row.key, item.provider_id) for item in good]
            outbox.settle_sent(session, sent, token=token, now=now, segments=charged)
        for item in outcomes:
            if item.error:
                _settle_failed(session, rt, item.row, item.error, token, now)
    for item in outcomes:
        _count(item, now, charged.get(item.row.key, 0))
    for channel in {item.row.channel for item in outcomes}:
        ended = [item for item in outcomes if item.row.channel == channel]
        pace_of(rt).note(channel, (_is_sick(item.error) for item in ended))


def confirm(rt: Runtime, receipt: Receipt) -> bool:
    """Let a receipt move its reply; one that says why it failed has the same consequences."""
    now, failure = rt.now(), _meaning(rt, receipt)
    with rt.transaction() as session:
        row = outbox.receipted(session, receipt) if failure else None
        if row and failure is Failure.BLOCKED:
            tried_at = row.sent_at or row.created_at
            notices.block(session, row.channel, row.recipient, tried_at=tried_at)
        moved = outbox.confirm(session, receipt, failure or Failure.REJECTED)
        if moved and row and failure:
            _follow_up(session, rt, row, failure, now)
    return moved


def buttons_of(row: OutboxRow) -> tuple[Button, ...]:
    return tuple(Button(str(key), str(label)) for key, label in row.extra.get("buttons", ()))


def segments_of(rt: Runtime, row: OutboxRow) -> int:
    """What is charged for it, the choices included that an SMS has in its text."""
    adapter = rt.adapters[row.channel]
    if not isinstance(adapter, CountsSegments):
        return 0
    return adapter.segments(numbered(row.text, buttons_of(row)))


def answer_life(rt: Runtime) -> timedelta:
    return timedelta(hours=rt.settings.outbox.answer_hours)


def plain(text: str) -> str:
    """Without the marks that WhatsApp shows as bold or italic letters."""
    return FORMATTED.sub(r"\2", text)


def _is_sick(error: SendError | None) -> bool:
    return error is not None and error.failure in SICK


def _meaning(rt: Runtime, receipt: Receipt) -> Failure | None:
    adapter = rt.adapters.get(receipt.channel)
    if receipt.state is not ReceiptState.UNDELIVERED or not isinstance(adapter, ExplainsCodes):
        return None
    return adapter.failures.get(receipt.code)


def _block(session: Session, rt: Runtime, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Before any reply is touched: intake, too, takes the conversation first."""
    lease = timedelta(seconds=rt.settings.outbox.lease_seconds)
    people = {
        (row.channel, row.recipient): (row.claimed_until or now + lease) - lease
        for row, error in ((item.row, item.error) for item in outcomes)
        if error and error.failure is Failure.BLOCKED
    }
    for (channel, recipient), tried_at in sorted(people.items()):
        notices.block(session, channel, recipient, tried_at=tried_at)


def _settle_failed(
    session: Session, rt: Runtime, row: OutboxRow, error: SendError, token: str, now: datetime
) -> None:
    failure = error.failure
    expires_at = row.expires_at
    if expires_at is None and row.lane == OutboxLane.ANSWER:
        expires_at = row.due_at + answer_life(rt)
    if to := _second_provider(rt, row, failure):
        detours.move(
            session,
            row,
            token=token,
            to=to,
            now=now,
            failure=failure,
            code=error.code,
            expires_at=expires_at,
        )
        return
    retry_at = _retry_at(rt, row, error, now) if failure is Failure.RETRY else None
    ours = outbox.settle(
        session,
        row.key,
        token=token,
        now=now,
        failure=failure,
        code=_code(row, error),
        retry_at=retry_at,
        expires_at=expires_at,
        segments=segments_of(rt, row) if failure is Failure.UNCERTAIN else 0,
    )
    if ours:
        _follow_up(session, rt, row, failure, now)
    if retry_at and isinstance(rt.adapters[row.channel], EachForItself):
        lanes.wait_behind(session, row.channel, row.recipient, until=retry_at)


def _follow_up(
    session: Session, rt: Runtime, row: OutboxRow, failure: Failure, now: datetime
) -> None:
    match failure:
        case Failure.BLOCKED:
            notices.cancel_notices(session, row.channel, row.recipient, code=notices.BLOCKED)
        case Failure.CLOSED if (channel := rt.sms_channel) and channel != row.channel:
            if NUMBER.fullmatch(row.recipient):
                detours.by_sms(session, row, channel=channel, text=plain(row.text), now=now)


def second_channel(rt: Runtime, channel: str) -> str:
    """The channel of the second provider, or ""."""
    to: str = getattr(rt.settings.outbox.fallback, channel, "")
    return to if to in rt.adapters else ""


def _second_provider(rt: Runtime, row: OutboxRow, failure: Failure) -> str:
    """Where a refused reply goes next, or "" if it has been there or is to be tried here again."""
    settings, to = rt.settings.outbox, second_channel(rt, row.channel)
    if not to or failure not in REFUSED or detours.came_from(row):
        return ""
    tries = 1 if failure is Failure.CONFIG else settings.fallback_attempts
    return to if row.attempts >= min(tries, settings.attempts) else ""


def _code(row: OutboxRow, error: SendError) -> str:
    """The provider's code, with the way that the reply took."""
    if error.failure is Failure.CLOSED:
        return Failure.CLOSED.value
    first = detours.came_from(row)
    return f"{detours.MOVED}{first} {error.code}".strip() if first else error.code


def _retry_at(rt: Runtime, row: OutboxRow, error: SendError, now: datetime) -> datetime | None:
    settings, adapter = rt.settings.outbox, rt.adapters[row.channel]
    tries = adapter.attempts if isinstance(adapter, Patient) else settings.attempts
    if row.attempts >= tries:
        return None
    if error.retry_after is not None:
        return now + timedelta(seconds=error.retry_after)
    return backoff(now, row.attempts, settings.backoff_seconds)


def _count(item: Outcome, now: datetime, segments: int) -> None:
    row, error = item.row, item.error
    outcome = error.failure.value if error else "sent"
    metrics.REPLIED.labels(row.channel, outcome).inc()
    metrics.SEGMENTS.labels(row.channel).inc(segments)
    if error:
        log.warning(
            "send_failed",
            outbox_id=row.id,
            channel=row.channel,
            failure=outcome,
            code=error.code,
            attempt=row.attempts,
        )
    elif row.lane == OutboxLane.ANSWER:  # a notice waits on purpose
        metrics.REPLY_SECONDS.observe((now - row.created_at).total_seconds())
