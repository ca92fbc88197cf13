"""What the conversation remembers, hears and decides: plain values, in no channel's dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bots.language import Sentence
from bots.routing import KABKOTA_CODE, Route
from parsers.messages import Button, Location
from parsers.understanding import Understanding
from store.models import ComplaintStatus

OPEN = (ComplaintStatus.TRIAGE, ComplaintStatus.DISPOSED, ComplaintStatus.IN_PROGRESS)


class Asks(StrEnum):
    """What a question of ours is about."""

    PLACE = "place"  # where it is, in free words or by a pin
    WHICH_PLACE = "which_place"  # one of several places of this name
    CATEGORY = "category"
    AGENCY = "agency"
    CASE = "case"  # which of the open complaints a message adds to
    SATISFIED = "satisfied"
    SCORE = "score"  # 1..5
    REASON = "reason"  # why it is not solved


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question that waits for its answer; a person has one at a time."""

    asks: Asks
    tracking: int
    at: str  # ISO time
    options: tuple[tuple[str, str], ...] = ()  # (value, label)
    times: int = 1  # it was asked
    text: str = ""  # the message whose complaint is asked for
    inbox_id: int = 0

    @property
    def key(self) -> str:
        """Names this very question, so that the button of an older one is known as stale."""
        return f"{self.asks}-{self.tracking}-{datetime.fromisoformat(self.at):%d%H%M%S}"

    @property
    def buttons(self) -> tuple[Button, ...]:
        return tuple(Button(f"{self.key}:{value}"[:64], label) for value, label in self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A code that was sent to another channel and must come back on this one."""

    channel: str
    sender: str
    digest: str  # of the code
    at: str  # ISO time
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What we remember of a conversation between two messages; empty at its start."""

    tracking: int | None = None  # the newest complaint of this person here
    question: Question | None = None
    asked: int = 0  # questions about that complaint
    digest: str = ""  # of the newest complaint's words
    digest_at: str = ""  # when its last words came
    loose: tuple[int, ...] = ()  # inbox rows that wait for the rest: photos, half a thought
    words: str = ""  # what those rows said
    pin: tuple[float, float] | None = None  # a pin that waits for words
    privacy: str = ""  # asked for before the complaint
    area: str | None = None  # kabupaten/kota of the last sure place: a prior for the next message
    album: str = ""  # whose photos come one by one
    idle: int = 0  # greetings, thanks, pranks and spam in a row
    idle_at: str = ""
    link: Link | None = None
    codes: int = 0  # linking codes sent on the day of `codes_on`
    codes_on: str = ""

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> "State":
        """Read what `dump` wrote; keys of another release are left out."""
        known = {key: values[key] for key in cls.__slots__ if key in values}
        known["loose"] = tuple(known.get("loose") or ())
        known["pin"] = tuple(known["pin"]) if known.get("pin") else None
        if question := known.get("question"):
            options = tuple((value, label) for value, label in question.get("options", ()))
            known["question"] = Question(**question | {"options": options})
        if link := known.get("link"):
            known["link"] = Link(**link)
        return cls(**known)

    def dump(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value}

    def at(self, place: str | None) -> "State":
        """Remember the kabupaten or kota of a place, if that is known."""
        return replace(self, area=place[:KABKOTA_CODE]) if place else self

    def asking(self, question: Question) -> "State":
        return replace(self, question=question, asked=self.asked + 1)

    def answered(self) -> "State":
        return replace(self, question=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One complaint as the dialogue needs it."""

    tracking: int
    status: str
    mine: bool
    privacy: str
    created_at: datetime
    line: Sentence | None = None  # what its reporter is told
    label: str = ""  # short: what it is about
    category: str | None = None
    place: str | None = None
    reopened: int = 0

    @property
    def open(self) -> bool:
        return self.status in OPEN


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
    about: int | None = None  # tracking number of the case that a quoted message of ours was about
    choice: str = ""  # payload of a button
    album: str = ""
    privacy: str = ""  # `anonim` or `rahasia`, asked for in these words
    part: tuple[int, int] | None = None  # number and total, where an SMS was cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    repeat: timedelta  # the same words within this are one complaint
    question: timedelta  # an unanswered question stands so long
    undo: timedelta
    together: timedelta  # two messages within this are one thought
    conversation: timedelta  # words without a matter of their own belong to the newest complaint
    code: timedelta  # a linking code is good for this
    idle: timedelta  # small talk is forgotten after this
    questions: int  # we ask at most so often about one complaint


@dataclass(frozen=True, slots=True)
class File:
    """Make a complaint of this message; the reply follows from where it went."""

    emergency: bool = False
    inbox_ids: tuple[int, ...] = ()  # earlier messages whose words and media belong to it
    words: str = ""
    pin: tuple[float, float] | None = None
    privacy: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Give the complaint the place of this message and find its desk again."""

    tracking: int


@dataclass(frozen=True, slots=True)
class Choose:
    """Take the reporter's word for a place, category or agency."""

    tracking: int
    asks: Asks
    value: str


class Half(StrEnum):
    """Where the words of another message stand in a complaint."""

    AFTER = "after"
    BEFORE = "before"  # the parts of an SMS came in the wrong order
    INSTEAD = "instead"  # the person corrected them


@dataclass(frozen=True, slots=True)
class Extend:
    """The second half of a thought: read the complaint again with these words in it."""

    tracking: int
    how: Half = Half.AFTER


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Add a message to the history of a complaint; its officers are told."""

    tracking: int
    text: str
    inbox_id: int = 0  # of an earlier message, else this one


@dataclass(frozen=True, slots=True)
class Withdraw:
    tracking: int


@dataclass(frozen=True, slots=True)
class Hide:
    """Change who may see a complaint, or its reporter's name."""

    tracking: int
    privacy: str


@dataclass(frozen=True, slots=True)
class Accept:
    """The reporter is satisfied: the complaint is closed."""

    tracking: int


@dataclass(frozen=True, slots=True)
class Rate:
    tracking: int
    score: int  # 1..5


@dataclass(frozen=True, slots=True)
class Reopen:
    tracking: int
    reason: str


@dataclass(frozen=True, slots=True)
class Notices:
    on: bool


@dataclass(frozen=True, slots=True)
class Speak:
    language: str


@dataclass(frozen=True, slots=True)
class SendCode:
    """Send a linking code to a number; the state that waits for it is made where it is drawn."""

    number: str


@dataclass(frozen=True, slots=True)
class Join:
    """This conversation and that of the link are one person."""

    channel: str
    sender: str


@dataclass(frozen=True, slots=True)
class Part:
    """This conversation is nobody else's any more."""


Action = (
    File
    | Place
    | Choose
    | Extend
    | FollowUp
    | Withdraw
    | Hide
    | Accept
    | Rate
    | Reopen
    | Notices
    | Speak
    | SendCode
    | Join
    | Part
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person is told, with what may be pressed to answer."""

    sentence: Sentence
    buttons: tuple[Button, ...] = ()
    ask_location: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """The new state, what to do, and what to say besides what the actions say themselves."""

    state: State
    actions: tuple[Action, ...] = ()
    say: tuple[Reply, ...] = field(default=())


def said(state: State, *sentences: Sentence, actions: Sequence[Action] = ()) -> Turn:
    return Turn(state, tuple(actions), tuple(Reply(sentence) for sentence in sentences))


def recent(iso: str, now: datetime, span: timedelta) -> bool:
    return bool(iso) and now - datetime.fromisoformat(iso) <= span
