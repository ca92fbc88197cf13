"""Complaints of the past for the tests of reports, put straight into the tables."""

import csv
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from gateway.runtime import Runtime
from store.agency_models import AgencyRow
from store.models import Complaint, ComplaintStatus, DeskState, Disposition

FIXTURES = Path(__file__).parent / "fixtures" / "reports"
RECEIVED = datetime(2020, 3, 2, 3, 0, tzinfo=UTC)  # a Monday, 10:00 WIB
ANSWERED = datetime(2020, 3, 5, 3, 0, tzinfo=UTC)  # the Thursday after it
_numbers = count(1_000_000)


def spec(name: str) -> list[dict[str, str]]:
    with (FIXTURES / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def complaint(**more: Any) -> Complaint:
    """An imported one that nobody has touched."""
    values = {
        "tracking": next(_numbers),
        "source": "Website",
        "text": "isi",
        "kind": "complaint",
        "status": "triage",
        "deadline": date(2020, 3, 20),
        "created_at": RECEIVED,
    } | more
    values["status"] = ComplaintStatus(values["status"])
    return Complaint(**{"updated_at": values["created_at"], **values})


def answered(agency: str, **more: Any) -> Complaint:
    times = {"responded_at": ANSWERED, "answered_at": ANSWERED, "forwarded_at": RECEIVED}
    return complaint(agency=agency, status="closed", **{**times, **more})


def desk(of: Complaint, agency: str, state: str, at: datetime | None = None) -> Disposition:
    return Disposition(
        complaint_id=of.key,
        agency=agency,
        actor="system",
        deadline=of.deadline,
        state=DeskState(state),
        at=of.created_at,
        answered_at=at,
    )


def agency(code: str, level: str, **more: Any) -> AgencyRow:
    return AgencyRow(**{"code": code, "name": f"Instansi {code}", "level": level} | more)


def keep(rt: Runtime, *rows: Complaint | Disposition | AgencyRow) -> None:
    """Complaints get their keys, so that desks may be made of them afterwards."""
    with rt.transaction() as session:
        for row in rows:
            if isinstance(row, AgencyRow):
                row.updated_at = RECEIVED
            session.add(row)
        session.flush()


def keep_many(rt: Runtime, like: Complaint, number: int) -> None:
    """Thousands that differ in nothing but their tracking numbers."""
    values = like.model_dump(exclude={"id"})
    with rt.engine.begin() as connection:
        rows = [{**values, "tracking": next(_numbers)} for _ in range(number)]
        connection.execute(insert(Complaint), rows)
