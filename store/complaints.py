"""Complaints under their tracking numbers, the conversations they came from, their history."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, or_, update
from sqlmodel import Session, col, select

from store.inbox import changed
from store.models import Complaint, Conversation, Event, InboxRow, OutboxRow

FIRST, LAST = 1_000_000, 9_999_999  # seven digits, as SP4N-LAPOR! has them since 2025


def draw_numbers(session: Session, count: int) -> list[int]:
    """Tracking numbers that are free now, drawn at random so that none can be guessed.

    Two drains may draw the same number; the unique constraint then fails a batch, which is redone.
    """
    free: list[int] = []
    while len(free) < count:
        drawn = {FIRST + secrets.randbelow(LAST - FIRST + 1) for _ in range(2 * count + 8)}
        statement = select(Complaint.tracking).where(col(Complaint.tracking).in_(drawn))
        free += drawn.difference(session.exec(statement).all(), free)
    return free[:count]


def conversations(
    session: Session, senders: Iterable[tuple[str, str]], *, lock: bool = False
) -> dict[tuple[str, str], Conversation]:
    """The conversations of (channel, sender) pairs, as far as they exist; locked in one order."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for channel, sender in senders:
        wanted[channel].add(sender)
    of_channels = [  # SQLite scans the table for pairs
        and_(col(Conversation.channel) == channel, col(Conversation.sender).in_(them))
        for channel, them in wanted.items()
    ]
    statement = select(Conversation).where(or_(false(), *of_channels))
    statement = statement.order_by(col(Conversation.id))
    if lock:
        statement = statement.with_for_update()
    return {(row.channel, row.sender): row for row in session.exec(statement)}


def by_inbox(session: Session, inbox_ids: Sequence[int]) -> dict[int, Complaint]:
    statement = select(Complaint).where(col(Complaint.inbox_id).in_(inbox_ids))
    return {row.inbox_id: row for row in session.exec(statement) if row.inbox_id is not None}


def newest(session: Session, conversation: Conversation, *, limit: int = 5) -> list[Complaint]:
    """The newest complaints of one person, on whatever channel, newest first."""
    return list(
        session.exec(
            select(Complaint)
            .where(col(Complaint.conversation_id).in_(owners(session, conversation)))
            .order_by(col(Complaint.id).desc())
            .limit(limit)
        )
    )


def owners(session: Session, conversation: Conversation) -> list[int | None]:
    """The conversations of the person whose conversation this is."""
    if conversation.person_id is None:
        return [conversation.id]
    same = select(Conversation.id).where(Conversation.person_id == conversation.person_id)
    return [*session.exec(same), conversation.id]


def locked(session: Session, conversation: Conversation) -> dict[int, Conversation]:
    """All conversations of the person whose conversation this is, by their keys, as they are now.

    Locked in the order in which the intake locks those of its messages.
    """
    theirs = col(Conversation.id).in_(owners(session, conversation))
    statement = select(Conversation).where(theirs).order_by(col(Conversation.id)).with_for_update()
    found = session.exec(statement.execution_options(populate_existing=True))
    return {row.key: row for row in found}


def quoted(session: Session, channel: str, sender: str, ref: str) -> int | None:
    """The number of the complaint that a message of ours, or an own earlier one, was about."""
    ours = (
        select(Complaint.tracking)
        .join(OutboxRow, col(OutboxRow.complaint_id) == col(Complaint.id))
        .where(
            OutboxRow.channel == channel,
            col(OutboxRow.recipient) == sender,
            col(OutboxRow.provider_id) == ref,
        )
    )
    if found := session.exec(ours).first():
        return found
    theirs = original(session, channel, sender, ref)
    filed = by_inbox(session, [theirs.key]) if theirs else {}
    return next((complaint.tracking for complaint in filed.values()), None)


def within(area: str) -> ColumnElement[bool]:
    """Complaints whose place is the region of this Kemendagri code, or lies in it."""
    place = col(Complaint.place)
    return or_(place == area, place.startswith(f"{area}.", autoescape=True))


def by_tracking(session: Session, tracking: int, *, lock: bool = False) -> Complaint | None:
    """`lock`: as it is now, and nobody changes it until the transaction ends."""
    found = select(Complaint).where(Complaint.tracking == tracking)
    if lock:  # whoever only refers to it need not wait: no key ever changes
        found = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.exec(found).first()


def history(session: Session, complaint_id: int) -> list[Event]:
    """Everything that happened to a complaint, oldest first."""
    return list(
        session.exec(
            select(Event).where(Event.complaint_id == complaint_id).order_by(col(Event.id))
        )
    )


def privacy_was_said(session: Session, complaint_id: int) -> bool:
    """Whether somebody has said who may see a complaint, with its words or later."""
    said = select(Event.detail).where(
        Event.complaint_id == complaint_id, col(Event.kind).in_(("received", "privacy"))
    )
    return any("privacy" in detail for detail in session.exec(said))


def original(session: Session, channel: str, sender: str, message_ref: str) -> InboxRow | None:
    """The stored message that a later one edits or answers, of the same sender only."""
    if not message_ref:
        return None
    return session.exec(
        select(InboxRow)
        .where(
            InboxRow.channel == channel,
            InboxRow.sender == sender,
            InboxRow.message_ref == message_ref,
        )
        .order_by(col(InboxRow.id))
    ).first()


def new_conversation(channel: str, sender: str, now: datetime) -> Conversation:
    return Conversation(channel=channel, sender=sender, updated_at=now)


def mark_blocked(session: Session, channel: str, sender: str, *, blocked: bool) -> None:
    """Remember that a person has blocked us, or no longer does; a stranger is not remembered."""
    changed(
        session,
        update(Conversation)
        .where(col(Conversation.channel) == channel, col(Conversation.sender) == sender)
        .values(blocked=blocked),
    )
