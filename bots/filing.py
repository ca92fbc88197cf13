"""What a turn does to the store: complaints filed, placed, added to, taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Executable, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from bots.actions import File
from bots.desk import Desk
from bots.routing import Route
from parsers.kind import REPORTS
from parsers.understanding import Understanding
from store.casework import cases
from store.casework.lifecycle import MOVES, OPEN, UNANSWERED, Move
from store.complaints import privacy_was_said
from store.families import families
from store.models import (
    Attachment,
    Complaint,
    ComplaintStatus,
    Conversation,
    DeskState,
    Disposition,
    Event,
    InboxRow,
    Privacy,
)

CITIZEN, SYSTEM = "citizen", "system"
TAKEN = "diambil kembali oleh 1708"  # the reason of a desk that did not return the case itself
DESK_KEY = ("complaint_id", "agency")


def _again(insertion: sqlite.Insert | postgresql.Insert) -> Executable:
    """A case may come back to a desk that it has left."""
    fresh = {name: insertion.excluded[name] for name in ("state", "deadline", "reason", "at")}
    return insertion.on_conflict_do_update(index_elements=DESK_KEY, set_=fresh)


ONCE_EACH: Mapping[str, Executable] = {
    "sqlite": _again(sqlite.insert(Disposition)),
    "postgresql": _again(postgresql.insert(Disposition)),
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
        once_each = ONCE_EACH[connection.dialect.name]
        statements = ((insert(Event), self.events), (once_each, self.dispositions))
        for statement, rows in statements:
            values = [{"complaint_id": complaint.key, **row} for complaint, row in rows]
            if values:
                connection.execute(statement, values)
            rows.clear()

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
            source=row.channel,
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
            deadline=self.desk.due("verify", place=route.place.code if route.place else None),
            created_at=now,
            updated_at=now,
        )
        complaint.verify_by = complaint.deadline
        self.session.add(complaint)
        wish = {"privacy": filed.privacy} if filed.privacy else {}
        self.note(complaint, "received", CITIZEN, detail=wish)
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
        families.look_again(complaint)
        if route.agency != complaint.agency:
            self._dispose(complaint, route, seen)
        return True

    def extend(self, complaint: Complaint, row: InboxRow, text: str, seen: Understanding) -> None:
        """The complaint's words are now those of several messages."""
        was, complaint.text, complaint.headline = complaint.text, text, seen.headline
        complaint.kind = seen.kind if seen.kind in REPORTS else complaint.kind
        families.look_again(complaint)
        complaint.urgent = complaint.urgent or seen.urgent is not None
        self.note(
            complaint, "extended", CITIZEN, text=row.text, detail={"inbox_id": row.key, "was": was}
        )
        complaint.updated_at = self.desk.now
        self._attach(complaint, (row.key,), earlier=True)

    def add(self, complaint: Complaint, inbox_id: int, text: str) -> None:
        """Keep a later word, photo or correction of the reporter with the complaint.

        It answers an officer who waits for it, and asks one who has answered to look again.
        """
        after = complaint.status in (ComplaintStatus.ANSWERED, ComplaintStatus.COMMENTED)
        kind = MOVES[Move.COMMENT].event if after else "follow_up"
        self.note(complaint, kind, CITIZEN, text=text, detail={"inbox_id": inbox_id})
        if after:
            self._apply(complaint, Move.COMMENT)
        elif complaint.status in OPEN and self._waited_for(complaint):
            self.desk.recount(self._apply(complaint, Move.RESUME))
            due = {"deadline": complaint.deadline.isoformat()}
            self.note(complaint, MOVES[Move.RESUME].event, CITIZEN, detail=due)
        complaint.updated_at = self.desk.now
        self._attach(complaint, (inbox_id,), earlier=True)

    def hide(self, complaint: Complaint, privacy: Privacy, *, actor: str = CITIZEN) -> None:
        complaint.privacy = privacy
        complaint.updated_at = self.desk.now
        families.look_again(complaint)
        if privacy is Privacy.CONFIDENTIAL:
            self._leave_family(complaint)
        self.note(complaint, "privacy", actor, detail={"privacy": privacy.value})

    def protect(self, complaint: Complaint, seen: Understanding) -> bool:
        """Hide what turns out to be delicate, unless somebody said who may see it."""
        if complaint.privacy != Privacy.PUBLIC or self.desk.privacy("", seen) == Privacy.PUBLIC:
            return False
        if privacy_was_said(self.session, complaint.key):
            return False
        self.hide(complaint, Privacy.CONFIDENTIAL, actor=SYSTEM)
        return True

    def withhold(self, complaint: Complaint) -> None:
        """Take a case from the offices that have it, for it accuses one; a person finds another."""
        for agency, row in self._opened(complaint).desks.items():
            if row.state in UNANSWERED:
                self._apply(complaint, Move.RETURN, agency)
                row.reason = TAKEN
                self.note(complaint, "withheld", SYSTEM, detail={"agency": agency})

    def accept(self, complaint: Complaint) -> None:
        """The reporter is satisfied with an answer; anything else stays as it is."""
        if complaint.status in MOVES[Move.ACCEPT].when:
            self._move(complaint, Move.ACCEPT)

    def rate(self, complaint: Complaint, score: int) -> None:
        complaint.rating = score
        complaint.updated_at = self.desk.now
        self.note(complaint, "rated", CITIZEN, detail={"score": score})

    def reopen(self, complaint: Complaint, reason: str, *, escalate: bool) -> None:
        """Back to the agency with the reason, or to the coordinator where it failed before.

        The clock begins anew: what is asked for now was not asked for before.
        """
        complaint.reopened += 1
        complaint.clock_at = self.desk.now
        self.desk.recount(
            self._move(complaint, Move.ESCALATE if escalate else Move.REOPEN, text=reason)
        )

    def withdraw(self, complaint: Complaint) -> None:
        self._move(complaint, Move.WITHDRAW)
        self._leave_family(complaint)

    def _leave_family(self, complaint: Complaint) -> None:
        if complaint.id:
            families.leave(self.session, complaint, now=self.desk.now, actor=CITIZEN)

    def _move(self, complaint: Complaint, move: Move, *, text: str = "") -> cases.Opened:
        case = self._apply(complaint, move)
        self.note(complaint, MOVES[move].event, CITIZEN, text=text)
        return case

    def _apply(self, complaint: Complaint, move: Move, agency: str = "") -> cases.Opened:
        case = self._opened(complaint)
        cases.apply(self.session, case, move, now=self.desk.now, agency=agency)
        return case

    def _opened(self, complaint: Complaint) -> cases.Opened:
        """A case that is as new as this batch has its desks still among our own rows."""
        desks = cases.desks_of(self.session, complaint) if complaint.id else {}
        return cases.Opened(complaint, desks, complaint.conversation)

    def _waited_for(self, complaint: Complaint) -> bool:
        """1708 asked in triage, or one of its agencies did."""
        desks = self._opened(complaint).desks.values()
        asked = any(row.state == DeskState.DEFERRED for row in desks)
        return asked or complaint.status == ComplaintStatus.DEFERRED

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
            "published": False,
        }
        self.events.append((complaint, row))

    def _dispose(self, complaint: Complaint, route: Route, seen: Understanding) -> None:
        if route.agency is None:
            return
        desks = self._opened(complaint).desks
        known, leading = desks.get(route.agency), desks.get(complaint.agency or "")
        if known and known.state == DeskState.RETURNED and known.reason != TAKEN:
            return  # it has said that it is not its task: a person decides
        if leading and leading.state in UNANSWERED:
            case = self._apply(complaint, Move.RETURN, leading.agency)
            case.desks[leading.agency].reason = TAKEN
        reason = seen.agency.reason if seen.agency else ""
        complaint.agency = route.agency
        complaint.status = ComplaintStatus.DISPOSED
        complaint.duty = self.desk.duty(complaint.kind, route.category)
        complaint.deadline = self.desk.deadline_of(complaint, at_desk=True)
        complaint.forwarded_at = complaint.forwarded_at or self.desk.now
        row = {
            "agency": route.agency,
            "actor": SYSTEM,
            "reason": reason,
            "deadline": complaint.deadline,
            "state": DeskState.WAITING,
            "at": self.desk.now,
        }
        self.dispositions.append((complaint, row))
        detail = {"agency": route.agency, "deadline": complaint.deadline.isoformat()}
        self.note(complaint, "disposed", SYSTEM, text=reason, detail=detail)

    def _attach(
        self, complaint: Complaint, inbox_ids: tuple[int, ...], *, earlier: bool = False
    ) -> None:
        """Give the media of these messages to a complaint; `earlier`: some may be stored by now."""
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
