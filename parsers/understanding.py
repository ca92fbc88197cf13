"""What 1708 understood of one message: plain values, in the contract of `lapor understand`."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    COMPLAINT = "complaint"
    ASPIRATION = "aspiration"
    INFORMATION_REQUEST = "information_request"
    STATUS_QUERY = "status_query"
    FOLLOW_UP = "follow_up"
    GREETING = "greeting"
    THANKS = "thanks"
    SPAM = "spam"
    EMERGENCY = "emergency"
    COMMAND = "command"
    OTHER = "other"


class Verb(StrEnum):
    """A command word that 1708 obeys."""

    STATUS = "status"
    HELP = "help"
    CANCEL = "cancel"
    REPLY = "reply"
    STOP = "stop"
    START = "start"
    ANONYMOUS = "anonymous"  # hide the name
    CONFIDENTIAL = "confidential"  # hide the report
    PUBLIC = "public"  # hide nothing
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    LANGUAGE = "language"
    LINK = "link"
    UNLINK = "unlink"


@dataclass(frozen=True, slots=True)
class Command:
    """A recognised command: `STATUS 1234567`, `BALAS 1234567 masih rusak`."""

    verb: Verb
    tracking: str = ""  # digits, as written; "" if none was given
    text: str = ""  # what follows the number


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible category or agency with its score (0..100) and why it was proposed."""

    code: str
    name: str
    score: float
    sure: bool = False
    parent: tuple[str, str] | None = None  # (code, name)
    reason: str = ""  # in words an officer can read
    named: bool = False  # the text itself names this office

    def as_dict(self) -> dict[str, Any]:
        parent = {"code": self.parent[0], "name": self.parent[1]} if self.parent else None
        return {
            "code": self.code,
            "name": self.name,
            "parent": parent,
            "score": round(self.score / 100, 3),
            "sure": self.sure,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class PlaceCandidate:
    """One possible place; `start`, `end` count characters of the original, -1 if not from it."""

    code: str  # Kemendagri code: 32, 32.73, 32.73.02, 32.73.02.1004
    level: str  # provinsi, kabkota, kecamatan, kelurahan_desa
    name: str
    score: float
    sure: bool = False
    text: str = ""
    start: int = -1
    end: int = -1

    def as_dict(self) -> dict[str, Any]:
        located = self.start >= 0
        return {
            "code": self.code,
            "level": self.level,
            "name": self.name,
            "text": self.text if located else None,
            "start": self.start if located else None,
            "end": self.end if located else None,
            "score": round(self.score / 100, 3),
            "sure": self.sure,
        }


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of private data in the original text."""

    type: str  # nik, kk, phone, email, account, plate, name
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """Everything read from one text; `body` is it without keyword, offsets are of the original."""

    kind: Kind
    body: str
    command: Command | None = None
    language: str | None = None
    urgent: str | None = None  # the reason, or None
    headline: str = ""
    normalised: str = ""
    categories: tuple[Candidate, ...] = ()
    agencies: tuple[Candidate, ...] = ()
    several: bool = False  # two complaints in one message
    places: tuple[PlaceCandidate, ...] = ()
    address: str | None = None
    when: tuple[str, str | None] | None = None  # (words, ISO date or range)
    tracking: tuple[str, ...] = ()
    private: tuple[Span, ...] = field(default=())

    @property
    def category(self) -> Candidate | None:
        return self.categories[0] if self.categories else None

    @property
    def agency(self) -> Candidate | None:
        return self.agencies[0] if self.agencies else None

    @property
    def place(self) -> PlaceCandidate | None:
        return self.places[0] if self.places else None

    @property
    def settled(self) -> PlaceCandidate | None:
        """The deepest place that is sure; a finer guess may stand before it."""
        return next((place for place in self.places if place.sure), None)

    def as_dict(self, id_: object) -> dict[str, Any]:
        """The object that `lapor understand` prints, all keys present (docs/understand.md)."""
        return {
            "id": id_,
            "kind": self.kind.value,
            "language": self.language,
            "urgent": self.urgent,
            "headline": self.headline or None,
            "normalised": self.normalised,
            "category": self.category.as_dict() if self.category else None,
            "categories": [item.as_dict() for item in self.categories],
            "agency": self.agency.as_dict() if self.agency else None,
            "agencies": [item.as_dict() for item in self.agencies],
            "several": self.several,
            "place": self.place.as_dict() if self.place else None,
            "places": [item.as_dict() for item in self.places],
            "address": self.address,
            "when": {"text": self.when[0], "date": self.when[1]} if self.when else None,
            "tracking": list(self.tracking),
            "private": [{"type": s.type, "start": s.start, "end": s.end} for s in self.private],
        }
