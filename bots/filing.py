"""What a turn does to the store: complaints filed, placed, added to, taken back."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from bots import replies
from bots.desk import Desk
from bots.dialogue import Case, File
from bots.routing import Route
from parsers.understanding import Understanding
from store.models import (
    Attachment,
    Complaint,
    ComplaintStatus,
    Conversation,
    Disposition,
    Event,
    InboxRow,
    Privacy,
)

WAITING = (ComplaintStatus.TRIAGE, ComplaintStatus.DISPOSED, ComplaintStatus.IN_PROGRESS)
CITIZEN, SYSTEM = "citizen", "system"


Rows = list[tuple[Complaint, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Clerk:
    """Keeps complaints and what happened to them; `write` puts it all into the transaction.

    Events and dispositions are plain rows until then: as objects they would cost more than all
    else that a message costs in the database.
    """

    session: Session
    desk: Desk
    events: Rows = field(default_factory=list)
    dispositions: Rows = field(default_factory=list)

    def write(self) -> None:
        """Everything at once, after the complaints have got their keys."""
        self.session.flush()
        for table, rows in ((Event, self.events), (Disposition, self.dispositions)):
            values = [{"complaint_id": complaint.key, **row} for complaint, row in rows]
            if values:
                self.session.connection().execute(insert(table), values)

    def file(
        self,
        row: InboxRow,
        conversation: Conversation,
        filed: File,
        seen: Understanding,
        route: Route,
        tracking: int,
    ) -> Complaint:
        """Keep a report as a complaint, on a desk if one is sure, else in triage."""
        now = self.desk.now
        pin = row.extra.get("location") or {}
        lat, lon = filed.pin or (pin.get("lat"), pin.get("lon"))
        complaint = Complaint(
            tracking=tracking,
            inbox_id=row.key,
            conversation=conversation,
            text=seen.body,
            headline=seen.headline,
            kind=seen.kind,
            category=route.category,
            place=route.place.code if route.place else None,
            address=seen.address,
            lat=lat,
            lon=lon,
            candidates=_candidates(seen),
            urgent=filed.emergency or seen.urgent is not None,
            privacy=Privacy.PUBLIC,
            deadline=self.desk.due("verify"),
            created_at=now,
            updated_at=now,
        )
        self.session.add(complaint)
        self.note(complaint, "received", CITIZEN)
        self._dispose(complaint, route, seen)
        self._attach(complaint, (row.key, *filed.inbox_ids))
        return complaint

    def reroute(self, complaint: Complaint, seen: Understanding, route: Route) -> bool:
        """Use a new understanding of a complaint that nobody has on the desk yet."""
        if complaint.status != ComplaintStatus.TRIAGE:
            return False
        complaint.category = route.category or complaint.category
        complaint.place = route.place.code if route.place else complaint.place
        complaint.address = complaint.address or seen.address
        complaint.candidates = _candidates(seen)
        complaint.updated_at = self.desk.now
        self._dispose(complaint, route, seen)
        return True

    def add(self, complaint: Complaint, row: InboxRow, text: str) -> None:
        """Keep a later word, photo or correction of the reporter with the complaint."""
        self.note(complaint, "follow_up", CITIZEN, text=text, detail={"inbox_id": row.key})
        complaint.updated_at = self.desk.now
        self._attach(complaint, (row.key,))

    def withdraw(self, complaint: Complaint) -> None:
        complaint.status = ComplaintStatus.WITHDRAWN
        complaint.updated_at = self.desk.now
        self.note(complaint, "withdrawn", CITIZEN)

    def note(
        self,
        complaint: Complaint,
        kind: str,
        actor: str,
        *,
        text: str = "",
        detail: dict[str, Any] | None = None,
    ) -> None:
        row = {
            "kind": kind,
            "actor": actor,
            "at": self.desk.now,
            "text": text,
            "detail": detail or {},
        }
        self.events.append((complaint, row))

    def _dispose(self, complaint: Complaint, route: Route, seen: Understanding) -> None:
        if route.agency is None:
            return
        duty = self.desk.duty(complaint.kind, route.category)
        reason = seen.agency.reason if seen.agency else ""
        complaint.agency = route.agency
        complaint.status = ComplaintStatus.DISPOSED
        complaint.deadline = self.desk.due(duty)
        row = {
            "agency": route.agency,
            "actor": SYSTEM,
            "reason": reason,
            "deadline": complaint.deadline,
            "at": self.desk.now,
        }
        self.dispositions.append((complaint, row))
        self.note(complaint, "disposed", SYSTEM, text=reason, detail={"agency": route.agency})

    def _attach(self, complaint: Complaint, inbox_ids: tuple[int, ...]) -> None:
        """Give the media of these messages to the complaint."""
        for item in self.session.new:
            if isinstance(item, Attachment) and item.inbox_id in inbox_ids:
                item.complaint = complaint
        if len(inbox_ids) > 1:
            earlier = select(Attachment).where(col(Attachment.inbox_id).in_(inbox_ids))
            for attachment in self.session.exec(earlier):
                attachment.complaint = complaint


def _candidates(seen: Understanding) -> dict[str, Any]:
    """The proposals that a person in triage chooses from."""
    return {
        "categories": [[item.code, round(item.score, 1)] for item in seen.categories],
        "agencies": [[item.code, round(item.score, 1)] for item in seen.agencies],
        "places": [[item.code, round(item.score, 1)] for item in seen.places],
    }


def answer(complaint: Complaint, desk: Desk, *, ask_place: bool, urgent: bool = False) -> str:
    """What the reporter hears about a complaint that was filed or placed just now."""
    what = _what(complaint, desk)
    where = desk.reader.place_name(complaint.place) if complaint.place else ""
    if complaint.agency:
        text = replies.received(
            complaint.tracking,
            what,
            where,
            desk.reader.agency_name(complaint.agency),
            complaint.deadline,
        )
    elif ask_place:
        text = replies.ask_place(complaint.tracking, what)
    else:
        text = replies.in_triage(complaint.tracking, what, where, complaint.deadline)
    return replies.emergency(text) if urgent else text


def case(complaint: Complaint, desk: Desk, conversation_id: int | None) -> Case:
    """A complaint as the dialogue may see it; its line is told to nobody but the reporter."""
    mine = complaint.conversation_id == conversation_id
    line = ""
    if mine:
        line = replies.status_line(
            complaint.tracking,
            complaint.status,
            _what(complaint, desk),
            desk.reader.agency_name(complaint.agency) if complaint.agency else "",
            complaint.deadline,
            waiting=complaint.status in WAITING,
        )
    return Case(
        tracking=complaint.tracking,
        status=complaint.status,
        mine=mine,
        privacy=complaint.privacy,
        created_at=complaint.created_at,
        line=line,
    )


def _what(complaint: Complaint, desk: Desk) -> str:
    return desk.reader.category_name(complaint.category) if complaint.category else ""
