"""The rest that goes over the wire: rows of operators, catalogues, reports."""

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from gateway.api.values import (
    At,
    Code,
    Day,
    Id,
    Limit,
    Line,
    Moment,
    NameCursor,
    RowCursor,
    Text,
)
from gateway.api.wire import Named, ReportKind, Wire
from store.models import InboxStatus, OutboxStatus

RowRef = Annotated[str, StringConstraints(pattern=r"^(in|out)-[1-9][0-9]{0,17}$")]
ReportName = Literal["summary", "agencies", "topics", "channels", "timing", "overdue", "province"]
ReportBy = Literal["day", "week", "month", "agency", "area", "topic", "source"]


# --- what stands in addresses ---------------------------------------------------------------------


class RowPath(Wire):
    row: Id


class NamesQuery(Wire):
    limit: Limit = 100
    cursor: NameCursor | None = Field(default=None, description="From `next` of the page before.")


class AreasQuery(NamesQuery):
    parent: Code | None = Field(default=None, description="The areas right below this one.")
    level: Literal["provinsi", "kabkota", "kecamatan", "kelurahan_desa"] | None = None


class RowsQuery(Wire):
    channel: Line | None = None
    error: Line | None = Field(default=None, description="A part of the error.")
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: RowCursor | None = Field(default=None, description="From `next` of the page before.")


class InboxQuery(RowsQuery):
    status: list[InboxStatus] = Field(default=[], description="May be given several times.")


class OutboxQuery(RowsQuery):
    status: list[OutboxStatus] = Field(default=[], description="May be given several times.")


class ReportPath(Wire):
    report: ReportName


class ReportQuery(Wire):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_alias=True)
    start: Day | None = Field(default=None, alias="from", description="First day of receipt.")
    end: Day | None = Field(default=None, alias="to", description="Last day of receipt.")
    area: Code | None = Field(default=None, description="Kemendagri code, with all within.")
    agency: Code | None = Field(default=None, description="With its units.")
    topic: Code | None = Field(default=None, description="With its sub-topics.")
    campaign: Code | None = None
    level: Literal["kementerian", "lembaga", "pemda", "bumn"] | None = None
    kind: ReportKind | None = None
    source: Line | None = None
    by: ReportBy | None = Field(default=None, description="A summary side by side.")


# --- inbox, outbox, replay ------------------------------------------------------------------------


class Row(Wire):
    row: str
    id: int
    at: At
    channel: str
    person: str = Field(description="Masked.")
    status: str
    attempts: int
    error: str


class Rows(Wire):
    items: list[Row]
    next: str | None


class InboxDetail(Row):
    """With what the message caused."""

    replies: list[Row]
    complaint: int | None
    attachments: list[str]


class OutboxDetail(Row):
    kind: str
    lane: str
    message: str | None
    complaint: int | None
    receipt: str
    segments: int
    sent_at: At | None


class Reveal(Wire):
    reason: Text = Field(description="Why you must see it; the audit log keeps it.")


class Revealed(Wire):
    row: str
    person: str
    text: str


class Replay(Wire):
    rows: list[RowRef] = Field(min_length=1, max_length=500)
    reason: Text = Field(description="The audit log keeps it.")
    dry_run: bool = Field(default=False, strict=True, description="Change nothing.")
    again: bool = Field(
        default=False, strict=True, description="May repeat a reply that went out to a person."
    )


class Left(Wire):
    row: str
    why: str


class Replayed(Wire):
    dry_run: bool
    again: bool
    asked: int
    queued: list[str]
    not_queued: list[Left]


# --- catalogue ------------------------------------------------------------------------------------


class Category(Wire):
    code: str
    name: str
    parent: Named | None
    kind: str = Field(description="The class that complaints of this topic usually have.")
    confidential: bool = Field(description="Reports of this topic are rahasia by themselves.")


class Categories(Wire):
    items: list[Category]


class Agency(Wire):
    code: str
    name: str
    level: str
    parent: str | None
    area: str | None
    local: bool = Field(description="One stands in each area: write CODE@AREA.")


class Agencies(Wire):
    items: list[Agency]
    next: str | None


class Area(Wire):
    code: str
    name: str
    level: str


class Areas(Wire):
    items: list[Area]
    next: str | None


# --- reports --------------------------------------------------------------------------------------


class Report(Wire):
    """Beside these the sections of the report: objects or lists of objects with named figures."""

    model_config = ConfigDict(extra="allow", frozen=True)
    report: ReportName
    start: date = Field(alias="from")
    end: date = Field(alias="to")
    filters: dict[str, str]
    refreshed_at: At | None = Field(description="Changes until then are counted.")
    notes: list[str]
