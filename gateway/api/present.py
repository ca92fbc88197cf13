"""Complaints as programs read them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from gateway.api import answers, wire
from gateway.open311.requests import Names
from gateway.runtime import Runtime
from store.casework import case_lists
from store.casework.case_lists import Seen
from store.masking import masked
from store.models import Attachment, AttachmentStatus, Complaint, Disposition, Event

BASE = "/api/v1"
# Of an event's detail; the rest, such as words that were replaced, is not for programs.
# Not the numbers of linked cases: they may be of others, or secret since.
TOLD = ("agency", "from", "deadline", "field", "was", "now", "reason", "score", "count")
QUOTING = frozenset({"extended"})  # kinds whose `was` are words of the reporter


def case_url(tracking: int) -> str:
    return f"{BASE}/complaints/{tracking}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the complaints of one answer share, asked for once."""

    names: Names
    desks: Mapping[int, Sequence[Disposition]]
    heads: Mapping[int, int]

    @classmethod
    def of(cls, rt: Runtime, session: Session, seen: Seen, rows: Sequence[Complaint]) -> "Shown":
        desks = case_lists.desks(session, rows)
        codes = [row.agency for row in rows]
        codes += [desk.agency for several in desks.values() for desk in several]
        return cls(
            names=Names.of(session, rt.reader, codes),
            desks=desks,
            heads=case_lists.heads(session, seen, rows),
        )

    def complaint(self, row: Complaint, *, unmasked: bool = False) -> wire.Complaint:
        say = _as_written if unmasked else masked
        agency, place, category = row.agency, row.place, row.category
        return wire.Complaint(
            tracking=row.tracking,
            status=row.status,
            kind=row.kind,
            headline=say(row.headline),
            text=say(row.text),
            category=_named(category, self.names.reader.category_name),
            agency=_named(agency, self.names.agency),
            place=_named(place, self.names.place),
            address=say(row.address) if row.address else None,
            location=_point(row.lat, row.lon),
            urgent=row.urgent,
            privacy=row.privacy,
            source=row.source,
            campaign=row.campaign,
            duty=row.duty,
            verify_by=row.verify_by,
            deadline=row.deadline,
            created_at=row.created_at,
            updated_at=row.updated_at,
            forwarded_at=row.forwarded_at,
            responded_at=row.responded_at,
            answered_at=row.answered_at,
            closed_at=row.closed_at,
            reopened=row.reopened,
            rating=row.rating,
            archive_reason=row.archive_reason,
            parent=self.heads.get(row.parent_id or 0),
            dispositions=[self.disposition(desk) for desk in self.desks.get(row.key, ())],
            links=_links(row.tracking),
        )

    def disposition(self, desk: Disposition) -> wire.Disposition:
        return wire.Disposition(
            agency=wire.Named(code=desk.agency, name=self.names.agency(desk.agency)),
            state=desk.state,
            deadline=desk.deadline,
            actor=desk.actor,
            reason=masked(desk.reason),
            at=desk.at,
            answered_at=desk.answered_at,
        )

    def etags(self, row: Complaint) -> Iterable[str]:
        """Of every way in which this state of a complaint is shown."""
        for unmasked in (False, True):
            yield answers.etag_of(answers.body_of(self.complaint(row, unmasked=unmasked)))


def _as_written(text: str) -> str:
    return text


def _named(code: str | None, name: Callable[[str], str]) -> wire.Named | None:
    return wire.Named(code=code, name=name(code) or code) if code else None


def _point(lat: float | None, lon: float | None) -> wire.Point | None:
    return wire.Point(lat=lat, lon=lon) if lat is not None and lon is not None else None


def _links(tracking: int) -> wire.Links:
    own = case_url(tracking)
    return wire.Links(
        self=own,
        events=f"{own}/events",
        dispositions=f"{own}/dispositions",
        attachments=f"{own}/attachments",
    )


def event(row: Event, *, unmasked: bool = False) -> wire.Event:
    return wire.Event(
        id=row.key,
        kind=row.kind,
        actor=row.actor,
        at=row.at,
        text=row.text if unmasked else masked(row.text),
        detail={
            name: value
            for name, value in row.detail.items()
            if name in TOLD and not (name == "was" and row.kind in QUOTING)
        },
    )


def attachment(row: Attachment, tracking: int) -> wire.Attachment:
    """Without its name, which the sender chose."""
    stored = row.status == AttachmentStatus.STORED
    url = f"{case_url(tracking)}/attachments/{row.key}/content"
    return wire.Attachment(
        id=row.key,
        content_type=row.content_type,
        size=row.size,
        status=row.status,
        sha256=row.digest or None,
        location=_point(row.lat, row.lon),
        content=url if stored else None,
    )
