"""Programs that are told what happens (webhooks): who wants what, and what arrived there."""

import base64
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from store.agency_models import Subscription
from store.casework.feed import Happened
from store.inbox import changed, written
from store.models import OutboxRow, OutboxStatus, Privacy
from store.notices import cancel_notices

CHANNEL = KIND = "webhook"
AGAIN = "-again-"  # in the name of a notice that is delivered once more
GONE = "gone"  # the code of what waited for a program that wants nothing any more
WAITING = (OutboxStatus.QUEUED, OutboxStatus.SENDING, OutboxStatus.HELD)
ARRIVED = (OutboxStatus.SENT, OutboxStatus.DELIVERED)
STREAM = 5000  # rows that are in memory at once
# In the words of its index, as SQLite demands.
_TROUBLE = col(OutboxRow.status).in_([written("held"), written("failed")])
# What may have happened to a complaint, as `Event.kind` has it; a subscription names some or all.
KINDS = frozenset(
    {
        *("received", "disposed", "forwarded", "returned", "withheld", "started", "deferred"),
        *("resumed", "answered", "commented", "accepted", "closed", "reopened", "escalated"),
        *("archived", "restored", "withdrawn", "corrected", "reclassified", "linked", "unlinked"),
        *("burst", "due_soon", "overdue", "overdue_coordinator", "overdue_national", "ombudsman"),
        *("extended", "follow_up", "privacy", "rematched", "chosen", "rated"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What became of the notices of one subscription."""

    waiting: int = 0
    delivered: int = 0
    failed: int = 0
    cancelled: int = 0
    last_at: datetime | None = None  # of the newest one that arrived
    last_error: str = ""  # of the newest one that did not


def add(
    session: Session, *, name: str, agency: str, url: str, events: Sequence[str], now: datetime
) -> Subscription:
    """A new subscription with a secret of its own."""
    row = Subscription(
        name=name,
        agency=agency,
        url=url,
        secret=new_secret(),
        events=sorted(events),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def new_secret() -> str:
    """32 random bytes in the form of https://www.standardwebhooks.com (whsec_ and base64)."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def find(session: Session, key: int) -> Subscription | None:
    return session.get(Subscription, key)


def listed(session: Session) -> list[Subscription]:
    return list(session.exec(select(Subscription).order_by(col(Subscription.id))))


def active(session: Session) -> list[Subscription]:
    return [row for row in listed(session) if row.active]


def wants(subscription: Subscription, event: Happened, reaches: Callable[[str, str], bool]) -> bool:
    """Whether it may and wants to know; `reaches(agency, code)` says who speaks for whom.

    A confidential complaint is told to the agency that has it, and nationally, never above it.
    """
    if subscription.events and event.kind not in subscription.events:
        return False
    if not subscription.agency:
        return True
    codes = {desk.agency for desk in event.desks} - event.returned
    if event.privacy == Privacy.CONFIDENTIAL:
        return subscription.agency in codes
    return any(reaches(subscription.agency, code) for code in codes)


def rotate(session: Session, key: int, *, keep_old: bool) -> str | None:
    """A new secret, beside which the old one still signs if it is kept; None if there is no such.

    The next rotation forgets the one that was kept.
    """
    row = session.get(Subscription, key, with_for_update=True)
    if row is None or not row.active:
        return None
    secret = new_secret()
    row.secret = f"{secret} {row.secret.split()[0]}" if keep_old else secret
    session.add(row)
    return secret


def switch_off(session: Session, key: int, *, forget_secret: bool = False) -> bool:
    """Tell it nothing more; False if it was off. The row stays: its number is not given again."""
    values: dict[str, object] = {"active": False} | ({"secret": ""} if forget_secret else {})
    off = update(Subscription).where(col(Subscription.id) == key, col(Subscription.active))
    if not changed(session, off.values(**values)):
        return False
    cancel_notices(session, CHANNEL, str(key), code=GONE)
    return True


def release_held(session: Session, *, now: datetime, attempts: int) -> int:
    """Queue again what a worker that died may have delivered: a program knows a repeat."""
    return changed(
        session,
        update(OutboxRow)
        .where(*_held(attempts))
        .values(status=OutboxStatus.QUEUED, due_at=now, failure=None),
    )


def held(session: Session, *, attempts: int) -> bool:
    """Whether `release_held` would find something."""
    found = select(OutboxRow.id).where(*_held(attempts))
    return session.exec(found.limit(1)).first() is not None


def _held(attempts: int) -> tuple[ColumnElement[bool], ...]:
    channel = col(OutboxRow.channel)
    return (
        _TROUBLE,
        col(OutboxRow.status) == OutboxStatus.HELD,
        func.coalesce(channel, channel) == CHANNEL,  # else all that was ever sent there is read
        col(OutboxRow.attempts) < attempts,
    )


def name_of(event_id: int, key: int) -> str:
    """Names the notice of an event to a subscription; a replay adds its own time to it."""
    return f"event-{event_id}-sub-{key}"


def replays(session: Session, key: int) -> set[str]:
    """How the names end of what is still to be delivered once more: few, read once for a replay."""
    found = select(OutboxRow.dedupe).where(
        OutboxRow.channel == CHANNEL,
        col(OutboxRow.recipient) == str(key),
        col(OutboxRow.status).in_(WAITING),
        col(OutboxRow.dedupe).contains(AGAIN),
    )
    names = session.exec(found.execution_options(yield_per=STREAM))
    return {AGAIN + name.partition(AGAIN)[2] for name in names}


def on_their_way(session: Session, names: Sequence[str], again: Collection[str]) -> set[str]:
    """Which of these are still to be delivered, the first time or by one of the replays `again`.

    Asked by whole names, which are unique: what else waits for the program is not read.
    """
    waiting: set[str] = set()
    for end in ("", *again):
        found = select(OutboxRow.dedupe).where(
            col(OutboxRow.dedupe).in_([name + end for name in names]),
            col(OutboxRow.status).in_(WAITING),
        )
        waiting |= {name.removesuffix(end) for name in session.exec(found)}
    return waiting


def deliveries(session: Session) -> dict[int, Deliveries]:
    """How each subscription's deliveries stand, by its number."""
    rows = session.exec(
        select(OutboxRow.recipient, OutboxRow.status, func.count(), func.max(OutboxRow.sent_at))
        .where(OutboxRow.channel == CHANNEL)
        .group_by(OutboxRow.recipient, OutboxRow.status)
    )
    counts: dict[str, Counter[str]] = {}
    arrived: dict[str, list[datetime]] = {}
    for recipient, status, count, sent_at in rows:
        counts.setdefault(recipient, Counter())[status] += count
        if sent_at and status in ARRIVED:
            arrived.setdefault(recipient, []).append(sent_at)
    errors = _errors(session)
    return {
        int(recipient): Deliveries(
            waiting=sum(found[status] for status in WAITING),
            delivered=sum(found[status] for status in ARRIVED),
            failed=found[OutboxStatus.FAILED],
            cancelled=found[OutboxStatus.CANCELLED],
            last_at=max(arrived.get(recipient, ()), default=None),
            last_error=errors.get(recipient, ""),
        )
        for recipient, found in counts.items()
    }


def _errors(session: Session) -> dict[str, str]:
    """What the newest try that did not succeed ended with, by recipient."""
    newest = (
        select(func.max(OutboxRow.id))
        .where(OutboxRow.channel == CHANNEL, col(OutboxRow.failure).is_not(None))
        .group_by(OutboxRow.recipient)
    )
    rows = session.exec(
        select(OutboxRow.recipient, OutboxRow.failure, OutboxRow.code).where(
            col(OutboxRow.id).in_(newest)
        )
    )
    return {recipient: f"{failure} {code}".strip() for recipient, failure, code in rows}
