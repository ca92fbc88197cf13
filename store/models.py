"""The tables of messages, conversations and complaints; no behaviour."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, Relationship, SQLModel

from parsers.messages import Failure
from store.states import (
    ArchiveReason as ArchiveReason,
)
from store.states import (
    AttachmentStatus as AttachmentStatus,
)
from store.states import (
    ComplaintStatus as ComplaintStatus,
)
from store.states import (
    DeskState as DeskState,
)
from store.states import (
    InboxStatus as InboxStatus,
)
from store.states import (
    Lane as Lane,
)
from store.states import (
    OutboxLane as OutboxLane,
)
from store.states import (
    OutboxStatus as OutboxStatus,
)
from store.states import (
    Privacy as Privacy,
)
from store.states import (
    QuarantineStatus as QuarantineStatus,
)


class UTCDateTime(TypeDecorator[datetime]):
    """Aware times only; SQLite, which has no zones, keeps them as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


Key = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts INTEGER keys by itself


def _only(rows: ColumnElement[bool]) -> dict[str, Any]:
    """Of a partial index, in the words of both databases."""
    return {"sqlite_where": rows, "postgresql_where": rows}


class Keyed(SQLModel):
    id: int | None = Field(default=None, primary_key=True, sa_type=Key)

    @property
    def key(self) -> int:
        """The primary key of a row that has been flushed."""
        if self.id is None:
            raise RuntimeError("row has not been flushed")
        return self.id


class InboxRow(Keyed, table=True):
    """One inbound message, kept as it came."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "provider_id", name="uq_inbox_channel_provider_id"),
        Index(
            "ix_inbox_waiting",
            "lane",
            "channel",
            "sender",
            "id",
            sqlite_where=Column("status") == "received",
            postgresql_where=Column("status") == "received",
        ),
        Index(
            "ix_inbox_lane",
            "lane",
            "id",
            sqlite_where=Column("status") == "received",
            postgresql_where=Column("status") == "received",
        ),
        Index("ix_inbox_sender", "channel", "sender", "id"),
        Index(
            "ix_inbox_dead",
            "id",
            sqlite_where=Column("status") == "dead",
            postgresql_where=Column("status") == "dead",
        ),
    )

    channel: str
    provider_id: str
    sender: str
    recipient: str = ""
    text: str = Field(sa_type=Text)
    extra: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    message_ref: str = ""
    received_at: datetime = Field(sa_type=UTCDateTime)  # the provider's time
    stored_at: datetime = Field(sa_type=UTCDateTime)  # ours
    status: InboxStatus = Field(default=InboxStatus.RECEIVED, sa_type=Text)
    lane: Lane = Field(default=Lane.LIVE, sa_type=Text)
    attempts: int = 0
    due_at: datetime = Field(sa_type=UTCDateTime)
    claim: str = ""  # of the drain that works on it now
    claimed_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    error: str = ""  # type and place of the last exception, never its text
    done_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    generation: int = 0  # counts replays that may answer again


class Person(Keyed, table=True):
    """Someone who has proved by a code that several conversations are theirs."""

    __tablename__ = "person"

    created_at: datetime = Field(sa_type=UTCDateTime)


class Conversation(Keyed, table=True):
    """One sender on one channel, with its dialogue state."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("channel", "sender", name="uq_conversation_channel_sender"),
        Index("ix_conversation_person", "person_id"),
    )

    channel: str
    sender: str
    person_id: int | None = Field(default=None, foreign_key="person.id", sa_type=Key)
    state: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    language: str = "id"  # ISO 639
    notices: bool = True  # STOP switches notices off, never intake
    blocked: bool = False  # the provider says that the person has blocked us
    heard_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # WhatsApp's 24 hours
    updated_at: datetime = Field(sa_type=UTCDateTime)


