"""Complaints, events and those who are told of them, as tests of publishing put them there."""

from datetime import date
from typing import Any

from gateway.runtime import Runtime
from store import subscriptions
from store.agency_models import Officer, Role, Subscription
from store.models import Complaint, ComplaintStatus, DeskState, Disposition, Event
from tests.harness import NOON

ROADS, KAB, SOCIAL = "DINAS_PUPR@32.04", "PEMKAB_3204", "KEMENSOS"
DUE = date(2026, 12, 4)


def add(rt: Runtime, *items: Any) -> None:
    with rt.transaction() as session:
        for item in items:
            session.add(item)
            session.flush()


def case(rt: Runtime, number: int = 1, **more: Any) -> Complaint:
    """Complaint 9000001, 9000002, ... that has neither desk nor event yet."""
    values = {
        "tracking": 9_000_000 + number,
        "source": "sms",
        "text": f"Jalan berlubang, hubungi Ujang 081200000{number:03}",
        "kind": "complaint",
        "category": "JALAN_RUSAK",
        "place": "32.04.05",
        "status": ComplaintStatus.DISPOSED,
        "deadline": DUE,
        "created_at": NOON,
        "updated_at": NOON,
    }
    complaint = Complaint(**values | more)
    add(rt, complaint)
    return complaint


def desk(rt: Runtime, complaint: Complaint, agency: str = ROADS, **more: Any) -> None:
    values = {"actor": "system", "deadline": DUE, "state": DeskState.WAITING, "at": NOON}
    add(rt, Disposition(complaint_id=complaint.key, agency=agency, **values | more))


def event(rt: Runtime, complaint: Complaint, kind: str, **more: Any) -> int:
    """Something happened; keywords that are no column of an event are its detail."""
    values = {name: more.pop(name) for name in ("actor", "at", "text", "published") if name in more}
    row = Event(
        complaint_id=complaint.key,
        kind=kind,
        detail=more,
        **{"actor": "system", "at": NOON, "text": "kata pelapor"} | values,
    )
    add(rt, row)
    return row.key


def disposed(rt: Runtime, number: int = 1, agency: str = ROADS, **more: Any) -> Complaint:
    """A complaint that has just come to an agency."""
    complaint = case(rt, number, agency=agency, **more)
    desk(rt, complaint, agency)
    event(rt, complaint, "disposed", agency=agency)
    return complaint


def officer(
    rt: Runtime, login: str, agency: str = ROADS, role: Role = Role.LIAISON, **more: Any
) -> Officer:
    """Told at once by e-mail unless something else is said."""
    values = {"name": login.title(), "email": f"{login}@agency.example", "channels": ["email"]}
    row = Officer(login=login, agency=agency, role=role, updated_at=NOON, **values | more)
    add(rt, row)
    return row


def program(rt: Runtime, url: str = "https://program.example/1708", **more: Any) -> Subscription:
    with rt.transaction() as session:
        values = {"name": "sipd", "agency": "", "events": (), "now": NOON} | more
        return subscriptions.add(session, url=url, **values)
