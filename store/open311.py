"""What everyone may see of complaints, for programs that poll: never a confidential one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from store import inbox
from store.agency_models import AgencyRow
from store.casework.lifecycle import ENDED
from store.models import Complaint, Event, InboxRow, InboxStatus, Privacy

SHOWN = (Privacy.PUBLIC, Privacy.ANONYMOUS)  # a new kind of privacy is hidden until it stands here


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which complaints: those of the numbers, else of the time, topics and states."""

    trackings: Sequence[int] | None = None
    since: datetime | None = None
    until: datetime | None = None
    categories: Sequence[str] = ()
    ended: bool | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One event with the complaint that it happened to."""

    event: Event
    complaint: Complaint


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a message that a program handed in."""

    text: str
    settled: bool  # it was read; without a number it is nothing that may be shown
    tracking: int | None = None
    urgent: bool = False


def requests(session: Session, wanted: Wanted, *, limit: int, offset: int) -> list[Complaint]:
    """The newest first."""
    statement = select(Complaint).where(*_where(wanted))
    order = (col(Complaint.created_at).desc(), col(Complaint.id).desc())
    return list(session.exec(statement.order_by(*order).limit(limit).offset(offset)))


def _where(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [_public()]
    if wanted.trackings is not None:  # "This overrides all other arguments"
        return [*found, col(Complaint.tracking).in_(wanted.trackings)]
    if wanted.since:
        found.append(col(Complaint.created_at) >= wanted.since)
    if wanted.until:
        found.append(col(Complaint.created_at) <= wanted.until)
    if wanted.categories:
        found.append(col(Complaint.category).in_(wanted.categories))
    if wanted.ended is not None:
        ended = col(Complaint.status).in_(ENDED)
        found.append(ended if wanted.ended else ~ended)
    return found


def _public() -> ColumnElement[bool]:
    return col(Complaint.privacy).in_(SHOWN)


def parents(session: Session, complaints: Sequence[Complaint]) -> Mapping[int, int]:
    """The numbers of the complaints that these repeat, by their keys; none of a hidden one."""
    ids = {row.parent_id for row in complaints if row.parent_id is not None}
    if not ids:
        return {}
    statement = select(Complaint.id, Complaint.tracking)
    rows = session.exec(statement.where(col(Complaint.id).in_(ids), _public()))
    return {key: tracking for key, tracking in rows if key is not None}


def answers(session: Session, complaints: Sequence[Complaint]) -> Mapping[int, Event]:
    """The last answer to each complaint, by its key."""
    newest = (
        select(func.max(Event.id))
        .where(
            col(Event.complaint_id).in_([row.id for row in complaints]),
            Event.kind == "answered",
        )
        .group_by(col(Event.complaint_id))
    )
    rows = session.exec(select(Event).where(col(Event.id).in_(newest)))
    return {row.complaint_id: row for row in rows}


def updates(
    session: Session, wanted: Wanted, *, kinds: Collection[str], limit: int, offset: int
) -> list[Step]:
    """What happened to complaints, in its order; of the given ones, or in the given time."""
    statement = (
        select(Event, Complaint)
        .join(Complaint, col(Complaint.id) == col(Event.complaint_id))
        .where(_public(), col(Event.kind).in_(kinds))
    )
    if wanted.trackings is not None:
        statement = statement.where(col(Complaint.tracking).in_(wanted.trackings))
    if wanted.since:  # a complaint changes at each event, and is found by its index
        at = (col(Complaint.updated_at) >= wanted.since, col(Event.at) >= wanted.since)
        statement = statement.where(*at)
    if wanted.until:
        statement = statement.where(col(Event.at) <= wanted.until)
    statement = statement.order_by(col(Event.at), col(Event.id)).limit(limit).offset(offset)
    return [Step(event, complaint) for event, complaint in session.exec(statement)]


def reported(session: Session, tracking: int, update_id: str, actor: str) -> Event | None:
    """The event that a program's own update has made already."""
    statement = (
        select(Event)
        .join(Complaint, col(Complaint.id) == col(Event.complaint_id))
        .where(Complaint.tracking == tracking, Event.actor == actor)
    )
    found = session.exec(statement.order_by(col(Event.id)))
    return next((row for row in found if row.detail.get("update_id") == update_id), None)


def shown(session: Session, tracking: int) -> Complaint | None:
    return session.exec(select(Complaint).where(Complaint.tracking == tracking, _public())).first()


def filed(session: Session, channel: str, token: str) -> Filed | None:
    """What became of the message with this token; None if there is none."""
    row = inbox.find(session, channel, token)
    if row is None:
        return None
    found = session.exec(select(Complaint).where(Complaint.inbox_id == row.id)).first()
    if found is None and row.status == InboxStatus.DONE:
        found = _repeated(session, row)
    if found is None:
        return Filed(row.text, row.status == InboxStatus.DONE)
    if found.privacy not in SHOWN:
        return Filed(row.text, settled=True)
    return Filed(row.text, True, found.tracking, found.urgent)


def _repeated(session: Session, row: InboxRow) -> Complaint | None:
    """The complaint of the sender's newest message in the very words of this one."""
    statement = (
        select(Complaint)
        .join(InboxRow, col(InboxRow.id) == col(Complaint.inbox_id))
        .where(
            InboxRow.channel == row.channel,
            InboxRow.sender == row.sender,
            col(InboxRow.id) < row.key,
            InboxRow.text == row.text,
        )
        .order_by(col(InboxRow.id).desc())
    )
    return session.exec(statement).first()


def unit_names(session: Session, codes: Collection[str]) -> Mapping[str, str]:
    """Names of agencies that this deployment has beside those of its catalogue."""
    if not codes:
        return {}
    statement = select(AgencyRow.code, AgencyRow.name).where(col(AgencyRow.code).in_(codes))
    return dict(session.exec(statement).all())
