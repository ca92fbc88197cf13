"""A complaint with its desks, locked, and the one place where a move changes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from store import complaints
from store.casework import lifecycle
from store.casework.lifecycle import Move
from store.families import telling
from store.models import Complaint, ComplaintStatus, Conversation, DeskState, Disposition

LEFT = frozenset({DeskState.FORWARDED, DeskState.RETURNED})


@dataclass(frozen=True, slots=True)
class Opened:
    """Its rows are locked until the transaction ends; no message of the reporter moves it."""

    complaint: Complaint
    desks: dict[str, Disposition]
    conversation: Conversation | None


def open_case(session: Session, tracking: int) -> Opened | None:
    """The rows of one case, locked in the order of docs/architecture.md.

    All conversations of its reporter are locked: they may write about it on another channel.
    """
    own = session.exec(
        select(Conversation)
        .join(Complaint, col(Complaint.conversation_id) == col(Conversation.id))
        .where(Complaint.tracking == tracking)
    ).first()
    talks = complaints.locked(session, own) if own else {}
    complaint = complaints.by_tracking(session, tracking, lock=True)
    if complaint is None:
        return None
    conversation = talks.get(complaint.conversation_id or 0)
    return Opened(complaint, desks_of(session, complaint), conversation)


def desks_of(session: Session, complaint: Complaint) -> dict[str, Disposition]:
    rows = session.exec(
        select(Disposition)
        .where(Disposition.complaint_id == complaint.id)
        .order_by(col(Disposition.id))
        .with_for_update()
    )
    return {row.agency: row for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """Who gets the case, from whom, why, and until when."""

    to: str
    actor: str
    reason: str
    deadline: date


def apply(
    session: Session,
    case: Opened,
    move: Move,
    *,
    now: datetime,
    agency: str = "",
    handed: Handed | None = None,
) -> None:
    """Carry out a move on the rows at hand; Illegal before anything is changed."""
    complaint, desks = case.complaint, case.desks
    before = {code: DeskState(row.state) for code, row in desks.items()}
    to = handed.to if handed else ""
    status, states = lifecycle.after(move, ComplaintStatus(complaint.status), before, agency, to)
    if handed:
        desks[to] = _handed(session, case, handed, now)
    for code, state in states.items():
        desks[code].state = state
    if move is Move.ANSWER:
        desks[agency].answered_at = now
    _keep_times(complaint, move, status, now)
    complaint.status, complaint.updated_at = status, now
    telling.stir(session, complaint)
    if move is not Move.ESCALATE:  # it stays the one that answered, until another has the case
        complaint.agency = _leading(complaint.agency, states)


def _handed(session: Session, case: Opened, handed: Handed, now: datetime) -> Disposition:
    """The desk of an agency that gets the case, again or for the first time."""
    row = case.desks.get(handed.to)
    if row is None:
        row = Disposition(
            complaint_id=case.complaint.key,
            agency=handed.to,
            actor=handed.actor,
            deadline=handed.deadline,
            at=now,
        )
        session.add(row)
    row.actor, row.reason, row.deadline, row.at = handed.actor, handed.reason, handed.deadline, now
    return row


def _leading(agency: str | None, states: dict[str, DeskState]) -> str | None:
    """The agency that leads stays so while it has the case; else the first that has it."""
    if agency and (agency not in states or states[agency] not in LEFT):
        return agency if states else None
    return next((code for code, state in states.items() if state not in LEFT), None)


def _keep_times(complaint: Complaint, move: Move, status: ComplaintStatus, now: datetime) -> None:
    """The facts that reports count days by; the first of each kind is never overwritten."""
    if move in (Move.DISPOSE, Move.FORWARD):
        complaint.forwarded_at = complaint.forwarded_at or now
    if move is Move.ANSWER:
        complaint.responded_at = complaint.responded_at or now
    if move is Move.ANSWER or status is ComplaintStatus.ANSWERED:
        complaint.answered_at = now  # the silence that closes it begins
    if move is Move.ARCHIVE or status is ComplaintStatus.CLOSED:
        complaint.closed_at = now
    elif status not in lifecycle.ENDED:
        complaint.closed_at = None
    complaint.pauses = paused(complaint.pauses, now, stands=status is ComplaintStatus.DEFERRED)


def paused(pauses: Sequence[Sequence[Any]], now: datetime, *, stands: bool) -> list[Any]:
    """The clock's pauses, of which the last is open exactly while it stands still."""
    known = [list(pause) for pause in pauses]
    open_ = bool(known) and known[-1][1] is None
    if stands and not open_:
        return [*known, [now.isoformat(), None]]
    if open_ and not stands:
        return [*known[:-1], [known[-1][0], now.isoformat()]]
    return known


def pauses_of(complaint: Complaint) -> list[tuple[datetime, datetime | None]]:
    """When the clock stood still, as `store.casework.deadlines` counts it."""
    return [
        (datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)
        for start, end in complaint.pauses
    ]
