"""What officers do with a case: legal moves, events, clocks, and the news for its reporter."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Self

from sqlmodel import Session, col, select

from bots import refusals
from bots.desk import Desk
from bots.notices import tell
from store.agencies.access import Access, Action
from store.agencies.directory import Directory
from store.agencies.scope import Reach, Scope, visible
from store.casework import cases
from store.casework.cases import Handed, Opened
from store.casework.lifecycle import GONE, MOVES, OPEN, Illegal, Move
from store.complaints import privacy_was_said
from store.families import families
from store.models import (
    ArchiveReason,
    Complaint,
    ComplaintStatus,
    DeskState,
    Event,
    Privacy,
)


@dataclass(frozen=True, kw_only=True)
class Casework:
    """The moves that one officer or program may make on one locked case.

    A move that cannot be made raises Refused and leaves everything as it was.
    """

    session: Session
    desk: Desk
    access: Access
    case: Opened

    @classmethod
    def of(cls, session: Session, desk: Desk, access: Access, tracking: int) -> Self:
        """Lock a case for one officer; of a case that they may not see even its being is secret."""
        scope = Scope.of(session, desk.reader.catalogue, access.agency)
        seen = select(Complaint.id).where(Complaint.tracking == tracking, visible(access, scope))
        case = cases.open_case(session, tracking) if session.exec(seen).first() else None
        if case is None:
            raise refusals.unknown_case(tracking)
        return cls(session=session, desk=desk, access=access, case=case)

    @property
    def complaint(self) -> Complaint:
        return self.case.complaint

    @cached_property
    def _directory(self) -> Directory:
        return Directory.load(self.session, self.desk.reader.catalogue)

    def dispose(self, agency: str, reason: str = "", *, deadline: date | None = None) -> Event:
        """Hand the case to an agency, beside those that have it; its deadline begins to count."""
        self._decides()
        if not self._own.reaches(agency):
            raise refusals.not_your_desk(agency)
        self._known(agency)
        due = self._deadline(deadline)
        return self._hand_over(Move.DISPOSE, agency, reason, due)

    def forward(self, agency: str, unit: str, reason: str = "") -> Event:
        """An agency hands its part to a unit of its own."""
        self._acts_for(agency)
        self._known(unit)
        if unit == agency or not Scope.within(self._directory, agency).own.reaches(unit):
            raise refusals.not_a_unit(unit, agency)
        return self._hand_over(Move.FORWARD, unit, reason, self._deadline(None), agency=agency)

    def give_back(self, agency: str, reason: str) -> Event:
        """Not its task (bukan wewenang): back to who handed it on, else to a person at 1708."""
        self._acts_for(agency)
        self._said("Alasan", reason)
        self._apply(Move.RETURN, agency)
        above = self._forwarder(agency)
        if above and self._state(above) == DeskState.FORWARDED:
            self._hand_over(Move.DISPOSE, above, reason, self._deadline(None), quiet=True)
        return self._note("returned", reason, {"agency": agency})

    def _forwarder(self, agency: str) -> str:
        """Who handed the case on to this agency, the last time; "" if 1708 did."""
        forwarded = select(Event).where(
            Event.complaint_id == self.complaint.key, Event.kind == MOVES[Move.FORWARD].event
        )
        found = self.session.exec(forwarded.order_by(col(Event.id).desc()))
        return next(
            (str(e.detail.get("from", "")) for e in found if e.detail.get("agency") == agency), ""
        )

    def start(self, agency: str, note: str = "") -> Event:
        self._acts_for(agency)
        self._apply(Move.START, agency)
        return self._note("started", note, {"agency": agency})

    def defer(self, question: str, agency: str = "") -> Event:
        """Ask the reporter; the clock stands still until the answer. Without agency: 1708 asks."""
        if agency:
            self._acts_for(agency)
        else:
            self._needs(Action.TRIAGE)
        self._said("Pertanyaan", question)
        self._apply(Move.DEFER, agency)
        return self._note("deferred", question, {"agency": agency} if agency else {})

    def resume(self, note: str = "") -> Event:
        self._needs(Action.ACT)
        for code, row in self.case.desks.items():
            if row.state == DeskState.DEFERRED:
                self._acts_for(code)
        self._apply(Move.RESUME)
        return self._note("resumed", note, self._recount())

    def answer(self, agency: str, text: str) -> Event:
        """The agency's answer, told to the reporter in full, who is asked whether it solved it."""
        self._acts_for(agency)
        self._said("Jawaban", text)
        self._apply(Move.ANSWER, agency)
        return self._note("answered", text.strip(), {"agency": agency})

    def archive(self, why: ArchiveReason, text: str = "") -> Event:
        """Nobody will act; the reporter hears why and what to do next.

        An agency cannot get rid of its own reopened case this way without a new answer.
        """
        self._decides()
        reopened = self.complaint.reopened and self.complaint.clock_at
        unanswered = self.complaint.status != ComplaintStatus.COMMENTED
        if reopened and unanswered and self.access.agency:
            raise refusals.answer_first()
        self._apply(Move.ARCHIVE)
        families.leave(self.session, self.complaint, now=self.desk.now, actor=self.access.name)
        self.complaint.archive_reason = why
        return self._note("archived", text, {"reason": why.value})

    def restore(self, reason: str = "") -> Event:
        self._decides()
        self._apply(Move.RESTORE)
        self.complaint.archive_reason = None
        return self._note("restored", reason, self._recount())

    def correct(
        self,
        *,
        category: str | None = None,
        place: str | None = None,
        kind: str | None = None,
        campaign: str | None = None,
        reason: str = "",
    ) -> list[Event]:
        """Put right what was understood; each is an example to learn from."""
        self._decides()
        reader = self.desk.reader
        categories = reader.catalogue.categories
        if category is not None and category not in categories:
            near = next(iter(get_close_matches(category, categories, n=1)), "")
            raise refusals.unknown_code("Kategori", category, near)
        if place is not None and place not in reader.gazetteer.codes:
            raise refusals.unknown_code("Wilayah", place, "")
        if campaign and campaign not in self.desk.policy.clock.campaigns:
            raise refusals.unknown_code("Kampanye", campaign, "")
        wanted = {"category": category, "place": place, "kind": kind, "campaign": campaign}
        events = [
            self._set(name, value, reason) for name, value in wanted.items() if value is not None
        ]
        if not (changed := [event for event in events if event]):
            raise refusals.nothing_changes()
        fields = {str(event.detail["field"]) for event in changed}
        hidden = self._protect() if "category" in fields else []
        return [*changed, *hidden, *self._reclassify(fields)]

    def _protect(self) -> list[Event]:
        """A delicate topic hides the report, unless somebody said who may see it."""
        complaint = self.complaint
        delicate = complaint.privacy == Privacy.PUBLIC and self.desk.delicate(complaint.category)
        if not delicate or privacy_was_said(self.session, complaint.key):
            return []
        complaint.privacy = Privacy.CONFIDENTIAL
        families.leave(self.session, complaint, now=self.desk.now, actor=self.access.name)
        return [self._note("privacy", "", {"privacy": Privacy.CONFIDENTIAL.value})]

    def _set(self, name: str, value: str, reason: str) -> Event | None:
        was, now = getattr(self.complaint, name), value or None
        if was == now:
            return None
        setattr(self.complaint, name, now)
        families.look_again(self.complaint)
        self.complaint.updated_at = self.desk.now
        return self._note("corrected", reason, {"field": name, "was": was, "now": now})

    def _reclassify(self, changed: Set[str]) -> list[Event]:
        """Another class of deadline counts from the same day; the history keeps the old one.

        A case that is over keeps its day, and so does one whose class stays: it may be a wish.
        """
        complaint = self.complaint
        was = {"duty": complaint.duty, "deadline": complaint.deadline.isoformat()}
        old = self.desk.policy.clock.limit(complaint.duty, complaint.campaign)
        complaint.duty = self.desk.duty(complaint.kind, complaint.category)
        moved = changed & {"place", "campaign"} or old != self.desk.policy.clock.limit(
            complaint.duty, complaint.campaign
        )
        if complaint.status not in OPEN or not moved:
            return []
        now = {"duty": complaint.duty} | self._recount()
        if was == now:
            return []
        return [self._note("reclassified", "", {"was": was, "now": now})]

    def _recount(self) -> dict[str, Any]:
        self.desk.recount(self.case)
        return {"deadline": self.complaint.deadline.isoformat()}

    def _deadline(self, wished: date | None) -> date:
        """The legal day, or an earlier one that the disposing officer sets."""
        legal = self.desk.deadline_of(self.complaint, at_desk=True)
        today = self.desk.today(self.complaint.place)
        if wished is None:
            return legal
        if wished < today:
            raise refusals.past_deadline(wished, today)
        if wished > max(legal, today):
            raise refusals.late_deadline(wished, legal)
        return wished

    def _hand_over(
        self, move: Move, to: str, reason: str, due: date, *, agency: str = "", quiet: bool = False
    ) -> Event:
        handed = Handed(to=to, actor=self.access.name, reason=reason, deadline=due)
        self._apply(move, agency, handed=handed)
        self.complaint.deadline = due
        if due >= self.desk.today(self.complaint.place):
            self.complaint.alarm = 0
        detail = {"agency": to, "deadline": due.isoformat()}
        if agency:
            detail["from"] = agency
        return self._note(MOVES[move].event, reason, detail, quiet=quiet)

    def _apply(self, move: Move, agency: str = "", *, handed: Handed | None = None) -> None:
        try:
            cases.apply(
                self.session, self.case, move, now=self.desk.now, agency=agency, handed=handed
            )
        except Illegal as error:
            raise refusals.illegal(error) from error

    def _state(self, agency: str) -> DeskState | None:
        row = self.case.desks.get(agency)
        return row.state if row else None

    def _needs(self, action: Action) -> None:
        if not self.access.may(action):
            raise refusals.not_allowed(action.value)

    def _acts_for(self, agency: str) -> None:
        """Its own desk, or that of a unit below it; a national officer may act for all."""
        self._needs(Action.ACT)
        if not self._own.reaches(agency):
            raise refusals.not_your_desk(agency)

    def _decides(self) -> None:
        """About the whole case: nobody may while an agency that is not theirs has it."""
        self._needs(Action.TRIAGE)
        for code, row in self.case.desks.items():
            if row.state not in GONE and not self._own.reaches(code):
                raise refusals.not_your_desk(code)

    @cached_property
    def _own(self) -> Reach:
        return Scope.within(self._directory, self.access.agency).own

    def _known(self, agency: str) -> None:
        if not self._directory.known(agency, self.desk.reader.gazetteer.codes):
            near = next(iter(self._directory.suggest(agency)), "")
            raise refusals.unknown_code("Instansi", agency, near)

    def _said(self, what: str, text: str) -> None:
        if not text.strip():
            raise refusals.empty(what)

    def _note(
        self, kind: str, text: str, detail: Mapping[str, Any], *, quiet: bool = False
    ) -> Event:
        """Append the event, and tell the reporter what the table of notices says."""
        event = Event(
            complaint_id=self.complaint.key,
            kind=kind,
            actor=self.access.name,
            at=self.desk.now,
            text=text,
            detail=dict(detail),
        )
        self.session.add(event)
        self.session.flush()
        if not quiet and self.case.conversation:
            tell(self.session, self.complaint, self.case.conversation, event, self.desk)
        return event