class Complaint(Keyed, table=True):
    """What is kept of a report, under its tracking number."""

    __tablename__ = "complaint"
    __table_args__ = (
        UniqueConstraint("tracking", name="uq_complaint_tracking"),
        UniqueConstraint("inbox_id", name="uq_complaint_inbox_id"),
        Index("ix_complaint_conversation", "conversation_id", "id"),
        Index("ix_complaint_status", "status", "deadline"),
        Index("ix_complaint_answered", "status", "answered_at"),
        Index("ix_complaint_agency", "agency", "id"),
        Index("ix_complaint_created", "created_at"),
        Index("ix_complaint_updated", "updated_at"),
        Index("ix_complaint_parent", "parent_id", **_only(Column("parent_id").isnot(None))),
        Index("ix_complaint_uncompared", "id", **_only(Column("compared") == false())),
        Index("ix_complaint_untold", "id", **_only(Column("untold") == true())),
    )

    tracking: int  # 7 digits, drawn at random; an imported one keeps its own
    inbox_id: int | None = Field(default=None, foreign_key="inbox.id", sa_type=Key)
    conversation_id: int | None = Field(default=None, foreign_key="conversation.id", sa_type=Key)
    source: str = ""  # the channel, or where an imported complaint came from ("Website")
    text: str = Field(sa_type=Text)
    headline: str = ""
    kind: str
    category: str | None = None
    agency: str | None = None
    place: str | None = None
    address: str | None = None
    lat: float | None = None
    lon: float | None = None
    candidates: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    urgent: bool = False
    privacy: Privacy = Field(default=Privacy.PUBLIC, sa_type=Text)
    status: ComplaintStatus = Field(default=ComplaintStatus.TRIAGE, sa_type=Text)
    duty: str = "complaint"  # which limit of the settings its deadline follows
    campaign: str | None = None  # with limits of its own
    deadline: date
    verify_by: date | None = None  # the first response is due
    clock_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # it began anew, reopened
    pauses: list[Any] = Field(default_factory=list, sa_type=JSON)  # [[from, until or null]], ISO
    alarm: int = 0  # how far up the missed deadline was told: store.alarms
    parent_id: int | None = Field(default=None, foreign_key="complaint.id", sa_type=Key)  # family
    untold: bool = False  # its reporter, or those of its members, may have family news to hear
    heard: int = Field(default=0, sa_type=Key)  # the newest event of its head told here; 0: none
    compared: bool = False  # with others, as it is now; whoever changes its matter says False
    archive_reason: ArchiveReason | None = Field(default=None, sa_type=Text)
    forwarded_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # first at an agency
    responded_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # the first answer
    answered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # the last answer
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    reopened: int = 0  # how often the reporter said that it is not solved
    rating: int | None = None  # 1..5, given by the reporter or by nobody
    created_at: datetime = Field(sa_type=UTCDateTime)
    updated_at: datetime = Field(sa_type=UTCDateTime)

    conversation: Conversation | None = Relationship()


