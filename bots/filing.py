"""What a turn does to the store: complaints filed, placed, added to, taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

from sqlalchemy import Executable, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from bots import replies
from bots.actions import File
from bots.desk import Desk
from bots.language import Sentence
from bots.routing import Route
from bots.state import OPEN, Asks, Case
from parsers.kind import REPORTS
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

ROOM, LESS_ROOM = 84, 66  # characters of topic and place in a reply, and in one that says more
LONGEST_TOPIC = 40
CITIZEN, SYSTEM = "citizen", "system"
ONCE_EACH: Mapping[str, Executable] = {
    "sqlite": sqlite.insert(Disposition).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(Disposition).on_conflict_do_nothing(),
}


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
        connection = self.session.connection()
        once_each = ONCE_EACH[connection.dialect.name]  # a case may come back to a desk
        statements = ((insert(Event), self.events), (once_each, self.dispositions))
        for statement, rows in statements:
            values = [{"complaint_id": complaint.key, **row} for complaint, row in rows]
            if values:
                connection.execute(statement, values)

    def file(
        self,
        row: InboxRow,
        conversation: Conversation,
        filed: File,
        seen: Understanding,
        route: Route,
        tracking: int,
        *,
        text: str,
        privacy: Privacy,
    ) -> Complaint:
        """Keep a report as a complaint, on a desk if one is sure, else in triage."""
        now = self.desk.now
        pin = row.extra.get("location") or {}
        lat, lon = filed.pin or (pin.get("lat"), pin.get("lon"))
        complaint = Complaint(
            tracking=tracking,
            inbox_id=row.key,
            conversation=conversation,
            text=text,
            headline=seen.headline,
            kind=seen.kind,
            category=route.category,
            place=route.place.code if route.place else None,
            address=seen.address,
            lat=lat,
            lon=lon,
            candidates=_candidates(seen),
            urgent=filed.emergency or seen.urgent is not None,
            privacy=privacy,
            deadline=self.desk.due("verify"),
            created_at=now,
            updated_at=now,
        )
        self.session.add(complaint)
        self.note(complaint, "received", CITIZEN)
        self._dispose(complaint, route, seen)
        self._attach(complaint, (row.key, *filed.inbox_ids), earlier=bool(filed.inbox_ids))
        return complaint

    def reroute(
        self, complaint: Complaint, seen: Understanding, route: Route, *, fresh: bool = False
    ) -> bool:
        """Use a new understanding of a complaint that nobody has on the desk yet.

        `fresh`: it was disposed a moment ago by ourselves, and half of it was still on its way.
        """
        ours = fresh and complaint.status == ComplaintStatus.DISPOSED
        if complaint.status != ComplaintStatus.TRIAGE and not ours:
            return False
        complaint.category = route.category or complaint.category
        complaint.place = route.place.code if route.place else complaint.place
        complaint.address = complaint.address or seen.address
        complaint.candidates = _candidates(seen)
        complaint.updated_at = self.desk.now
        if route.agency != complaint.agency:
            self._dispose(complaint, route, seen)
        return True

    def extend(self, complaint: Complaint, row: InboxRow, text: str, seen: Understanding) -> None:
        """The complaint's words are now those of several messages."""
        was, complaint.text, complaint.headline = complaint.text, text, seen.headline
        complaint.kind = seen.kind if seen.kind in REPORTS else complaint.kind
        complaint.urgent = complaint.urgent or seen.urgent is not None
        self.note(
            complaint, "extended", CITIZEN, text=row.text, detail={"inbox_id": row.key, "was": was}
        )
        complaint.updated_at = self.desk.now
        self._attach(complaint, (row.key,))

    def add(self, complaint: Complaint, inbox_id: int, text: str, *, earlier: bool = False) -> None:
        """Keep a later word, photo or correction of the reporter with the complaint."""
        self.note(complaint, "follow_up", CITIZEN, text=text, detail={"inbox_id": inbox_id})
        complaint.updated_at = self.desk.now
        self._attach(complaint, (inbox_id,), earlier=earlier)

    def hide(self, complaint: Complaint, privacy: Privacy) -> None:
        complaint.privacy = privacy
        complaint.updated_at = self.desk.now
        self.note(complaint, "privacy", CITIZEN, detail={"privacy": privacy.value})

    def withhold(self, complaint: Complaint) -> None:
        """Take a case from the office that it accuses; a person finds another."""
        agency, complaint.agency = complaint.agency, None
        complaint.status = ComplaintStatus.TRIAGE
        self.note(complaint, "withheld", SYSTEM, detail={"agency": agency})

    def accept(self, complaint: Complaint) -> None:
        """The reporter is satisfied with an answer; anything else stays as it is."""
        if complaint.status == ComplaintStatus.ANSWERED:
            self._move(complaint, ComplaintStatus.CLOSED, "accepted")

    def rate(self, complaint: Complaint, score: int) -> None:
        complaint.rating = score
        self.note(complaint, "rated", CITIZEN, detail={"score": score})

    def reopen(self, complaint: Complaint, reason: str, *, escalate: bool) -> None:
        """Back to the agency with the reason, or to the coordinator where it failed before."""
        complaint.reopened += 1
        status = ComplaintStatus.TRIAGE if escalate else ComplaintStatus.IN_PROGRESS
        self._move(complaint, status, "escalated" if escalate else "reopened", text=reason)

    def _move(
        self, complaint: Complaint, status: ComplaintStatus, kind: str, *, text: str = ""
    ) -> None:
        complaint.status = status
        complaint.updated_at = self.desk.now
        self.note(complaint, kind, CITIZEN, text=text)

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

    def _attach(
        self, complaint: Complaint, inbox_ids: tuple[int, ...], *, earlier: bool = False
    ) -> None:
        """Give the media of these messages to the complaint; `earlier`: not only of this one."""
        for item in self.session.new:
            if isinstance(item, Attachment) and item.inbox_id in inbox_ids:
                item.complaint = complaint
        if earlier:
            kept = select(Attachment).where(col(Attachment.inbox_id).in_(inbox_ids))
            for attachment in self.session.exec(kept):
                attachment.complaint = complaint


