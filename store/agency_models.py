"""The tables of those who act on complaints: agencies, officers, programs; no behaviour."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from store.models import Key, Keyed, UTCDateTime


class Role(StrEnum):
    """What an officer is for (DOMAIN section 2)."""

    NATIONAL = "national"  # admin nasional: all complaints
    COORDINATOR = "coordinator"  # of an agency, with its units
    LIAISON = "liaison"  # pejabat penghubung of one unit
    MONITOR = "monitor"  # reads only


class FamilyStatus(StrEnum):
    PROPOSED = "proposed"
    LINKED = "linked"
    REFUSED = "refused"  # a person said that they are two matters


class AgencyRow(Keyed, table=True):
    """An agency or unit of this deployment, beside those that the catalogue knows."""

    __tablename__ = "agency"
    __table_args__ = (
        UniqueConstraint("code", name="uq_agency_code"),
        Index("ix_agency_parent", "parent"),
    )

    code: str
    name: str
    level: str = ""  # kementerian, lembaga, pemda, bumn, unit ...
    parent: str = ""  # the code of the agency above it
    area: str = ""  # Kemendagri code
    connected: bool = True  # it takes part in SP4N-LAPOR!
    updated_at: datetime = Field(sa_type=UTCDateTime)


class Officer(Keyed, table=True):
    """A person who acts for an agency, and how that person wants to be told."""

    __tablename__ = "officer"
    __table_args__ = (
        UniqueConstraint("login", name="uq_officer_login"),
        Index("ix_officer_agency", "agency"),
    )

    login: str
    name: str
    agency: str = ""  # code; empty: national
    role: Role = Field(sa_type=Text)
    email: str = ""
    telegram: str = ""  # chat id
    channels: list[str] = Field(default_factory=list, sa_type=JSON)  # of email, telegram
    digest: bool = False  # one message a day instead of one for each event
    language: str = "id"
    active: bool = True
    updated_at: datetime = Field(sa_type=UTCDateTime)


class ApiKey(Keyed, table=True):
    """A program that may act for an agency; the key itself is shown once and never stored."""

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("digest", name="uq_api_key_digest"),)

    name: str
    digest: str  # SHA-256 of a random key
    agency: str = ""  # code; empty: all agencies
    actions: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Idempotency(Keyed, table=True):
    """What a request with an Idempotency-Key was answered, to be answered again."""

    __tablename__ = "idempotency"
    __table_args__ = (
        UniqueConstraint("api_key_id", "name", name="uq_idempotency_name"),
        Index("ix_idempotency_at", "at"),
    )

    api_key_id: int = Field(foreign_key="api_key.id", sa_type=Key)
    name: str  # the Idempotency-Key
    digest: str  # of method, path and body: the same key for another request is refused
    status: int = 0  # HTTP; 0 while the first request is at work
    headers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    body: str = Field(default="", sa_type=Text)
    at: datetime = Field(sa_type=UTCDateTime)


class Subscription(Keyed, table=True):
    """A program of an agency that is told what happens to its complaints (webhook)."""

    __tablename__ = "subscription"

    name: str
    agency: str = ""  # code; empty: all agencies
    url: str
    secret: str  # signs each delivery
    events: list[str] = Field(default_factory=list, sa_type=JSON)  # kinds; empty: all
    active: bool = True
    created_at: datetime = Field(sa_type=UTCDateTime)


class Similar(Keyed, table=True):
    """Two complaints that may be one matter; the child keeps its own number whatever is decided."""

    __tablename__ = "likeness"
    __table_args__ = (
        UniqueConstraint("complaint_id", "other_id", name="uq_likeness_complaint_other"),
        Index("ix_likeness_other", "other_id"),
    )

    complaint_id: int = Field(foreign_key="complaint.id", sa_type=Key)  # the later one
    other_id: int = Field(foreign_key="complaint.id", sa_type=Key)  # the earlier one
    score: float  # 0..100
    reasons: list[str] = Field(default_factory=list, sa_type=JSON)
    status: FamilyStatus = Field(default=FamilyStatus.PROPOSED, sa_type=Text)
    actor: str = "system"
    at: datetime = Field(sa_type=UTCDateTime)


class Clue(Keyed, table=True):
    """Something by which a later complaint finds this one, as long as they may be compared."""

    __tablename__ = "clue"
    __table_args__ = (
        Index("ix_clue_name", "name", "at"),
        Index("ix_clue_complaint", "complaint_id"),
    )

    complaint_id: int = Field(foreign_key="complaint.id", sa_type=Key)
    name: str  # of a topic in an area, a few metres of ground, a part of a picture
    at: datetime = Field(sa_type=UTCDateTime)  # the complaint came in


class Rollup(Keyed, table=True):
    """The complaints received on one day, packed for the reports: see store.reports.facts."""

    __tablename__ = "rollup"
    __table_args__ = (
        UniqueConstraint("day", name="uq_rollup_day"),
        Index(
            "ix_rollup_stale",
            "day",
            sqlite_where=Column("stale") > 0,
            postgresql_where=Column("stale") > 0,
        ),
    )

    day: date  # of receipt, in the zone of the settings
    stale: int = 0  # how often it was found changed since it was packed
    answers: bytes = b""  # which agency answered when
    cases: bytes = b""  # a record for each complaint


class RollupState(Keyed, table=True):
    """One row: how far the rollups have followed the complaints, and how they are to be read."""

    __tablename__ = "rollup_state"

    seen: datetime | None = Field(default=None, sa_type=UTCDateTime)  # changes until then are known
    basis: str = ""  # digest of the settings that days were counted by
    words: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSON)  # numbers of codes
