"""What goes over the wire: bodies, queries and answers, from which the OpenAPI document is made."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.api.values import (
    At,
    Code,
    Day,
    Id,
    Limit,
    Line,
    Moment,
    Note,
    RowCursor,
    Text,
    Tracking,
    Yes,
)
from store.models import (
    ArchiveReason,
    AttachmentStatus,
    ComplaintStatus,
    DeskState,
    Privacy,
)

ReportKind = Literal["complaint", "aspiration", "information_request"]


class Wire(BaseModel):
    """Unknown fields are refused: a misspelt one is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- what stands in addresses ---------------------------------------------------------------------


class CasePath(Wire):
    tracking: Tracking = Field(description="The tracking number.")


class AttachmentPath(CasePath):
    attachment: Id


class SubmissionPath(Wire):
    submission: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}-[0-9a-f]{32}$")]


class CaseQuery(Wire):
    unmasked: Yes = Field(
        default=False,
        description="Show numbers and names in texts too. Needs `act`; the audit log keeps it.",
    )


class EventsQuery(CaseQuery):
    limit: Limit = 50
    cursor: RowCursor | None = Field(default=None, description="From `next` of the page before.")


class ComplaintsQuery(Wire):
    q: Tracking | None = Field(default=None, description="A tracking number.")
    status: list[ComplaintStatus] = Field(default=[], description="May be given several times.")
    agency: Code | None = Field(default=None, description="That has the case, leading or not.")
    area: Code | None = Field(default=None, description="Kemendagri code, with all within.")
    category: Code | None = None
    source: Line | None = Field(default=None, description="Channel, or the label of an import.")
    created_since: Moment | None = None
    created_until: Moment | None = None
    updated_since: Moment | None = None
    updated_until: Moment | None = None
    overdue: Yes = Field(default=False, description="Only those past their deadline.")
    limit: Limit = 50
    cursor: RowCursor | None = Field(default=None, description="From `next` of the page before.")


# --- complaints -----------------------------------------------------------------------------------


class Point(Wire):
    lat: float = Field(ge=-90, le=90, strict=True, allow_inf_nan=False)
    lon: float = Field(ge=-180, le=180, strict=True, allow_inf_nan=False)


class Named(Wire):
    code: str
    name: str


class Disposition(Wire):
    agency: Named
    state: DeskState
    deadline: date
    actor: str
    reason: str
    at: At
    answered_at: At | None


class Links(Wire):
    self: str
    events: str
    dispositions: str
    attachments: str


class Complaint(Wire):
    """Texts have numbers and names of persons hidden (***), unless `unmasked` was asked for."""

    tracking: int
    status: ComplaintStatus
    kind: str
    headline: str
    text: str
    category: Named | None
    agency: Named | None
    place: Named | None
    address: str | None
    location: Point | None
    urgent: bool
    privacy: Privacy
    source: str
    campaign: str | None
    duty: str
    verify_by: date | None
    deadline: date
    created_at: At
    updated_at: At
    forwarded_at: At | None
    responded_at: At | None
    answered_at: At | None
    closed_at: At | None
    reopened: int
    rating: int | None
    archive_reason: ArchiveReason | None
    parent: int | None
    dispositions: list[Disposition]
    links: Links


class Complaints(Wire):
    items: list[Complaint]
    next: str | None


class Dispositions(Wire):
    items: list[Disposition]


class Event(Wire):
    id: int
    kind: str
    actor: str
    at: At
    text: str
    detail: dict[str, Any]


class Events(Wire):
    items: list[Event]
    next: str | None


class Attachment(Wire):
    id: int
    content_type: str
    size: int | None
    status: AttachmentStatus
    sha256: str | None
    location: Point | None
    content: str | None = Field(description="Where the content is, once it is stored.")


class Attachments(Wire):
    items: list[Attachment]


class NewComplaint(Wire):
    """A report that goes the way of every message; its number is told by the submission."""

    text: Text
    category: Code | None = Field(default=None, description="A code of the catalogue.")
    area: Code | None = Field(default=None, description="A Kemendagri code.")
    address: Line | None = None
    location: Point | None = None
    privacy: Literal["anonim", "rahasia"] | None = Field(
        default=None,
        description="anonim hides the name, rahasia the report. Else as the topic demands.",
    )
    external_reference: Code | None = Field(
        default=None, description="Your own number: one reference is one report."
    )
    phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{7,14}$")] | None = Field(
        default=None, description="Of the reporter, E.164: reports of one person belong together."
    )


class Submission(Wire):
    id: str
    status: Literal["waiting", "filed", "not_filed"]
    tracking: int | None
    external_reference: str | None
    replies: list[str] = Field(description="What 1708 says to the reporter; please pass it on.")
    complaint: str | None = Field(description="Where the complaint is, once it is filed.")


# --- moves ----------------------------------------------------------------------------------------


class Dispose(Wire):
    agency: Code
    reason: Note = ""
    deadline: Day | None = Field(default=None, description="Earlier than the legal day.")


class Answer(Wire):
    agency: Code
    text: Text


class Forward(Wire):
    agency: Code = Field(description="That has the case.")
    unit: Code = Field(description="A unit below it.")
    reason: Note = ""


class Return(Wire):
    agency: Code = Field(description="Whose task it is not.")
    reason: Text


class Start(Wire):
    agency: Code
    note: Note = ""


class Defer(Wire):
    question: Text
    agency: Code | None = Field(default=None, description="That asks; without it 1708 asks.")


class Resume(Wire):
    note: Note = ""


class Archive(Wire):
    why: ArchiveReason
    text: Note = Field(default="", description="For the reporter, before the usual next step.")


class Restore(Wire):
    reason: Note = ""


class Correct(Wire):
    """At least one of the four."""

    category: Code | None = None
    place: Code | None = None
    kind: ReportKind | None = None
    campaign: Annotated[str, StringConstraints(pattern=r"^[^\x00]{0,100}$")] | None = Field(
        default=None, description='"" for none.'
    )
    reason: Note = ""
