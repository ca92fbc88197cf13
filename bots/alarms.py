"""Warnings before a deadline and escalation after it: unit, coordinator, national, Ombudsman."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlmodel import Session

from bots.desk import Desk
from bots.notices import note
from store.casework import cases
from store.casework.alarms import EVENTS, OMBUDSMAN, Alarm, happened, late, unsolved
from store.casework.deadlines import local_day
from store.casework.lifecycle import CLOCK_RUNS, OPEN
from store.models import Complaint

DAY = timedelta(days=1)


def ring(session: Session, desk: Desk, *, limit: int) -> int:
    """Give the highest alarm that is due, one for each case; returns how many were given.

    A case that was never looked at while the service was away hears only of the newest step.
    Nobody is reminded at night or on a free day.
    """
    here = desk.now.astimezone(desk.policy.zone)
    awake = desk.policy.notices.quiet.over(desk.now) == desk.now
    if not (awake and desk.policy.clock.calendar.is_working(here.date())):
        return 0
    given = _ombudsman(session, desk, limit=limit)
    for alarm, before in _steps(desk):
        for tracking in late(session, alarm, before, limit=limit - given):
            given += _give(session, desk, alarm, before, tracking)
    return given


def _ombudsman(session: Session, desk: Desk, *, limit: int) -> int:
    """Looked at again once it is locked: another process may have told it just now."""
    before = desk.policy.clock.over_before("ombudsman", desk.now)
    told = 0
    for tracking in unsolved(session, before, limit=limit):
        case = cases.open_case(session, tracking)
        if case and case.complaint.status in OPEN and not happened(session, case, OMBUDSMAN):
            note(session, case, OMBUDSMAN, desk)
            told += 1
    return told


def _steps(desk: Desk) -> Iterator[tuple[Alarm, date]]:
    """The alarms, the furthest first, each with the day before which a deadline must be."""
    clock, today = desk.policy.clock, local_day(desk.now, desk.policy.zone)
    coordinator, national = clock.escalate
    yield Alarm.NATIONAL, clock.calendar.back(today, national)
    yield Alarm.COORDINATOR, clock.calendar.back(today, coordinator)
    yield Alarm.OVERDUE, today
    yield Alarm.DUE_SOON, clock.warn_until(today) + DAY


def _give(session: Session, desk: Desk, alarm: Alarm, before: date, tracking: int) -> bool:
    """Looked at again once it is locked: the agency may have answered just now."""
    case = cases.open_case(session, tracking)
    if case is None or not _due(case.complaint, alarm, before):
        return False
    case.complaint.alarm = alarm
    note(session, case, EVENTS[alarm], desk)
    return True


def _due(complaint: Complaint, alarm: Alarm, before: date) -> bool:
    running = complaint.status in CLOCK_RUNS and complaint.alarm < alarm
    return running and complaint.deadline < before
