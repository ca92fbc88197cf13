"""What an import does to families: by their rules, and behind what an officer has decided."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import or_
from sqlmodel import Session, col, select

from store.exchange.changes import Change
from store.exchange.derived import ACTOR
from store.families import families, telling
from store.families.families import Unfit
from store.families.similar import family_of, refused_with
from store.models import Complaint, ComplaintStatus, Event, Privacy

ENDED: Final = (ComplaintStatus.ARCHIVED, ComplaintStatus.WITHDRAWN)
LINKS: Final = ("linked", "unlinked")


def hold(session: Session, trackings: Collection[int]) -> None:
    """Lock complaints with their heads and members before any is changed."""
    found = select(Complaint.id).where(col(Complaint.tracking).in_(trackings))
    if keys := [key for key in session.exec(found) if key is not None]:
        families.hold(session, keys)


def join(session: Session, child: Complaint, parent: Complaint, *, now: datetime) -> bool:
    """Put a child under the head of its parent; Unfit if a rule or an officer is against it."""
    head = session.get_one(Complaint, parent.parent_id) if parent.parent_id else parent
    if head.key in (child.parent_id, child.key):
        return False
    if refused_with(session, [child.key]) & set(session.execute(family_of(head)).scalars()):
        raise Unfit(f"an officer has said that complaint {parent.tracking} is another matter")
    if child.parent_id and _linked_by_officer(session, child):
        raise Unfit("an officer has put it into another family")
    for row in (child, head):
        if row.status == ComplaintStatus.ARCHIVED:
            raise Unfit(f"complaint {row.tracking} is archived: it belongs to no family")
    return families.link(session, child, parent, actor=ACTOR, now=now, corrects=False)


def _linked_by_officer(session: Session, child: Complaint) -> bool:
    statement = select(Event.actor).where(Event.complaint_id == child.key, Event.kind == "linked")
    latest = statement.order_by(col(Event.at).desc(), col(Event.id).desc()).limit(1)
    return session.exec(latest).first() not in (None, ACTOR, families.SYSTEM)


def part(session: Session, changes: Iterable[Change], *, now: datetime) -> None:
    """Out of their families with those that became confidential, archived or withdrawn."""
    gone = {change.complaint_id for change in changes if _ends(change)}
    if not gone:
        return
    related = select(Complaint.id, Complaint.parent_id).where(
        col(Complaint.parent_id).isnot(None),
        or_(col(Complaint.id).in_(gone), col(Complaint.parent_id).in_(gone)),
    )
    keys = {key for pair in session.exec(related) for key in pair if key is not None}
    for key in sorted(keys & gone):
        families.leave(session, session.get_one(Complaint, key), actor=ACTOR, now=now)
    settle(session, now=now)


def _ends(change: Change) -> bool:
    values = change.values
    return values.get("privacy") == Privacy.CONFIDENTIAL or values.get("status") in ENDED


def settle(session: Session, *, now: datetime) -> None:
    """Nobody is told what an import linked and parted, and what a file told is not told twice."""
    session.flush()
    unpublished = select(Event).where(
        col(Event.published).is_(False), Event.actor == ACTOR, col(Event.kind).in_(LINKS)
    )
    new = {event.id: event for event in session.exec(unpublished.where(Event.at == now))}
    told = select(Event.id, Event.complaint_id, Event.kind, Event.detail).where(
        col(Event.complaint_id).in_({event.complaint_id for event in new.values()}),
        col(Event.kind).in_(LINKS),
    )
    last: dict[tuple[int, object], str] = {}  # of two complaints: linked or unlinked
    for key, complaint, kind, detail in session.exec(told.order_by(col(Event.at), col(Event.id))):
        pair = complaint, detail.get("tracking")
        if event := new.get(key):
            event.published = True
            telling.know(session, session.get_one(Complaint, complaint))
            if last.get(pair) == kind:
                session.delete(event)
        last[pair] = kind
    session.flush()