def _candidates(seen: Understanding) -> dict[str, Any]:
    """The proposals that a person in triage chooses from."""
    return {
        "categories": [[item.code, round(item.score, 1)] for item in seen.categories],
        "agencies": [[item.code, round(item.score, 1)] for item in seen.agencies],
        "places": [[item.code, round(item.score, 1)] for item in seen.places],
    }


def answer(complaint: Complaint, desk: Desk, *, room: int = ROOM) -> Sentence:
    """What the reporter hears about a complaint that nothing more is asked about."""
    matter = _matter(complaint, desk, room)
    if not complaint.agency:
        return replies.in_triage(complaint.tracking, matter, complaint.deadline)
    agency = desk.reader.agency_name(complaint.agency)
    return replies.received(complaint.tracking, matter, agency, complaint.deadline)


def asked(complaint: Complaint, desk: Desk, asks: Asks, *, room: int = ROOM) -> Sentence:
    """The question about a complaint, after its number."""
    tracking, matter = complaint.tracking, _matter(complaint, desk, room)
    match asks:
        case Asks.WHICH_PLACE:
            return replies.which_place(tracking, matter)
        case Asks.CATEGORY:
            return replies.which_category(tracking)
        case Asks.AGENCY:
            return replies.which_agency(tracking, matter)
    return replies.ask_place(tracking, matter)


def case(complaint: Complaint, desk: Desk, *, mine: bool) -> Case:
    """A complaint as the dialogue may see it; its line is told to nobody but the reporter."""
    line = _line(complaint, desk) if mine else None
    return Case(
        tracking=complaint.tracking,
        status=complaint.status,
        mine=mine,
        privacy=complaint.privacy,
        created_at=complaint.created_at,
        line=line,
        label=_label(complaint, desk) if mine else "",
        category=complaint.category,
        place=complaint.place,
        reopened=complaint.reopened,
    )


def _label(complaint: Complaint, desk: Desk) -> str:
    return shorten(_what(complaint, desk) or complaint.headline, LONGEST_TOPIC, placeholder="...")


def _line(complaint: Complaint, desk: Desk) -> Sentence:
    return replies.status_line(
        complaint.tracking,
        complaint.status,
        shorten(_what(complaint, desk), LONGEST_TOPIC, placeholder="..."),
        desk.reader.agency_name(complaint.agency) if complaint.agency else "",
        complaint.updated_at.astimezone(desk.policy.zone).date(),
        complaint.deadline if complaint.status in OPEN else None,
    )


def _matter(complaint: Complaint, desk: Desk, room: int) -> str:
    """Topic and place in so many characters: of a long place the region is enough."""
    what, code = shorten(_what(complaint, desk), LONGEST_TOPIC, placeholder="..."), complaint.place
    for size in (13, 8, 5) if code else ():
        where = desk.reader.place_name((code or "")[:size])
        matter = ", ".join(part for part in (what, where) if part)
        if len(matter) <= room:
            return matter
    return what


def _what(complaint: Complaint, desk: Desk) -> str:
    return desk.reader.category_name(complaint.category) if complaint.category else ""
