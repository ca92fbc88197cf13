"""What a turn may do: plain values that `bots.acting` carries out on the store."""

from dataclasses import dataclass
from enum import StrEnum

from bots.state import Asks


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
