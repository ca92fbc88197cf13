"""Who of a family has still to hear what; bots/following.py tells them, one after the other.

A complaint is `untold` from the moment in which something happens to the head of a family, or in
which it joins or leaves one, until a look finds nobody that has not heard. Each member keeps the
newest event of its head that its reporter was told of.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, true, update
from sqlmodel import Session, col, select

from store.models import Complaint, Event

SYSTEM = "system"


def stir(session: Session, complaint: Complaint) -> None:
    """Something happened to a locked complaint: if it has members, they are to hear of it."""
    if complaint.id and complaint.parent_id is None and not complaint.untold:
        member = select(Complaint.id).where(Complaint.parent_id == complaint.id)
        complaint.untold = session.exec(member.limit(1)).first() is not None


def stir_all(session: Session, keys: Collection[int]) -> None:
    """The same of many."""
    if keys:
        heads = select(Complaint.parent_id).where(col(Complaint.parent_id).in_(keys))
        told = update(Complaint).where(col(Complaint.id).in_(heads)).values(untold=True)
        session.connection().execute(told)


def know(session: Session, complaint: Complaint) -> None:
    """Its reporter is told nothing of what happened in the family until now."""
    if complaint.parent_id is None:
        complaint.heard = 0
        return
    newest = select(func.max(Event.id)).where(col(Event.complaint_id) == complaint.parent_id)
    complaint.heard, complaint.untold = session.exec(newest).one() or 0, False


def first(session: Session) -> Complaint | None:
    """One that is to be looked at, not locked."""
    found = select(Complaint).where(col(Complaint.untold) == true()).order_by(col(Complaint.id))
    return session.exec(found.limit(1).execution_options(populate_existing=True)).first()


def behind(session: Session, head: Complaint, kinds: Collection[str]) -> int | None:
    """The number of a member whose reporter has not heard the newest event of its head.

    One that joined a moment ago is to be looked at by itself.
    """
    newest = select(func.max(Event.id)).where(*_by_people(head.key, kinds))
    member = select(Complaint.tracking).where(
        Complaint.parent_id == head.key,
        col(Complaint.heard) < newest.scalar_subquery(),
        col(Complaint.untold) != true(),
    )
    return session.exec(member.order_by(col(Complaint.id)).limit(1)).first()


def happened(
    session: Session, head_id: int, kinds: Collection[str], *, beyond: int = 0
) -> list[Event]:
    """What people did to a complaint after that event, oldest first."""
    events = select(Event).where(*_by_people(head_id, kinds), col(Event.id) > beyond)
    return list(session.exec(events.order_by(col(Event.id))))


def _by_people(complaint_id: int, kinds: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    """What the system does by itself is no news to others: routing, deadlines, closing."""
    return (
        col(Event.complaint_id) == complaint_id,
        col(Event.kind).in_(kinds),
        col(Event.actor) != SYSTEM,
    )
