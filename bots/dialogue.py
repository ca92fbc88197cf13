"""The conversation as a pure function: what a person said, where we stood -> what we do and say."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bots import replies
from bots.routing import KABKOTA_CODE, Missing, Route
from parsers.messages import Location
from parsers.understanding import Command, Kind, Understanding, Verb
from store.models import ComplaintStatus

QUESTIONS = 2  # we ask for the place at most this often, then a person reads it
OPEN = (ComplaintStatus.TRIAGE, ComplaintStatus.DISPOSED, ComplaintStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What we remember of a conversation between two messages; empty at its start."""

    tracking: int | None = None  # the newest complaint of this person here
    asked: int = 0  # how often we asked where it is
    asked_at: str = ""  # ISO time of the last question
    digest: str = ""  # of the newest complaint's words
    digest_at: str = ""
    loose: tuple[int, ...] = ()  # inbox rows with media that wait for words
    pin: tuple[float, float] | None = None  # a pin that waits for words
    area: str | None = None  # kabupaten/kota of the last sure place: a prior for the next message

    @classmethod
    def load(cls, values: dict[str, Any]) -> "State":
        """Read what `dump` wrote; keys of another release are left out."""
        known = {key: values[key] for key in cls.__slots__ if key in values}
        known["loose"] = tuple(known.get("loose") or ())
        known["pin"] = tuple(known["pin"]) if known.get("pin") else None
        return cls(**known)

    def at(self, place: str | None) -> "State":
        """Remember the kabupaten or kota of a place, if that is known."""
        return replace(self, area=place[:KABKOTA_CODE]) if place else self

    def dump(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One complaint as the dialogue needs it."""

    tracking: int
    status: str
    mine: bool
    privacy: str
    created_at: datetime
    line: str = ""  # the sentence its reporter is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One inbound message, understood."""

    inbox_id: int
    at: datetime
    seen: Understanding
    route: Route
    digest: str
    text: str
    location: Location | None = None
    media: int = 0
    opt_out: str = ""
    edit: bool = False  # the person changed an earlier message


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    repeat: timedelta
    question: timedelta
    undo: timedelta


@dataclass(frozen=True, slots=True)
class File:
    """Make a complaint of this message; the reply follows from where it went."""

    emergency: bool = False
    inbox_ids: tuple[int, ...] = ()  # earlier messages whose media belong to it
    pin: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Give the complaint the place of this message and find its desk again."""

    tracking: int


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Add this message to the history of a complaint."""

    tracking: int
    text: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    tracking: int


@dataclass(frozen=True, slots=True)
class Notices:
    on: bool


Action = File | Place | FollowUp | Withdraw | Notices


@dataclass(frozen=True, slots=True)
class Turn:
    """The new state, what to do, and what to say besides what the actions say themselves."""

    state: State
    actions: tuple[Action, ...] = ()
    say: tuple[str, ...] = field(default=())


def step(state: State, message: Message, cases: Sequence[Case], limits: Limits) -> Turn:
    """Decide one turn. Every message gets an answer, and no word of a complaint is dropped."""
    seen = message.seen
    if message.opt_out:
        return _opt_out(state, message)
    if message.edit and state.tracking:
        return _add(state, state.tracking, message.text)
    if seen.command:
        return _command(state, seen.command, message, cases, limits)
    if seen.kind is Kind.STATUS_QUERY:
        return _status(state, seen.tracking[0] if seen.tracking else "", cases)
    if not message.text.strip():
        return _wordless(state, message, limits)
    if seen.kind is Kind.FOLLOW_UP and (case := _named(seen.tracking, cases)):
        return _add(state, case.tracking, message.text)
    if _answers_question(state, message, limits):
        return Turn(_answered(state), (Place(state.tracking or 0),))
    return _new(state, message, limits)


def _opt_out(state: State, message: Message) -> Turn:
    """The provider has already answered STOP, START or HELP and blocks what we would add."""
    switch = {"STOP": Notices(on=False), "START": Notices(on=True)}.get(message.opt_out.upper())
    return Turn(state, (switch,) if switch else ())


def _command(
    state: State, command: Command, message: Message, cases: Sequence[Case], limits: Limits
) -> Turn:
    match command.verb:
        case Verb.STATUS:
            return _status(state, command.tracking, cases)
        case Verb.HELP:
            return Turn(state, say=(replies.HELP,))
        case Verb.STOP:
            return Turn(state, (Notices(on=False),), (replies.STOPPED,))
        case Verb.START:
            return Turn(state, (Notices(on=True),), (replies.STARTED,))
        case Verb.CANCEL:
            return _cancel(state, command, message, cases, limits)
        case Verb.REPLY:
            return _reply(state, command, cases)


def _status(state: State, tracking: str, cases: Sequence[Case]) -> Turn:
    if not tracking:
        lines = [case.line for case in cases if case.mine][:2]
        return Turn(state, say=(" ".join(lines) or replies.NO_CASE,))
    case = _named((tracking,), cases, mine=False)
    if case is None:
        return Turn(state, say=(replies.unknown_number(tracking),))
    public = replies.public_status(case.tracking, case.status, case.privacy)
    return Turn(state, say=(case.line if case.mine else public,))


def _cancel(
    state: State, command: Command, message: Message, cases: Sequence[Case], limits: Limits
) -> Turn:
    number = command.tracking or str(state.tracking or "")
    case = _named((number,), cases)
    fresh = case is not None and message.at - case.created_at <= limits.undo
    if case is None or not fresh or case.status not in OPEN:
        return Turn(state, say=(replies.NOTHING_TO_UNDO,))
    return Turn(
        State(area=state.area), (Withdraw(case.tracking),), (replies.withdrawn(case.tracking),)
    )


def _reply(state: State, command: Command, cases: Sequence[Case]) -> Turn:
    number = command.tracking or str(state.tracking or "")
    case = _named((number,), cases, mine=False)
    if case is None:
        missing = replies.unknown_number(number) if number else replies.NO_CASE
        return Turn(state, say=(missing,))
    if not case.mine:
        hidden = replies.public_status(case.tracking, case.status, case.privacy)
        secret = hidden == replies.unknown_number(number)
        return Turn(state, say=(hidden if secret else replies.not_yours(case.tracking),))
    if not command.text:
        return Turn(state, say=(replies.REPLY_WHAT.format(tracking=case.tracking),))
    return _add(state, case.tracking, command.text)


def _add(state: State, tracking: int, text: str) -> Turn:
    return Turn(state, (FollowUp(tracking, text),), (replies.added(tracking),))


def _named(numbers: Sequence[str], cases: Sequence[Case], *, mine: bool = True) -> Case | None:
    """The first of the cases with one of these numbers; only the person's own unless told."""
    for case in cases:
        if str(case.tracking) in numbers and (case.mine or not mine):
            return case
    return None


def _wordless(state: State, message: Message, limits: Limits) -> Turn:
    """A photo, a pin or nothing at all."""
    if message.location and _waits(state, message, limits):
        return Turn(_answered(state), (Place(state.tracking or 0),))
    if message.location:
        pin = (message.location.lat, message.location.lon)
        return Turn(replace(state, pin=pin), say=(replies.PIN_ALONE,))
    if message.media and state.tracking and _recent(state.digest_at, message.at, limits.undo):
        return _add(state, state.tracking, "")
    if message.media:
        loose = (*state.loose, message.inbox_id)[-10:]
        return Turn(replace(state, loose=loose), say=(replies.MEDIA_ALONE,))
    return Turn(state, say=(replies.EMPTY,))


def _waits(state: State, message: Message, limits: Limits) -> bool:
    """Whether our question where it is still stands."""
    return bool(
        state.tracking and state.asked_at and _recent(state.asked_at, message.at, limits.question)
    )


def _answers_question(state: State, message: Message, limits: Limits) -> bool:
    """While we wait, all but small talk and a clear matter of its own is an answer to us."""
    seen = message.seen
    chatter = seen.kind in (Kind.GREETING, Kind.THANKS, Kind.SPAM, Kind.EMERGENCY)
    new_matter = seen.category is not None and seen.category.sure
    return _waits(state, message, limits) and not chatter and not new_matter


def _answered(state: State) -> State:
    return replace(state, asked_at="")


def _new(state: State, message: Message, limits: Limits) -> Turn:
    """A matter of its own, or small talk."""
    small_talk = {
        Kind.GREETING: replies.GREETING,
        Kind.THANKS: replies.THANKS,
        Kind.SPAM: replies.SPAM,
    }.get(message.seen.kind)
    if small_talk:
        return Turn(state, say=(small_talk,))
    if message.seen.kind is Kind.OTHER and not _telling(message):
        return Turn(state, say=(replies.UNCLEAR,))
    same = message.digest == state.digest and _recent(state.digest_at, message.at, limits.repeat)
    if state.tracking and same:
        return Turn(state, say=(replies.repeated(state.tracking),))
    emergency = message.seen.kind is Kind.EMERGENCY
    filed = File(emergency=emergency, inbox_ids=state.loose, pin=state.pin)
    after = State(area=state.area, digest=message.digest, digest_at=message.at.isoformat())
    return Turn(after, (filed,))


def _telling(message: Message) -> bool:
    """Whether words without a class may be somebody's trouble all the same: a person reads them."""
    return bool(message.seen.categories or message.seen.agencies) or (
        len(message.text.split()) >= 4
    )


def _recent(iso: str, now: datetime, span: timedelta) -> bool:
    return bool(iso) and now - datetime.fromisoformat(iso) <= span


def after_filing(state: State, tracking: int, missing: Missing, at: datetime) -> State:
    """Remember the number, and that we asked where it is."""
    asked = missing is Missing.PLACE
    return replace(
        state, tracking=tracking, asked=int(asked), asked_at=at.isoformat() if asked else ""
    )


def ask_again(state: State, at: datetime) -> State | None:
    """The state after asking once more, or None when we have asked enough."""
    if state.asked >= QUESTIONS:
        return None
    return replace(state, asked=state.asked + 1, asked_at=at.isoformat())