class Event(Keyed, table=True):
    """One thing that happened to a complaint; append-only."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_complaint", "complaint_id", "id"),
        Index("ix_event_at", "at"),
        Index(
            "ix_event_unpublished",
            "id",
            sqlite_where=Column("published") == false(),
            postgresql_where=Column("published") == false(),
        ),
    )

    complaint_id: int = Field(foreign_key="complaint.id", sa_type=Key)
    kind: str
    actor: str  # citizen, system, or an operator's name
    at: datetime = Field(sa_type=UTCDateTime)
    text: str = Field(default="", sa_type=Text)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    published: bool = False  # officers and subscribers were told, or nobody wanted to know


class Disposition(Keyed, table=True):
    """A complaint handed to an agency."""

    __tablename__ = "disposition"
    __table_args__ = (
        UniqueConstraint("complaint_id", "agency", name="uq_disposition_complaint_agency"),
        Index("ix_disposition_agency", "agency", "at"),
    )

    complaint_id: int = Field(foreign_key="complaint.id", sa_type=Key)
    agency: str
    actor: str
    reason: str = ""
    deadline: date
    state: DeskState = Field(default=DeskState.WAITING, sa_type=Text)
    at: datetime = Field(sa_type=UTCDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class OutboxRow(Keyed, table=True):
    """A reply on its way to a person."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("dedupe", name="uq_outbox_dedupe"),
        Index(
            "ix_outbox_waiting",
            "channel",
            "recipient",
            "id",
            sqlite_where=Column("status").in_(["queued", "sending"]),
            postgresql_where=Column("status").in_(["queued", "sending"]),
        ),
        Index(
            "ix_outbox_channel",
            "channel",
            "lane",
            "due_at",
            "id",
            sqlite_where=Column("status").in_(["queued", "sending"]),
            postgresql_where=Column("status").in_(["queued", "sending"]),
        ),
        Index(
            "ix_outbox_trouble",
            "id",
            sqlite_where=Column("status").in_(["held", "failed"]),
            postgresql_where=Column("status").in_(["held", "failed"]),
        ),
        Index("ix_outbox_recipient", "channel", "recipient", "id"),
        Index("ix_outbox_provider_id", "channel", "provider_id"),
        Index("ix_outbox_inbox_id", "inbox_id"),
        Index("ix_outbox_complaint_id", "complaint_id"),
    )

    dedupe: str  # names the reply: written once, whatever runs twice
    inbox_id: int | None = Field(default=None, foreign_key="inbox.id", sa_type=Key)
    complaint_id: int | None = Field(default=None, foreign_key="complaint.id", sa_type=Key)
    kind: str
    lane: OutboxLane = Field(default=OutboxLane.ANSWER, sa_type=Text)
    channel: str
    recipient: str
    origin: str = ""
    text: str = Field(sa_type=Text)
    extra: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # buttons, template
    segments: int = 0  # of an SMS: what the operator is charged for
    status: OutboxStatus = Field(default=OutboxStatus.QUEUED, sa_type=Text)
    attempts: int = 0
    due_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UTCDateTime)  # of no use later
    claim: str = ""
    claimed_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    failure: Failure | None = Field(default=None, sa_type=Text)
    code: str = ""  # the provider's own error code
    provider_id: str = ""
    receipt: str = ""  # the furthest receipt seen
    created_at: datetime = Field(sa_type=UTCDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Attachment(Keyed, table=True):
    """A photo, voice note, video or document that came with a message; a job fetches it."""

    __tablename__ = "attachment"
    __table_args__ = (
        UniqueConstraint("inbox_id", "position", name="uq_attachment_inbox_position"),
        Index("ix_attachment_complaint", "complaint_id"),
        Index(
            "ix_attachment_waiting",
            "due_at",
            sqlite_where=Column("status") == "waiting",
            postgresql_where=Column("status") == "waiting",
        ),
    )

    inbox_id: int = Field(foreign_key="inbox.id", sa_type=Key)
    complaint_id: int | None = Field(default=None, foreign_key="complaint.id", sa_type=Key)
    position: int
    ref: str = Field(sa_type=Text)
    content_type: str = ""  # as the provider says; once stored, as the content shows
    size: int | None = None  # bytes
    name: str = ""
    status: AttachmentStatus = Field(default=AttachmentStatus.WAITING, sa_type=Text)
    attempts: int = 0
    due_at: datetime = Field(sa_type=UTCDateTime)
    claim: str = ""
    claimed_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    digest: str = ""  # SHA-256 of what is stored, and its name there
    lat: float | None = None  # from the photo's EXIF, which is then taken out
    lon: float | None = None
    picture: str = ""  # perceptual hash of a photo, 16 hex digits: near photos differ in few bits
    error: str = ""  # why it was refused or failed

    complaint: Complaint | None = Relationship()


class QuarantineRow(Keyed, table=True):
    """A request that failed its proof of origin; never processed unless a person releases it."""

    __tablename__ = "quarantine"
    __table_args__ = (Index("ix_quarantine_received", "received_at"),)

    channel: str
    reason: str
    method: str
    path: str
    query: str = Field(default="", sa_type=Text)
    headers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    body: str = Field(sa_type=Text)
    received_at: datetime = Field(sa_type=UTCDateTime)
    status: QuarantineStatus = Field(default=QuarantineStatus.KEPT, sa_type=Text)


class AuditRow(Keyed, table=True):
    """Who did what to which rows, and why; append-only."""

    __tablename__ = "audit"

    at: datetime = Field(sa_type=UTCDateTime)
    actor: str
    action: str
    reason: str = ""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
