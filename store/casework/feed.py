"""What happened and was told to nobody yet: claimed once, in order, and told through the outbox."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, false, func, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from store.agency_models import Officer
from store.casework.lifecycle import GONE
from store.inbox import changed
from store.models import Complaint, DeskState, Disposition, Event, OutboxLane, OutboxRow

UNPUBLISHED = col(Event.published) == false()  # in the words of its index, as SQLite demands
_ONCE: Mapping[str, Executable] = {
    "sqlite": sqlite.insert(OutboxRow).on_conflict_do_nothing().returning(col(OutboxRow.id)),
    "postgresql": postgresql.insert(OutboxRow)
    .on_conflict_do_nothing()
    .returning(col(OutboxRow.id)),
}


@dataclass(frozen=True, slots=True)
class Held:
    """A desk that a complaint is or was on."""

    agency: str
    state: DeskState
    deadline: date

    @property
    def active(self) -> bool:
        return self.state not in GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event with what officers and programs may know of its complaint: no text, no person."""

    id: int
    kind: str
    actor: str
    at: datetime
    detail: Mapping[str, Any]
    complaint_id: int
    tracking: int
    category: str | None
    place: str | None
    status: str
    privacy: str
    agency: str | None  # that leads
    deadline: date
    urgent: bool
    parent_agency: str | None  # of the head of its family
    desks: tuple[Held, ...] = ()

    @property
    def acting(self) -> str:
        """The agency that acted or was handed the case, "" if the event names none."""
        return str(self.detail.get("agency") or "")

    @property
    def returned(self) -> frozenset[str]:
        """The agencies that had the case and have nothing to do with it any more."""
        return frozenset(desk.agency for desk in self.desks if desk.state == DeskState.RETURNED)

    @property
    def due(self) -> date:
        """Of the desk that the event is about, else of the complaint."""
        mine = (desk.deadline for desk in self.desks if desk.agency == self.acting)
        return next(mine, self.deadline)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A notice for an officer or a program; `dedupe` names it, so that it is queued once.

    It belongs to no complaint of the outbox: what is told there is told to the reporter.
    """

    dedupe: str
    kind: str
    channel: str
    recipient: str
    text: str
    due_at: datetime
    expires_at: datetime | None = None


def waiting(session: Session) -> bool:
    """Whether anything happened that nobody was told of."""
    return session.exec(select(Event.id).where(UNPUBLISHED).limit(1)).first() is not None


def claim(session: Session, *, limit: int) -> list[int]:
    """Take the oldest untold events: they count as told once the transaction ends."""
    oldest = (
        select(Event.id)
        .where(UNPUBLISHED)
        .order_by(col(Event.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = sorted(key for key in session.exec(oldest) if key is not None)
    if ids:
        changed(session, update(Event).where(col(Event.id).in_(ids)).values(published=True))
    return ids


def read(session: Session, ids: Collection[int]) -> list[Happened]:
    """These events in their order, each with its complaint as it is now."""
    return _happened(session, col(Event.id).in_(ids))


def first_since(session: Session, start: datetime) -> int | None:
    """The lowest number of an event of a period, whose times need not be in the order of numbers.

    Of a bare min(id) PostgreSQL and SQLite may walk all events from the first one on.
    """
    number = func.coalesce(col(Event.id), col(Event.id))
    return session.exec(select(func.min(number)).where(col(Event.at) >= start)).one()


def since(session: Session, start: datetime, *, beyond: int, limit: int) -> list[Happened]:
    """Told events of a period, up to `limit` after the event `beyond`."""
    at = func.coalesce(col(Event.at), col(Event.at))  # else the whole period is read and sorted
    found = (
        select(Event.id)
        .where(at >= start, col(Event.published), col(Event.id) > beyond)
        .order_by(col(Event.id))
        .limit(limit)
    )
    return read(session, [key for key in session.exec(found) if key is not None])


def _happened(session: Session, which: ColumnElement[bool]) -> list[Happened]:
    parent = aliased(Complaint)
    rows = session.exec(
        select(Event, Complaint, parent.agency)
        .join(Complaint, col(Complaint.id) == col(Event.complaint_id))
        .outerjoin(parent, col(parent.id) == col(Complaint.parent_id))
        .where(which)
        .order_by(col(Event.id))
    ).all()
    desks = _desks(session, {complaint.key for _, complaint, _ in rows})
    return [
        Happened(
            id=event.key,
            kind=event.kind,
            actor=event.actor,
            at=event.at,
            detail=event.detail,
            complaint_id=complaint.key,
            tracking=complaint.tracking,
            category=complaint.category,
            place=complaint.place,
            status=complaint.status,
            privacy=complaint.privacy,
            agency=complaint.agency,
            deadline=complaint.deadline,
            urgent=complaint.urgent,
            parent_agency=agency,
            desks=tuple(desks.get(complaint.key, ())),
        )
        for event, complaint, agency in rows
    ]


def _desks(session: Session, complaints: Collection[int]) -> dict[int, list[Held]]:
    found: dict[int, list[Held]] = {}
    rows = session.exec(
        select(Disposition)
        .where(col(Disposition.complaint_id).in_(complaints))
        .order_by(col(Disposition.id))
    )
    for row in rows:
        held = Held(row.agency, DeskState(row.state), row.deadline)
        found.setdefault(row.complaint_id, []).append(held)
    return found


def listeners(session: Session) -> list[Officer]:
    """The officers who want to be told, at once or in a digest."""
    active = select(Officer).where(col(Officer.active)).order_by(col(Officer.id))
    return [officer for officer in session.exec(active) if officer.channels]


def post(session: Session, letters: Sequence[Letter], *, now: datetime) -> int:
    """Queue notices, each once for its name; returns how many were new."""
    if not letters:
        return 0
    rows: list[dict[str, Any]] = [
        {
            "dedupe": letter.dedupe,
            "kind": letter.kind,
            "lane": OutboxLane.NOTICE,
            "channel": letter.channel,
            "recipient": letter.recipient,
            "text": letter.text,
            "extra": {},
            "due_at": letter.due_at,
            "expires_at": letter.expires_at,
            "created_at": now,
        }
        for letter in letters
    ]
    connection = session.connection()
    return len(connection.execute(_ONCE[connection.dialect.name], rows).scalars().all())
