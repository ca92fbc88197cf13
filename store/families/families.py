"""Complaints of one matter: proposed as a family, linked under the first, never dropped.

A family has one level: its head, and members whose parent_id is the head. Whoever locks several
complaints locks heads before members, each by their keys, and conversations before both; so a
member leaves by its own lock alone, and a head may take those of its members while it has its own.
`key_share`, for no number changes and whoever only refers to a complaint need not wait.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, insert, or_, update
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import Session, col, select

from store.agency_models import FamilyStatus
from store.families.similar import decide, inherit
from store.models import Complaint, ComplaintStatus, Event, Privacy

SYSTEM: Final = "system"
BURST: Final = "burst"
OVER: Final = (ComplaintStatus.CLOSED, ComplaintStatus.ARCHIVED, ComplaintStatus.WITHDRAWN)
AWAITING: Final = (  # an answer: who joins a family now, hears it
    ComplaintStatus.TRIAGE,
    ComplaintStatus.DISPOSED,
    ComplaintStatus.IN_PROGRESS,
    ComplaintStatus.DEFERRED,
)


class Unfit(Exception):
    """These two cannot be one family; the message says why in plain words."""


class _Moved(Exception):
    """Somebody else changed the family before its rows were locked."""


def look_again(complaint: Complaint) -> None:
    """Have a complaint compared once more: its words, topic, place, files or privacy changed.

    Written even where it was False: a comparison may have ended meanwhile.
    """
    complaint.compared = False
    flag_modified(complaint, "compared")


def link(
    session: Session,
    child: Complaint,
    parent: Complaint,
    *,
    actor: str,
    now: datetime,
    corrects: bool = True,
) -> bool:
    """Put a complaint, with its own members, under the head of the other; False if it is there.

    `corrects`: a person here has decided so, and it is kept as a correction.
    """
    if child.key == parent.key:
        raise Unfit("it is the same complaint")
    hold(session, [child.key, parent.key])
    head = _head(session, parent)
    for row in (child, parent, head):
        _fit(row)
    if head.key in (child.parent_id, child.key):
        return False
    moved = [child, *members_of(session, child.key)]
    _part(session, child, actor, now)
    for row in moved:
        _join(session, row, head, now)
        _note(session, row, "linked", head, actor, now)
        _note(session, head, "linked", row, actor, now)
    session.flush()
    decide(session, child, parent, FamilyStatus.LINKED, actor, now, corrects=corrects)
    return True


def unlink(session: Session, child: Complaint, *, actor: str, now: datetime) -> None:
    """Take a member out of its family for good: the two are not proposed or clustered again."""
    hold(session, [child.key])
    if child.parent_id is None:
        raise Unfit(f"complaint {child.tracking} is no member of a family")
    head = _head(session, child)
    _part(session, child, actor, now)
    session.flush()
    decide(session, child, head, FamilyStatus.REFUSED, actor, now)


def refuse(
    session: Session, one: Complaint, other: Complaint, *, actor: str, now: datetime
) -> None:
    """Keep that two complaints are two matters."""
    if one.key == other.key:
        raise Unfit("it is the same complaint")
    hold(session, [one.key, other.key])
    if _head(session, one).key == _head(session, other).key:
        raise Unfit("they are one family: unlink the member first")
    decide(session, one, other, FamilyStatus.REFUSED, actor, now)


def leave(session: Session, complaint: Complaint, *, actor: str = SYSTEM, now: datetime) -> None:
    """Take a complaint that became confidential, withdrawn or archived out of its family.

    The caller has locked it. The members of a head go on under the oldest of them.
    """
    session.flush()
    if complaint.parent_id is None:
        hold(session, [complaint.key])
    head, rest = (
        session.get(Complaint, complaint.parent_id or 0),
        members_of(session, complaint.key),
    )
    for row in [complaint] if complaint.parent_id else rest:
        _part(session, row, actor, now)
    heir = next((row for row in rest if row.status not in OVER), None)
    for row in rest if heir else ():
        if row is not heir and heir is not None:
            _join(session, row, heir, now)
            _note(session, row, "linked", heir, actor, now)
            _note(session, heir, "linked", row, actor, now)
    session.flush()
    if stays := head or heir:
        inherit(session, complaint, stays)


def gather(session: Session, head: Complaint, keys: Collection[int], *, now: datetime) -> set[int]:
    """Link single complaints under the head of their burst; returns those that others hold now.

    A family of hundreds is told at its head by one event of the burst, not by one for each member.
    """
    wanted = {*keys, head.key}
    statement = select(Complaint.id).where(col(Complaint.id).in_(wanted))
    statement = statement.order_by(col(Complaint.id)).with_for_update(
        skip_locked=True, key_share=True
    )
    free = {key for key in session.exec(statement) if key is not None}
    session.refresh(head)
    if head.key not in free or head.parent_id is not None or not joins(head):
        return wanted
    moved = session.connection().execute(
        update(Complaint)
        .where(col(Complaint.id).in_(free - {head.key} - _with_members(session, free)))
        .where(col(Complaint.parent_id).is_(None), *may_join())
        .values(parent_id=head.key, updated_at=now, untold=True)
        .returning(col(Complaint.id))
    )
    detail = {"tracking": head.tracking, "reason": BURST}
    told = {"kind": "linked", "actor": SYSTEM, "at": now, "detail": detail}
    events = [{"complaint_id": key, **told} for key in sorted(filter(None, moved.scalars()))]
    if events:
        session.connection().execute(insert(Event), events)
    return wanted - free


def _with_members(session: Session, keys: Collection[int]) -> set[int]:
    found = session.exec(select(Complaint.parent_id).where(col(Complaint.parent_id).in_(keys)))
    return {key for key in found if key is not None}


def may_join() -> tuple[ColumnElement[bool], ...]:
    """Those that may be put into a family by themselves."""
    return (
        col(Complaint.privacy) != Privacy.CONFIDENTIAL,
        col(Complaint.status).in_(AWAITING),
    )


def joins(row: Complaint) -> bool:
    """The same of one."""
    return row.privacy != Privacy.CONFIDENTIAL and row.status in AWAITING


def members_of(session: Session, head_id: int) -> list[Complaint]:
    """Those under a head, the oldest first."""
    statement = select(Complaint).where(Complaint.parent_id == head_id)
    return list(session.exec(statement.order_by(col(Complaint.created_at), col(Complaint.id))))


def members(session: Session, complaint: Complaint) -> list[Complaint]:
    """The whole family of a complaint, its head first; one without a family is its own."""
    head = _head(session, complaint)
    return [head, *members_of(session, head.key)]


def _fit(row: Complaint) -> None:
    if row.privacy == Privacy.CONFIDENTIAL:
        raise Unfit(f"complaint {row.tracking} is confidential: it belongs to no family")
    if row.status == ComplaintStatus.WITHDRAWN:
        raise Unfit(f"complaint {row.tracking} was withdrawn by its reporter")


def hold(session: Session, keys: Collection[int]) -> None:
    """Lock these complaints, their heads and their members, as they are now."""
    session.flush()
    wanted = _families(session, keys)
    while True:
        try:
            with session.begin_nested():  # what was locked for nothing is let go
                _lock(session, [key for key, head in wanted.items() if head is None])
                _lock(session, [key for key, head in wanted.items() if head is not None])
                now_wanted = _families(session, keys)
                if not wanted.keys() >= now_wanted.keys():
                    raise _Moved
                return
        except _Moved:
            wanted = now_wanted


def _lock(session: Session, keys: Collection[int]) -> None:
    if keys:
        found = select(Complaint).where(col(Complaint.id).in_(keys)).order_by(col(Complaint.id))
        locking = found.with_for_update(key_share=True)
        session.exec(locking.execution_options(populate_existing=True)).all()


def _families(session: Session, keys: Collection[int]) -> dict[int, int | None]:
    """The complaints, their heads and their members, each with the key of its head."""
    told = select(Complaint.id, Complaint.parent_id)
    near = or_(col(Complaint.id).in_(keys), col(Complaint.parent_id).in_(keys))
    found = {key: head for key, head in session.exec(told.where(near)) if key is not None}
    return dict.fromkeys(filter(None, found.values())) | found


def _head(session: Session, row: Complaint) -> Complaint:
    return session.get_one(Complaint, row.parent_id) if row.parent_id else row


def _join(session: Session, row: Complaint, head: Complaint, now: datetime) -> None:
    row.parent_id, row.updated_at, row.untold = head.key, now, True
    session.add(row)


def _part(session: Session, row: Complaint, actor: str, now: datetime) -> None:
    """Out of its family, if it has one."""
    if row.parent_id is None:
        return
    head = _head(session, row)
    row.parent_id, row.updated_at, row.untold = None, now, True
    session.add(row)
    _note(session, row, "unlinked", head, actor, now)
    _note(session, head, "unlinked", row, actor, now)


def _note(
    session: Session, row: Complaint, kind: str, other: Complaint, actor: str, now: datetime
) -> None:
    detail = {"tracking": other.tracking}
    session.add(Event(complaint_id=row.key, kind=kind, actor=actor, at=now, detail=detail))
