"""What a turn of the dialogue does: each action on the store, and what is said because of it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlmodel import Session

from bots import linking, replies
from bots.actions import (
    Accept,
    Action,
    Choose,
    Extend,
    File,
    FollowUp,
    Half,
    Hide,
    Join,
    Notices,
    Part,
    Place,
    Rate,
    Reopen,
    SendCode,
    Speak,
    Withdraw,
)
from bots.asking import NONE_OF_THESE, Filed, close, next_question
from bots.desk import Desk
from bots.filing import Clerk
from bots.language import Sentence, joined
from bots.routing import Missing, Route, placed, secret_from_accused, told_at, wished
from bots.state import Asks, Link, Message, State
from bots.summary import LESS_ROOM, ROOM, answer, asked, case
from bots.turn import Reply
from parsers.parts import unmarked
from parsers.phone import E164, e164
from parsers.understanding import Understanding
from store import complaints, notices, persons
from store.casework import lifecycle
from store.casework.lifecycle import JUDGED
from store.models import Complaint, ComplaintStatus, Conversation, InboxRow, Privacy

REOPENINGS = 2  # then the coordinator decides


@dataclass(frozen=True, slots=True)
class Said:
    """One reply with the kind that names it in the outbox, and the case it is about."""

    kind: str
    reply: Reply
    complaint: Complaint | None = None
    to: tuple[str, str] | None = None  # another channel and recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Acts for one message; `say` collects the replies."""

    session: Session
    desk: Desk
    clerk: Clerk
    conversation: Conversation
    row: InboxRow
    message: Message
    draw: Callable[[], int]  # a free tracking number
    say: Callable[[Said], None]

    def act(self, action: Action, state: State) -> State:
        match action:
            case File():
                return self._file(action, state)
            case Place(tracking):
                return self._place(self._complaint(tracking), state)
            case Choose(tracking, asks, value):
                return self._choose(self._complaint(tracking), asks, value, state)
            case Extend(tracking, how):
                return self._extend(self._complaint(tracking), state, how)
            case FollowUp(tracking, text, inbox_id):
                self.clerk.add(self._complaint(tracking), inbox_id or self.row.key, text)
            case Withdraw(tracking):
                self.clerk.withdraw(self._complaint(tracking))
            case Hide(tracking, privacy):
                self._hide(self._complaint(tracking), Privacy(privacy))
            case Accept(tracking):
                self.clerk.accept(self._complaint(tracking))
            case Rate(tracking, score):
                self.clerk.rate(self._complaint(tracking), score)
            case Reopen(tracking, reason):
                self._reopen(self._complaint(tracking), reason)
            case Notices(on):
                self._switch(on)
            case Speak(language):
                self.conversation.language = language
            case SendCode(number):
                return self._send_code(number, state)
            case Join(channel, sender):
                persons.join(self.session, self.conversation, channel, sender, now=self.desk.now)
            case Part():
                parted = persons.part(self.session, self.conversation)
                self._tell("unlinked", replies.UNLINKED if parted else replies.NOT_LINKED)
        return state

    def _switch(self, on: bool) -> None:
        """STOP holds for the notices as well that are waiting already."""
        self.conversation.notices = on
        if not on:
            to = self.conversation
            notices.cancel_notices(self.session, to.channel, to.sender, code=notices.STOPPED)

    def _file(self, filed: File, state: State) -> State:
        """The number comes first, whatever is still to be asked."""
        seen, route = self.message.seen, self.message.route
        text = "\n".join(part for part in (filed.words, unmarked(seen.body)) if part)
        far = filed.pin and not placed(route.place)
        if filed.words or far:
            lat, lon = filed.pin or (None, None)
            seen = self.desk.reader.understand(text, area=state.area, lat=lat, lon=lon)
            route = self.desk.route(seen)
        privacy = self.desk.privacy(filed.privacy, seen)
        route = secret_from_accused(route, seen, privacy)
        complaint = self.clerk.file(
            self.row, self.conversation, filed, seen, route, self.draw(), text=text, privacy=privacy
        )
        state = replace(state, tracking=complaint.tracking)
        more = replies.privacy_of(privacy, asked=bool(filed.privacy))
        return self._answer(
            "received", complaint, route, seen, state, emergency=filed.emergency, more=more
        )

    def _answer(
        self,
        kind: str,
        complaint: Complaint,
        route: Route,
        seen: Understanding,
        state: State,
        *,
        emergency: bool = False,
        more: Sentence | str = "",
        again: Sentence | None = None,
    ) -> State:
        """Say where the complaint went, or ask the one thing that is missing."""
        question = next_question(
            state, self._filed(complaint, route, seen), self.message.at, self.desk.policy.limits
        )
        room = LESS_ROOM if emergency or more else ROOM
        if question is None:
            told = answer(complaint, self.desk, room=room)
            state = state.answered(complaint.tracking)
        else:
            told = asked(complaint, self.desk, question.asks, room=room)
            if again and question.asks is Asks.PLACE:
                told = again
            state = state.asking(question)
        told = joined(more, told) if more else told
        if emergency:
            told = replies.emergency(told)
        buttons = question.buttons if question else ()
        where = question is not None and question.asks is Asks.PLACE
        self.say(Said(kind, Reply(told, buttons, ask_location=where), complaint))
        return state.at(complaint.place)

    def _filed(self, complaint: Complaint, route: Route, seen: Understanding) -> Filed:
        reader = self.desk.reader
        if complaint.status != ComplaintStatus.TRIAGE:
            return Filed(complaint.tracking, Missing.NOTHING)
        places = tuple((item.code, reader.place_name(item.code)) for item in seen.places[:4])
        return Filed(
            complaint.tracking,
            route.missing,
            places=places if seen.settled is None else (),
            categories=close(seen.categories),
            agencies=close(seen.agencies) if seen.category and seen.category.sure else (),
        )

    def _place(self, complaint: Complaint, state: State) -> State:
        """Read the complaint again together with the answer to our question."""
        pin = self.row.extra.get("location") or {}
        found = self.message.seen.settled
        text = f"{complaint.text}\n{self.row.text}"
        if pin and complaint.lat is None:
            complaint.lat, complaint.lon = pin["lat"], pin["lon"]
        seen = self.desk.reader.understand(
            text, area=found.code if found else state.area, lat=pin.get("lat"), lon=pin.get("lon")
        )
        self.clerk.add(complaint, self.row.key, self.row.text)
        return self._again("placed", complaint, seen, state, again=replies.PLACE_AGAIN)

    def _choose(self, complaint: Complaint, asks: Asks, value: str, state: State) -> State:
        """The reporter's own word is as good as a sure match; `none of these` leaves it open."""
        self.clerk.note(
            complaint, "chosen", "citizen", detail={asks.value: value, "inbox_id": self.row.key}
        )
        if value == NONE_OF_THESE:
            self._tell("chosen", answer(complaint, self.desk), complaint)
            return replace(state, asked=self.desk.policy.limits.questions)
        place = value if asks is Asks.WHICH_PLACE else complaint.place
        category = value if asks is Asks.CATEGORY else complaint.category
        reader = self.desk.reader
        seen = reader.understand(complaint.text, area=place or state.area, category=category)
        seen = told_at(seen, place, reader.place_name)
        if asks is Asks.AGENCY:
            seen = wished(seen, value, reader.agency_name(value))
        return self._again("chosen", complaint, seen, state)

    def _extend(self, complaint: Complaint, state: State, how: Half) -> State:
        """Both halves are read as one text; a desk that nobody worked at yet may change."""
        was, words = complaint.text, unmarked(self.message.text)
        text = {
            Half.AFTER: f"{was}\n{words}",
            Half.BEFORE: f"{words}\n{was}",
            Half.INSTEAD: words,
        }[how]
        seen = self.desk.reader.understand(text, area=state.area)
        agency = complaint.agency
        self.clerk.extend(complaint, self.row, text, seen)
        more = self._protected(complaint, seen)
        route = self._route(complaint, seen)
        self.clerk.reroute(complaint, seen, route, fresh=True)
        asked_now = state.question is not None and state.question.tracking == complaint.tracking
        if complaint.agency != agency or asked_now:
            return self._answer("extended", complaint, route, seen, state, more=more)
        self._tell("extended", joined(more, replies.added(complaint.tracking)), complaint)
        return state

    def _again(
        self,
        kind: str,
        complaint: Complaint,
        seen: Understanding,
        state: State,
        *,
        again: Sentence | None = None,
    ) -> State:
        more = self._protected(complaint, seen)
        route = self._route(complaint, seen)
        moved = self.clerk.reroute(complaint, seen, route)
        if not moved:
            self._tell(kind, joined(more, answer(complaint, self.desk)), complaint)
            return state.at(complaint.place)
        return self._answer(kind, complaint, route, seen, state, more=more, again=again)

    def _protected(self, complaint: Complaint, seen: Understanding) -> Sentence | str:
        """What to say first of who may see it: as these words ask, or what is delicate only now.

        `tanpa nama` opens no secret case: only the command TERBUKA does.
        """
        wish = Privacy(self.message.privacy or Privacy.PUBLIC)
        if wish != Privacy.PUBLIC and Privacy.CONFIDENTIAL != complaint.privacy != wish:
            self.clerk.hide(complaint, wish)
            return replies.privacy_of(wish, asked=True)
        return replies.SECRET_BY_DEFAULT if self.clerk.protect(complaint, seen) else ""

    def _route(self, complaint: Complaint, seen: Understanding) -> Route:
        """Where it goes now; a secret case is taken from an office that its words name."""
        privacy, route = Privacy(complaint.privacy), self.desk.route(seen)
        kept = secret_from_accused(route, seen, privacy)
        secret = privacy is Privacy.CONFIDENTIAL
        named = secret and any(c.named and c.code == complaint.agency for c in seen.agencies)
        if (named or kept != route) and complaint.status in lifecycle.OPEN:
            self.clerk.withhold(complaint)
        return kept

    def _hide(self, complaint: Complaint, privacy: Privacy) -> None:
        """A secret case is taken from an office that its words name, an open one goes there."""
        self.clerk.hide(complaint, privacy)
        told = replies.hidden(complaint.tracking, privacy)
        reader = self.desk.reader
        seen = reader.understand(complaint.text, area=complaint.place)
        seen = told_at(seen, complaint.place, reader.place_name)
        route = self._route(complaint, seen)
        if route.agency and complaint.agency is None and self.clerk.reroute(complaint, seen, route):
            line = case(complaint, self.desk, mine=True).line
            told = joined(told, line) if line and complaint.agency else told
        self._tell("hidden", told, complaint)

    def _reopen(self, complaint: Complaint, reason: str) -> None:
        if complaint.status not in JUDGED:
            self.clerk.add(complaint, self.row.key, reason)
            self._tell("reopened", replies.added(complaint.tracking), complaint)
            return
        up = complaint.reopened >= REOPENINGS
        self.clerk.reopen(complaint, reason, escalate=up)
        reader = self.desk.reader
        agency = reader.agency_name(complaint.agency) if complaint.agency else replies.OFFICERS
        told = (
            replies.escalated(complaint.tracking)
            if up
            else replies.reopened(complaint.tracking, agency)
        )
        self._tell("reopened", told, complaint)

    def _send_code(self, number: str, state: State) -> State:
        to = e164(number)
        if not E164.fullmatch(to):
            self._tell("code_sent", replies.CODE_NUMBER)
            return replace(state, codes=max(state.codes - 1, 0))
        channel = (
            persons.channel_of(self.session, to, but=self.conversation) or self.desk.policy.texts
        )
        if not channel:
            self._tell("code_sent", replies.CODE_NOWHERE)
            return replace(state, codes=max(state.codes - 1, 0))
        code = str(secrets.randbelow(900_000) + 100_000)  # six digits, none lost at the front
        link = Link(channel=channel, sender=to, digest="", at=self.message.at.isoformat())
        self.say(Said("code", Reply(replies.code(code)), to=(channel, to)))
        self._tell("code_sent", replies.code_sent(f"{to[:3]}*****{to[-3:]}"))
        return linking.waiting(state, link, code)

    def _tell(self, kind: str, sentence: Sentence, complaint: Complaint | None = None) -> None:
        self.say(Said(kind, Reply(sentence), complaint))

    def _complaint(self, tracking: int) -> Complaint:
        self.clerk.write()  # what this batch did before is read back, and no officer is between
        complaint = complaints.by_tracking(self.session, tracking, lock=True)
        if complaint is None:
            raise LookupError("the conversation names a complaint that is gone")
        return complaint
