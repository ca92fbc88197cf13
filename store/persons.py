"""Several conversations of one person, joined only by a code that came back."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from store.complaints import new_conversation
from store.inbox import changed
from store.models import Conversation, Person

NUMBERED = ("whatsapp", "sms", "kannel", "console")  # channels whose senders are phone numbers


def join(
    session: Session, conversation: Conversation, channel: str, sender: str, *, now: datetime
) -> None:
    """Make two conversations, and all that each was joined with, one person's."""
    other = _find(session, channel, sender)
    if other is None:
        other = new_conversation(channel, sender, now)
        session.add(other)
    if conversation.person_id is None:
        conversation.person_id = other.person_id or _new(session, now)
    if other.person_id is not None and other.person_id != conversation.person_id:
        session.flush()
        changed(
            session,
            update(Conversation)
            .where(col(Conversation.person_id) == other.person_id)
            .values(person_id=conversation.person_id),
        )
    other.person_id = conversation.person_id
    session.add(other)
    session.add(conversation)


def part(session: Session, conversation: Conversation) -> bool:
    """Take a conversation out again; False if it was nobody's but its own."""
    linked = conversation.person_id is not None
    conversation.person_id = None
    session.add(conversation)
    return linked


def channel_of(session: Session, number: str, *, but: Conversation) -> str | None:
    """The channel on which this number has written to us before, if it has."""
    statement = select(Conversation.channel).where(
        col(Conversation.sender) == number, col(Conversation.channel).in_(NUMBERED)
    )
    known = [
        channel
        for channel in session.exec(statement)
        if (channel, number) != (but.channel, but.sender)
    ]
    return min(known, key=NUMBERED.index) if known else None


def _new(session: Session, now: datetime) -> int:
    person = Person(created_at=now)
    session.add(person)
    session.flush()
    return person.key


def _find(session: Session, channel: str, sender: str) -> Conversation | None:
    return session.exec(
        select(Conversation).where(
            Conversation.channel == channel, col(Conversation.sender) == sender
        )
    ).first()
