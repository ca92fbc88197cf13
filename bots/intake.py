"""What we do with stored messages: one unit of work each, many in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from bots import replies
from bots.acting import Actor, Said
from bots.desk import Desk
from bots.dialogue import step
from bots.filing import Clerk
from bots.hearing import Heard, cases_of, message_of
from bots.language import SOURCE, Sentence, label
from bots.routing import Missing, secret_from_accused
from bots.state import OPEN, Asks, Message, State
from bots.summary import answer, asked, case
from bots.turn import Reply
from parsers.understanding import Kind, Understanding
from store import complaints, inbox
from store.models import (
    Attachment,
    Complaint,
    ComplaintStatus,
    Conversation,
    InboxRow,
    Lane,
    OutboxLane,
    OutboxRow,
    OutboxStatus,
    Privacy,
)

GIVEN_UP = "given_up"  # the kind of reply to a message that could not be handled
NOT_OUT = (OutboxStatus.FAILED, OutboxStatus.CANCELLED, OutboxStatus.QUEUED)


def process(session: Session, batch: Sequence[Heard], *, token: str, desk: Desk) -> None:
    """Settle claimed messages: conversations, complaints, events and replies, all or nothing."""
    ids = [heard.row.key for heard in batch]
    inbox.finish(session, ids, token=token, now=desk.now)
    with session.no_autoflush:
        work = _Work(
            session=session,
            desk=desk,
            clerk=Clerk(session, desk),
            conversations=_conversations(session, batch, desk),
            filed=complaints.by_inbox(session, ids),
            numbers=complaints.draw_numbers(session, len(batch)),
            answered={row.dedupe: row for row in _answers(session, ids)},
        )
        for heard in batch:
            work.handle(heard)
        work.write()


def give_up(session: Session, row: InboxRow, *, now: datetime) -> None:
    """Tell the sender of a message that we could not handle that a person will read it."""
    reply = _reply(row, GIVEN_UP, Reply(replies.READ_BY_PERSON), SOURCE, now)
    if not any(told.dedupe == reply["dedupe"] for told in inbox.answers(session, row.key)):
        session.add(OutboxRow(**reply))


def _answers(session: Session, ids: Sequence[int]) -> list[OutboxRow]:
    """Locked, so that none is sent by another process while this one decides about it."""
    told = select(OutboxRow).where(col(OutboxRow.inbox_id).in_(ids)).order_by(col(OutboxRow.id))
    return list(session.exec(told.with_for_update()).all())


def _conversations(
    session: Session, batch: Sequence[Heard], desk: Desk
) -> dict[tuple[str, str], Conversation]:
    senders = [(heard.row.channel, heard.row.sender) for heard in batch]
    found = complaints.conversations(session, senders, lock=True)
    fresh = [
        complaints.new_conversation(channel, sender, desk.now)
        for channel, sender in dict.fromkeys(senders)
        if (channel, sender) not in found
    ]
    session.add_all(fresh)
    return found | {(row.channel, row.sender): row for row in fresh}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The state of one batch while its messages are handled one after the other."""

    session: Session
    desk: Desk
    clerk: Clerk
    conversations: dict[tuple[str, str], Conversation]
    filed: dict[int, Complaint]  # of messages that are replayed
    numbers: list[int]
    answered: dict[str, OutboxRow]  # what replayed messages were told
    replies: list[dict[str, Any]] = field(default_factory=list)
    about: list[Complaint | None] = field(default_factory=list)  # of each of these replies

    def handle(self, heard: Heard) -> None:
        row = heard.row
        conversation = self.conversations[row.channel, row.sender]
        self._keep_media(row)
        if row.key in self.filed:
            self._rematch(row, self.filed[row.key], heard.seen, conversation)
            return
        if told := self._told(row):  # a replay of what had its effect: only its words are repeated
            for earlier in told:
                self._repeat(row, earlier)
            return
        state = State.load(conversation.state)
        message = message_of(self.session, self.desk, heard, conversation.language)
        turn = step(
            state,
            message,
            cases_of(self.session, self.desk, conversation, state, message),
            self.desk.policy.limits,
        )
        actor = self._actor(row, conversation, message)
        state = turn.state
        for action in turn.actions:
            state = actor.act(action, state)
        for number, reply in enumerate(turn.say):
            actor.say(Said(f"say{number}", reply))
        conversation.state = state.dump()
        conversation.updated_at = conversation.heard_at = self.desk.now
        conversation.blocked = False  # who writes to us has not blocked us
        self.session.add(conversation)

    def _actor(self, row: InboxRow, conversation: Conversation, message: Message) -> Actor:
        return Actor(
            session=self.session,
            desk=self.desk,
            clerk=self.clerk,
            conversation=conversation,
            row=row,
            message=message,
            draw=self.numbers.pop,
            say=lambda said: self._say(row, said, conversation.language),
        )

    def _rematch(
        self,
        row: InboxRow,
        complaint: Complaint,
        seen: Understanding,
        conversation: Conversation,
    ) -> None:
        """A replayed message keeps its complaint; one still in triage is matched again."""
        if complaint.status == ComplaintStatus.TRIAGE:
            complaints.by_tracking(self.session, complaint.tracking, lock=True)
            self.clerk.protect(complaint, seen)
        route = secret_from_accused(self.desk.route(seen), seen, Privacy(complaint.privacy))
        moved = self.clerk.reroute(complaint, seen, route)
        if moved:
            self.clerk.note(complaint, "rematched", "system")
        placed_now = moved and complaint.agency is not None
        told = {reply.kind for reply in self._told(row)}
        kind = "placed" if placed_now or "placed" in told else "received"
        words = self._told_again(complaint, route.missing, seen)
        self._say(row, Said(kind, Reply(words), complaint), conversation.language)

    def _told_again(self, complaint: Complaint, missing: Missing, seen: Understanding) -> Sentence:
        line = case(complaint, self.desk, mine=True).line
        if complaint.status not in OPEN and line:
            return line
        asks = missing is Missing.PLACE and complaint.agency is None
        told = asked(complaint, self.desk, Asks.PLACE) if asks else answer(complaint, self.desk)
        return replies.emergency(told) if seen.kind is Kind.EMERGENCY else told

    def _told(self, row: InboxRow) -> list[OutboxRow]:
        """What a message that was handled before was answered, the newest words of each kind."""
        newest = {
            reply.kind: reply
            for reply in self.answered.values()
            if reply.inbox_id == row.id and reply.kind != GIVEN_UP
        }
        return list(newest.values())

    def _keep_media(self, row: InboxRow) -> None:
        if row.lane == Lane.BULK and self._has_media(row):
            return  # a replay: kept when the message came first
        for position, media in enumerate(row.extra.get("media", ())):
            self.session.add(
                Attachment(inbox_id=row.key, position=position, due_at=self.desk.now, **media)
            )

    def _has_media(self, row: InboxRow) -> bool:
        kept = select(Attachment.id).where(Attachment.inbox_id == row.key)
        return self.session.exec(kept).first() is not None

    def _say(self, row: InboxRow, said: Said, language: str) -> None:
        """Queue a reply, once: a replayed message repeats only what never went out."""
        values = _reply(row, said.kind, said.reply, language, self.desk.now)
        if said.to:
            values["channel"], values["recipient"] = said.to
            values["origin"] = ""
        told = self.answered.get(values["dedupe"])
        if told is None:
            self.replies.append(values)
            self.about.append(said.complaint)
        elif told.status in NOT_OUT:
            told.text, told.extra = values["text"], values["extra"]
            self._queue(told)

    def _repeat(self, row: InboxRow, told: OutboxRow) -> None:
        """The same words once more, if they never went out or this replay may say them again."""
        name = _name(row, told.kind)
        if known := self.answered.get(name):
            if known.status in NOT_OUT:
                self._queue(known)
            return
        self.replies.append(
            {
                "dedupe": name,
                "inbox_id": row.key,
                "kind": told.kind,
                "lane": told.lane,
                "channel": told.channel,
                "recipient": told.recipient,
                "origin": told.origin,
                "text": told.text,
                "extra": told.extra,
                "due_at": self.desk.now,
                "created_at": self.desk.now,
            }
        )
        self.about.append(None)

    def _queue(self, told: OutboxRow) -> None:
        told.status, told.attempts, told.due_at = OutboxStatus.QUEUED, 0, self.desk.now
        told.expires_at = None

    def write(self) -> None:
        """Put what the batch made into the transaction, in one statement for each table."""
        self.clerk.write()
        for values, complaint in zip(self.replies, self.about, strict=True):
            values["complaint_id"] = complaint.key if complaint else None
        if self.replies:
            self.session.connection().execute(insert(OutboxRow), self.replies)


def _reply(row: InboxRow, kind: str, reply: Reply, language: str, now: datetime) -> dict[str, Any]:
    """The outbox row of a reply to this message, named so that it is written once."""
    return {
        "dedupe": _name(row, kind),
        "inbox_id": row.key,
        "kind": kind,
        "lane": OutboxLane.ANSWER,
        "channel": row.channel,
        "recipient": row.sender,
        "origin": row.recipient,
        "text": reply.sentence.say(language),
        "extra": extra_of(reply, language),
        "due_at": now,
        "created_at": now,
    }


def _name(row: InboxRow, kind: str) -> str:
    return f"in-{row.key}-{row.generation}-{kind}"


def extra_of(reply: Reply, language: str) -> dict[str, Any]:
    """What a row says beside its text, for the channels to render."""
    values = {
        "buttons": [[button.id, label(button.label, language)] for button in reply.buttons],
        "ask_location": reply.ask_location,
    }
    return {key: value for key, value in values.items() if value}
