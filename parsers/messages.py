"""The vocabulary of the edge: what comes in, what goes out, and how a send may fail."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

LONGEST_ID = 255  # more is no id of any provider, and no index would take it


def storable(text: str) -> str:
    """Replace the characters that no database can keep: NUL and unpaired surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _keep_storable(value: object, *names: str) -> None:
    for name in names:
        object.__setattr__(value, name, storable(getattr(value, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A photo, voice note, video or document that the provider keeps for us."""

    ref: str  # URL (Twilio) or file id (Telegram); fetched later by a job
    content_type: str = ""
    size: int | None = None  # bytes, where the provider says so
    name: str = ""

    def __post_init__(self) -> None:
        _keep_storable(self, "ref", "content_type", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A pin: degrees WGS 84, with the words the provider adds."""

    lat: float
    lon: float
    label: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        _keep_storable(self, "label", "address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One verified inbound message, in no channel's dialect, not stored yet."""

    channel: str
    provider_id: str  # the provider's own id: our idempotency key
    sender: str  # E.164 number, or Telegram chat id
    text: str
    received_at: datetime
    recipient: str = ""  # our own number or short code, as the sender dialled it
    media: tuple[Media, ...] = ()
    location: Location | None = None
    profile_name: str = ""
    message_ref: str = (
        ""  # the provider's id of the message itself, where it differs from provider_id
    )
    reply_to: str = ""  # message_ref or provider id of the message this one answers
    edit_of: str = ""  # message_ref of the message this one replaces
    choice: str = ""  # payload of a button that was pressed
    album: str = ""  # names the album whose photos and videos come as a message each
    opt_out: str = ""  # STOP, START or HELP where the provider handled the word itself
    part: tuple[int, int] | None = None  # number and total, of an SMS that came in parts
    series: str = ""  # the sender's reference that those parts have in common
    category: str = ""  # code of the topic that a form or a program was filled in for

    def __post_init__(self) -> None:
        if self.received_at.tzinfo is None:
            raise ValueError("received_at must carry a time zone")
        if len(self.provider_id) > LONGEST_ID or len(self.sender) > LONGEST_ID:
            raise ValueError(f"an id or a sender has more than {LONGEST_ID} characters")
        _keep_storable(self, "provider_id", "sender", "text", "recipient", "profile_name")
        _keep_storable(self, "message_ref", "reply_to", "edit_of", "choice", "album", "opt_out")
        _keep_storable(self, "series", "category")
        if self.part:  # JSON, in which a message may have waited, has lists only
            object.__setattr__(self, "part", tuple(self.part))

    def extra(self) -> dict[str, Any]:
        """What has no column of its own in the inbox, without the empty fields."""
        values = {
            "media": [asdict(item) for item in self.media],
            "location": asdict(self.location) if self.location else None,
            "profile_name": self.profile_name,
            "reply_to": self.reply_to,
            "edit_of": self.edit_of,
            "choice": self.choice,
            "album": self.album,
            "opt_out": self.opt_out,
            "part": list(self.part) if self.part else None,
            "series": self.series,
            "category": self.category,
        }
        return {key: value for key, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Ignored:
    """A genuine webhook that asks nothing of us; `reason` names its type and goes to the log."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Ignored):
    """A person has blocked us on a channel, or taken that back; it asks for no answer."""

    channel: str
    sender: str
    blocked: bool


class ReceiptState(StrEnum):
    """What a provider says became of a reply, in the order in which it may move."""

    ACCEPTED = "accepted"  # handed to the operator's network
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A provider's word on one reply; found by our row id or by the provider's id."""

    channel: str
    state: ReceiptState
    outbox_id: int | None = None
    provider_id: str = ""
    code: str = ""  # the provider's error code, if any


@dataclass(frozen=True, slots=True)
class Button:
    """A choice that a person may press, or type where a channel has no buttons."""

    id: str  # comes back as Envelope.choice; at most 64 bytes, as Telegram takes
    label: str


class Failure(StrEnum):
    """Why a send failed, named by what to do next."""

    RETRY = "retry"  # refused before acceptance: 429, 5xx, cannot connect
    UNCERTAIN = "uncertain"  # no answer after sending: it may have gone out
    REJECTED = "rejected"  # this reply can never be sent
    BLOCKED = "blocked"  # the person has stopped us: send nothing more
    CONFIG = "config"  # our fault: an operator must act
    CLOSED = "closed"  # the channel takes no free text from us now (WhatsApp after 24 hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A reply on its way, as an adapter needs it."""

    id: int  # our outbox row; travels in the status callback
    recipient: str
    text: str
    origin: str = ""  # our own number that the citizen wrote to, if known
    buttons: tuple[Button, ...] = ()
    ask_location: bool = False  # a pin would answer
    open: bool = True  # whether the person wrote to us in the last 24 hours
    notice: str = ""  # names the template that may say the same when the channel is not open
    variables: tuple[str, ...] = ()  # of that template, in its order
