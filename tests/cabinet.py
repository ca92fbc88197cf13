"""A database of complaints that a test files as it likes, and compares."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bots.families import relate
from bots.family_rules import FamilyRules
from bots.sketch import Sketcher
from gateway.runtime import Runtime
from store import complaints, inbox
from store.agency_models import Similar
from store.models import Attachment, AttachmentStatus, Complaint, ComplaintStatus, Event
from tests.harness import NOON, envelope, rows

PHOTO, SAME_PHOTO, OTHER_PHOTO = "f0e1d2c3b4a59687", "f0e1d2c3b4a59680", "0f1e2d3c4b5a6978"
LAMP = "Lampu jalan mati di Jl Mawar depan masjid Al Ikhlas, gelap sekali kalau malam"
LAMP_TOO = "PJU jl mawar dkt mesjid al ikhlas padam udah 3 malam mohon diperbaiki"
DAGO, COBLONG, BANDUNG = "32.73.02.1004", "32.73.02", "32.73"


@dataclasses.dataclass
class Cabinet:
    """A database of complaints that a test files as it likes, and compares."""

    rt: Runtime
    sketches: Sketcher
    rules: FamilyRules
    drawn: "itertools.count[int]" = dataclasses.field(default_factory=lambda: itertools.count(1))

    def file(self, text: str = LAMP, **given: Any) -> int:
        """A complaint of a new person, by its tracking number."""
        return self.file_all([{"text": text, **given}])[0]

    def file_all(self, given: Sequence[dict[str, Any]]) -> list[int]:
        with self.rt.transaction() as session:
            return [self._add(session, next(self.drawn), **values) for values in given]

    def _add(self, session: Session, number: int, *, text: str, **given: Any) -> int:
        sender = given.pop("sender", f"+62812{number:08d}")
        photos = list(itertools.zip_longest(given.pop("pictures", ()), given.pop("digests", ())))
        at = given.pop("at", NOON) + timedelta(microseconds=number)
        people = complaints.conversations(session, [("sms", sender)])
        person = people.get(("sms", sender)) or complaints.new_conversation("sms", sender, at)
        values: dict[str, Any] = {
            "tracking": 1_000_000 + number,
            "text": text,
            "headline": text[:60],
            "kind": "complaint",
            "category": "PJU",
            "place": COBLONG,
            "address": "Jalan Mawar",
            "agency": "DISHUB@32.73",
            "status": ComplaintStatus.DISPOSED,
            "deadline": date(2026, 12, 11),
            "created_at": at,
            "updated_at": at,
        }
        complaint = Complaint(**values | given, conversation=person)
        session.add(complaint)
        session.flush()
        if photos:
            inbox.record(session, [envelope(number, sender=sender)], now=NOON)
        for position, (picture, digest) in enumerate(photos):
            row = inbox.find(session, "sms", f"id-{number}")
            assert row is not None
            session.add(
                Attachment(
                    inbox_id=row.key,
                    complaint_id=complaint.key,
                    position=position,
                    ref="x",
                    status=AttachmentStatus.STORED,
                    digest=digest or f"digest of {number}",
                    picture=picture or "",
                    due_at=at,
                )
            )
        return complaint.tracking

    def relate(self, now: datetime = NOON, *, limit: int = 50) -> int:
        with self.rt.transaction() as session:
            return relate(session, self.sketches, self.rules, now=now, limit=limit)

    def get(self, number: int) -> Complaint:
        with self.rt.reading() as session:
            found = complaints.by_tracking(session, number)
        assert found is not None
        return found

    def do(self, what: Callable[..., Any], *numbers: int, **more: Any) -> Any:
        """One of the functions of store.families, in a transaction of its own."""
        with self.rt.transaction() as session:
            found = [complaints.by_tracking(session, number) for number in numbers]
            return what(session, *found, actor=more.pop("actor", "rina"), now=NOON, **more)

    def heads(self) -> dict[int, int | None]:
        """Of every complaint the number of its head."""
        found = rows(self.rt, Complaint)
        numbers = {row.id: row.tracking for row in found}
        return {row.tracking: numbers.get(row.parent_id) for row in found}

    def pairs(self) -> list[tuple[int, int, str]]:
        numbers = {row.id: row.tracking for row in rows(self.rt, Complaint)}
        return [
            (numbers[row.complaint_id], numbers[row.other_id], row.status)
            for row in rows(self.rt, Similar)
        ]

    def events(self, number: int) -> list[tuple[str, Any]]:
        with self.rt.reading() as session:
            found = complaints.history(session, self.get(number).key)
        told = [row for row in found if row.kind != "corrected"]
        return [(row.kind, row.detail.get("tracking", row.detail)) for row in told]

    def corrections(self) -> list[tuple[int, dict[str, Any]]]:
        """Of all complaints, by their numbers."""
        numbers = {row.id: row.tracking for row in rows(self.rt, Complaint)}
        found = [row for row in rows(self.rt, Event) if row.kind == "corrected"]
        return [(numbers[row.complaint_id], row.detail) for row in found]


def flood(
    cabinet: Cabinet, count: int, *, every: timedelta = timedelta(minutes=1), **given: Any
) -> list[int]:
    """Complaints about a blackout in one kecamatan, each in other words, without an address."""
    start = given.pop("at", NOON)
    common = {"category": "LISTRIK", "address": None} | given
    return cabinet.file_all(
        [
            {
                "text": f"listrik padam di tempat kami sejak tadi {number}",
                "at": start + number * every,
                **common,
            }
            for number in range(count)
        ]
    )


def bursts(cabinet: Cabinet, number: int) -> list[int]:
    return [detail["count"] for kind, detail in cabinet.events(number) if kind == "burst"]
