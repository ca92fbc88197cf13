"""What the conversation remembers and hears: plain values, in no channel's dialect."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bots.language import SOURCE, Sentence
from bots.routing import KABKOTA_CODE, Route
from parsers.messages import Button, Location
from parsers.understanding import Understanding
from store.casework.lifecycle import CLOCK_RUNS
from store.models import ComplaintStatus

# What a reporter may still add to; after an answer its question takes what they write.
OPEN = CLOCK_RUNS | {ComplaintStatus.DEFERRED}


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
    DETAILS = "details"  # what an officer wants to know


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
    kept_at: str = ""  # when the last of these came
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
            asks = Asks(question["asks"])
            known["question"] = Question(**question | {"options": options, "asks": asks})
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

    def answered(self, tracking: int | None = None) -> "State":
        """No question waits any more; with a number, none about that complaint."""
        about = self.question.tracking if self.question else None
        return replace(self, question=None) if tracking in (None, about) else self


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
    unchanged: bool = False  # no word of it, though
    about: int | None = None  # tracking number of the case that a quoted message of ours was about
    choice: str = ""  # payload of a button
    album: str = ""
    privacy: str = ""  # `anonim` or `rahasia`, asked for in these words
    part: tuple[int, int] | None = None  # number and total, where an SMS was cut
    form: bool = False  # its sender chose the topic on a form
    language: str = SOURCE  # that our sentences are said in


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


def recent(iso: str, now: datetime, span: timedelta) -> bool:
    return bool(iso) and now - datetime.fromisoformat(iso) <= span
