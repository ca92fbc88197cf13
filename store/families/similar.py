"""Proposals that two complaints are one matter, and what people decided of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, or_, update
from sqlalchemy import select as sa_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from store.agency_models import FamilyStatus, Similar
from store.inbox import changed
from store.models import Complaint, Event

DUPLICATE: Final = "duplicate"  # the field of a `corrected` event about two complaints
INSERT: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Two complaints, the later one first, that may be one matter."""

    complaint_id: int
    other_id: int
    score: float
    reasons: tuple[str, ...]


def propose(session: Session, found: Iterable[Proposal], *, now: datetime) -> None:
    """Keep proposals once each; what a person has decided stays decided."""
    rows = [
        {
            "complaint_id": each.complaint_id,
            "other_id": each.other_id,
            "score": each.score,
            "reasons": list(each.reasons),
            "at": now,
        }
        for each in sorted(found, key=lambda each: (each.complaint_id, each.other_id))
    ]
    if rows:
        _keep(session, rows, ("score", "reasons"), only=FamilyStatus.PROPOSED)


def decide(
    session: Session,
    one: Complaint,
    other: Complaint,
    status: FamilyStatus,
    actor: str,
    now: datetime,
    *,
    corrects: bool = True,
) -> None:
    """Keep a decision on two complaints, and so on what was proposed between their families.

    The pair has what holds now, and is what counts as an example; the event says who thought what
    before, and never changes.
    """
    if corrects:
        _note(session, one, other, status, actor, now)
    decided = {"status": status, "actor": actor, "at": now}
    _keep(session, [_pair(one, other) | decided], tuple(decided))
    before = [FamilyStatus.PROPOSED]
    if status is FamilyStatus.REFUSED:
        before.append(FamilyStatus.LINKED)
    mine, theirs = family_of(one), family_of(other)
    crossing = or_(
        and_(col(Similar.complaint_id).in_(mine), col(Similar.other_id).in_(theirs)),
        and_(col(Similar.complaint_id).in_(theirs), col(Similar.other_id).in_(mine)),
    )
    undecided = col(Similar.status).in_(before)
    changed(session, update(Similar).where(crossing, undecided).values(decided))


def _note(
    session: Session,
    one: Complaint,
    other: Complaint,
    status: FamilyStatus,
    actor: str,
    now: datetime,
) -> None:
    """An event of the later complaint, unless it was decided so before."""
    later, earlier = _in_order(one, other)
    known = session.exec(
        select(Similar).where(Similar.complaint_id == later.key, Similar.other_id == earlier.key)
    ).first()
    was = known.status if known else None
    if was == status:
        return
    detail: dict[str, object] = {"field": DUPLICATE, "was": was, "now": status.value}
    detail["tracking"] = earlier.tracking  # never shown to citizens and programs
    if known and known.score:
        detail |= {"likeness": known.score, "reasons": known.reasons}
    event = Event(complaint_id=later.key, kind="corrected", actor=actor, at=now, detail=detail)
    session.add(event)


def inherit(session: Session, left: Complaint, heir: Complaint) -> None:
    """What was refused of one that leaves its family stays refused of those who stay."""
    about = or_(col(Similar.complaint_id) == left.key, col(Similar.other_id) == left.key)
    found = select(Similar).where(about, Similar.status == FamilyStatus.REFUSED)
    refused = {row.complaint_id + row.other_id - left.key: row for row in session.exec(found)}
    others = select(Complaint).where(
        col(Complaint.id).in_(refused), col(Complaint.id).not_in(family_of(heir))
    )
    rows = [
        _pair(heir, other) | {"status": FamilyStatus.REFUSED, "actor": row.actor, "at": row.at}
        for other in session.exec(others.order_by(col(Complaint.id)))
        for row in [refused[other.key]]
    ]
    if rows:
        _keep(session, rows, ("status", "actor", "at"), only=FamilyStatus.PROPOSED)


def refused_with(session: Session, keys: Select[int | None] | Collection[int]) -> set[int]:
    """The complaints that a person said are another matter than one of these."""
    both = select(Similar.complaint_id, Similar.other_id)
    either = or_(col(Similar.complaint_id).in_(keys), col(Similar.other_id).in_(keys))
    rows = session.exec(both.where(either, Similar.status == FamilyStatus.REFUSED))
    return {key for pair in rows for key in pair}


def listed(
    session: Session, *, status: FamilyStatus, limit: int
) -> list[tuple[Similar, Complaint, Complaint]]:
    """The newest pairs of a status, each with its later and its earlier complaint."""
    statement = (
        select(Similar)
        .where(Similar.status == status)
        .order_by(col(Similar.id).desc())
        .limit(limit)
    )
    return _with_both(session, list(session.exec(statement)))


def of_complaints(
    session: Session, ids: Sequence[int]
) -> list[tuple[Similar, Complaint, Complaint]]:
    """What was proposed and decided of these complaints, the likeliest first."""
    statement = select(Similar).where(
        or_(col(Similar.complaint_id).in_(ids), col(Similar.other_id).in_(ids))
    )
    statement = statement.order_by(col(Similar.score).desc(), col(Similar.id))
    return _with_both(session, list(session.exec(statement)))


def _with_both(
    session: Session, rows: Sequence[Similar]
) -> list[tuple[Similar, Complaint, Complaint]]:
    keys = {key for row in rows for key in (row.complaint_id, row.other_id)}
    found = session.exec(select(Complaint).where(col(Complaint.id).in_(keys)))
    by_key = {complaint.key: complaint for complaint in found}
    return [(row, by_key[row.complaint_id], by_key[row.other_id]) for row in rows]


def family_of(row: Complaint) -> Select[int | None]:
    """The keys of all in the family of a complaint, or its own."""
    head = row.parent_id or row.key
    return sa_select(col(Complaint.id)).where(
        or_(col(Complaint.id) == head, col(Complaint.parent_id) == head)
    )


def _pair(one: Complaint, other: Complaint) -> dict[str, object]:
    """Of two complaints that nobody proposed together."""
    later, earlier = _in_order(one, other)
    return {"complaint_id": later.key, "other_id": earlier.key, "score": 0.0, "reasons": []}


def _in_order(one: Complaint, other: Complaint) -> tuple[Complaint, Complaint]:
    """The later one first."""
    earlier, later = sorted((one, other), key=lambda row: (row.created_at, row.key))
    return later, earlier


def _keep(
    session: Session,
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    *,
    only: FamilyStatus | None = None,
) -> None:
    """Write rows, or these columns of rows that are there and (if said) still have that status."""
    connection = session.connection()
    new = INSERT[connection.dialect.name](Similar)
    kept = new.on_conflict_do_update(
        index_elements=["complaint_id", "other_id"],
        set_={name: new.excluded[name] for name in columns},
        where=Similar.status == only if only else None,
    )
    connection.execute(kept, rows)
