"""Deadlines that come near or have passed: whom it was told, step by step, each once."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import IntEnum

from sqlmodel import Session, col, select

from store.casework.cases import Opened
from store.casework.lifecycle import CLOCK_RUNS, OPEN
from store.models import Complaint, Event


class Alarm(IntEnum):
    """How far up a deadline was told; each step includes those below it."""

    NONE = 0
    DUE_SOON = 1
    OVERDUE = 2  # the agency that has it, and the reporter
    COORDINATOR = 3
    NATIONAL = 4


EVENTS: Mapping[Alarm, str] = {
    Alarm.DUE_SOON: "due_soon",
    Alarm.OVERDUE: "overdue",
    Alarm.COORDINATOR: "overdue_coordinator",
    Alarm.NATIONAL: "overdue_national",
}
OMBUDSMAN = "ombudsman"  # the event: its reporter heard that they may turn there


OLDEST = timedelta(days=90)  # what was due before that was told long ago, or came by an import


def late(session: Session, alarm: Alarm, before: date, *, limit: int) -> list[int]:
    """Numbers of the open cases due before this day of whom this alarm was not given yet."""
    found = select(Complaint.tracking).where(
        col(Complaint.status).in_(CLOCK_RUNS),
        col(Complaint.deadline).between(before - OLDEST, before - timedelta(days=1)),
        col(Complaint.alarm) < alarm,
    )
    return list(session.exec(found.order_by(col(Complaint.deadline)).limit(limit)))


def unsolved(session: Session, before: datetime, *, limit: int) -> list[int]:
    """Numbers of open cases received before then whose reporters did not hear of the Ombudsman.

    An imported case has no reporter of ours.
    """
    told = select(Event.id).where(Event.complaint_id == Complaint.id, Event.kind == OMBUDSMAN)
    found = select(Complaint.tracking).where(
        col(Complaint.status).in_(OPEN),
        col(Complaint.created_at) < before,
        col(Complaint.conversation_id).is_not(None),
        ~told.exists(),
    )
    return list(session.exec(found.order_by(col(Complaint.created_at)).limit(limit)))


def happened(session: Session, case: Opened, kind: str) -> bool:
    """Whether a locked case has such an event by now."""
    found = select(Event.id).where(Event.complaint_id == case.complaint.key, Event.kind == kind)
    return session.exec(found.limit(1)).first() is not None
