"""What we do with stored messages: one unit of work each, many in one transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from bots import replies
from bots.desk import Desk
from bots.dialogue import (
    Case,
    File,
    FollowUp,
    Message,
    Notices,
    Place,
    State,
    Turn,
    Withdraw,
    after_filing,
    ask_again,
    step,
)
from bots.filing import WAITING, Clerk, answer, case
from bots.routing import Missing, Route, placed
from parsers.messages import Location
from parsers.understanding import Kind, Understanding
from store import complaints, inbox
from store.models import (
    Attachment,
    Complaint,
    Conversation,
    InboxRow,
    Lane,
    OutboxRow,
    OutboxStatus,
)

GIVEN_UP = "given_up"  # the kind of reply to a message that could not be handled
NOT_OUT = (OutboxStatus.FAILED, OutboxStatus.CANCELLED, OutboxStatus.QUEUED)


@dataclass(frozen=True, slots=True)
class Heard:
    """A claimed message with what was understood of it, outside any transaction."""

    row: InboxRow
    seen: Understanding


def hear(row: InboxRow, state: Mapping[str, object], desk: Desk) -> Heard:
    """Understand one message; the person's last place makes an unnamed one likely."""
    pin = row.extra.get("location") or {}
    area = state.get("area")
    seen = desk.reader.understand(
        row.text,
        area=area if isinstance(area, str) else None,
        lat=pin.get("lat"),
        lon=pin.get("lon"),
        today=row.received_at.astimezone(desk.policy.zone).date(),
    )
    return Heard(row, seen)


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
    reply = _reply(row, GIVEN_UP, replies.READ_BY_PERSON, now)
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

    def handle(self, heard: Heard) -> None:
        row = heard.row
        conversation = self.conversations[row.channel, row.sender]
        self._keep_media(row)
        if row.key in self.filed:
            self._rematch(row, self.filed[row.key], heard.seen)
            return
        if told := self._told(row):  # a replay of what had its effect: only its words are repeated
            for kind, text in told.items():
                self.say(row, kind, text)
            return
        state = State.load(conversation.state)
        message = self._message(heard)
        cases = self._cases(conversation, state, heard.seen, message)
        turn = step(state, message, cases, self.desk.policy.limits)
        state = self._act(turn, heard, conversation, message)
        for number, text in enumerate(turn.say):
            self.say(row, f"say{number}", text)
        conversation.state = state.dump()
        conversation.updated_at = self.desk.now
        self.session.add(conversation)

    def _message(self, heard: Heard) -> Message:
        row, extra = heard.row, heard.row.extra
        pin = extra.get("location")
        words = " ".join(heard.seen.normalised.split() or row.text.casefold().split())
        return Message(
            inbox_id=row.key,
            at=row.stored_at,
            seen=heard.seen,
            route=self.desk.route(heard.seen),
            digest=hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:16],
            text=row.text,
            location=Location(lat=pin["lat"], lon=pin["lon"]) if pin else None,
            media=len(extra.get("media", ())),
            opt_out=extra.get("opt_out", ""),
            edit=bool(extra.get("edit_of")),
        )

    def _cases(
        self, conversation: Conversation, state: State, seen: Understanding, message: Message
    ) -> list[Case]:
        """The complaints this turn may speak of; none are looked up for a plain new complaint."""
        asks = seen.command or seen.kind in (Kind.STATUS_QUERY, Kind.FOLLOW_UP) or message.edit
        if not asks:
            return []
        mine = complaints.newest(self.session, conversation.id) if conversation.id else []
        numbers = set(seen.tracking) | ({seen.command.tracking} if seen.command else set())
        numbers |= {str(state.tracking)} if state.tracking else set()
        known = {complaint.tracking for complaint in mine}
        for number in sorted(numbers):
            if number.isdigit() and int(number) not in known:
                other = complaints.by_tracking(self.session, int(number))
                mine += [other] if other else []
        return [case(complaint, self.desk, conversation.id) for complaint in mine]

    def _act(self, turn: Turn, heard: Heard, conversation: Conversation, message: Message) -> State:
        state = turn.state
        for action in turn.actions:
            match action:
                case File():
                    state = self._file(action, heard, conversation, message, state)
                case Place(tracking):
                    state = self._place(tracking, heard, state)
                case FollowUp(tracking, text):
                    self.clerk.add(self._complaint(tracking), heard.row, text)
                case Withdraw(tracking):
                    self.clerk.withdraw(self._complaint(tracking))
                case Notices(on):
                    conversation.notices = on
        return state

    def _file(
        self, filed: File, heard: Heard, conversation: Conversation, message: Message, state: State
    ) -> State:
        row, seen, route = heard.row, heard.seen, message.route
        if filed.pin and not placed(route.place):
            lat, lon = filed.pin
            seen = self.desk.reader.understand(row.text, area=state.area, lat=lat, lon=lon)
            route = self.desk.route(seen)
        tracking = self.numbers.pop()
        complaint = self.clerk.file(row, conversation, filed, seen, route, tracking)
        self.say(row, "received", self._answer(complaint, route, filed))
        state = after_filing(state, tracking, route.missing, message.at)
        return state.at(complaint.place)

    def _place(self, tracking: int, heard: Heard, state: State) -> State:
        """Read the complaint again together with the answer to our question."""
        row, complaint = heard.row, self._complaint(tracking)
        pin = row.extra.get("location") or {}
        found = heard.seen.settled
        seen = self.desk.reader.understand(
            f"{complaint.text}\n{row.text}",
            area=found.code if found else state.area,
            lat=pin.get("lat"),
            lon=pin.get("lon"),
        )
        route = self.desk.route(seen)
        self.clerk.add(complaint, row, row.text)
        moved = self.clerk.reroute(complaint, seen, route)
        if moved and route.missing is Missing.PLACE and (again := ask_again(state, row.stored_at)):
            names = [self.desk.reader.place_name(item.code) for item in heard.seen.places]
            self.say(row, "ask_place", replies.ask_place_again(" atau ".join(names)))
            return again
        self.say(row, "placed", answer(complaint, self.desk, ask_place=False))
        return state.at(complaint.place)

    def _rematch(self, row: InboxRow, complaint: Complaint, seen: Understanding) -> None:
        """A replayed message keeps its complaint; one still in triage is matched again."""
        route = self.desk.route(seen)
        moved = self.clerk.reroute(complaint, seen, route)
        if moved:
            self.clerk.note(complaint, "rematched", "system")
        placed_now = moved and complaint.agency is not None
        kind = "placed" if placed_now or "placed" in self._told(row) else "received"
        self.say(row, kind, self._told_again(complaint, route, seen))

    def _told_again(self, complaint: Complaint, route: Route, seen: Understanding) -> str:
        if complaint.status not in WAITING:
            return case(complaint, self.desk, complaint.conversation_id).line
        return answer(
            complaint,
            self.desk,
            ask_place=route.missing is Missing.PLACE,
            urgent=seen.kind is Kind.EMERGENCY,
        )

    def _told(self, row: InboxRow) -> dict[str, str]:
        """What a message that was handled before was answered, the newest words of each kind."""
        return {
            reply.kind: reply.text
            for reply in self.answered.values()
            if reply.inbox_id == row.id and reply.kind != GIVEN_UP
        }

    def _answer(self, complaint: Complaint, route: Route, filed: File) -> str:
        asks = route.missing is Missing.PLACE
        return answer(complaint, self.desk, ask_place=asks, urgent=filed.emergency)

    def _complaint(self, tracking: int) -> Complaint:
        complaint = complaints.by_tracking(self.session, tracking)
        if complaint is None:
            raise LookupError("the conversation names a complaint that is gone")
        return complaint

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

    def say(self, row: InboxRow, kind: str, text: str) -> None:
        """Queue a reply, once: a replayed message repeats only what never went out."""
        values = _reply(row, kind, text, self.desk.now)
        told = self.answered.get(values["dedupe"])
        if told is None:
            self.replies.append(values)
        elif told.status in NOT_OUT:
            told.text, told.status, told.attempts = text, OutboxStatus.QUEUED, 0
            told.due_at = self.desk.now

    def write(self) -> None:
        """Put what the batch made into the transaction, in one statement for each table."""
        self.clerk.write()
        if self.replies:
            self.session.connection().execute(insert(OutboxRow), self.replies)


def _reply(row: InboxRow, kind: str, text: str, now: datetime) -> dict[str, Any]:
    """The outbox row of a reply to this message, named so that it is written once."""
    return {
        "dedupe": f"in-{row.key}-{row.generation}-{kind}",
        "inbox_id": row.key,
        "kind": kind,
        "channel": row.channel,
        "recipient": row.sender,
        "origin": row.recipient,
        "text": text,
        "due_at": now,
        "created_at": now,
    }
