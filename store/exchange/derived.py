"""What dates, state and agencies of a file tell of a history that it does not have."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from store.exchange.nested import Desk, Happening
from store.models import ComplaintStatus, DeskState

ACTOR: Final = "import"  # of events that nobody told us more about
STATES: Final = {
    ComplaintStatus.IN_PROGRESS: DeskState.WORKING,
    ComplaintStatus.DEFERRED: DeskState.DEFERRED,
    ComplaintStatus.ANSWERED: DeskState.ANSWERED,
    ComplaintStatus.COMMENTED: DeskState.WORKING,
    ComplaintStatus.CLOSED: DeskState.ANSWERED,
}


HAPPENED: Final = {  # what brought a complaint to its status
    ComplaintStatus.TRIAGE: "returned",
    ComplaintStatus.DISPOSED: "disposed",
    ComplaintStatus.IN_PROGRESS: "started",
    ComplaintStatus.DEFERRED: "deferred",
    ComplaintStatus.ANSWERED: "answered",
    ComplaintStatus.COMMENTED: "commented",
    ComplaintStatus.CLOSED: "closed",
    ComplaintStatus.ARCHIVED: "archived",
    ComplaintStatus.WITHDRAWN: "withdrawn",
}
ENDS: Final = (ComplaintStatus.ARCHIVED, ComplaintStatus.WITHDRAWN)


def status_of(facts: Mapping[str, Any], agencies: Sequence[str]) -> ComplaintStatus:
    """The furthest that the dates show, where the file has no status."""
    if facts.get("closed_at"):
        return ComplaintStatus.CLOSED
    if facts.get("answered_at") or facts.get("responded_at"):
        return ComplaintStatus.ANSWERED
    return ComplaintStatus.DISPOSED if agencies else ComplaintStatus.TRIAGE


def desks_of(facts: Mapping[str, Any], agencies: Sequence[str]) -> tuple[Desk, ...]:
    """Every agency as far as the whole complaint is."""
    at = facts.get("forwarded_at") or facts.get("created_at")
    state = STATES.get(facts["status"], DeskState.WAITING)
    answered = facts.get("answered_at") if state is DeskState.ANSWERED else None
    if at is None:
        return tuple(Desk(agency=code, state=state, answered_at=answered) for code in agencies)
    return tuple(
        Desk(
            agency=code,
            actor=ACTOR,
            state=state,
            at=at,
            deadline=facts.get("deadline"),
            answered_at=answered,
        )
        for code in agencies
    )


def events_of(facts: Mapping[str, Any], agencies: Sequence[str]) -> tuple[Happening, ...]:
    """What the dates tell: received, disposed, answered, and the end."""
    to = {"agency": facts["agency"]} if facts.get("agency") else {}
    found: list[Happening] = []
    if begin := facts.get("created_at"):
        found.append(Happening(kind="received", actor="citizen", at=begin))
    if forwarded := facts.get("forwarded_at"):
        handed = ({"agency": code} for code in agencies)
        found += (Happening("disposed", ACTOR, forwarded, detail=detail) for detail in handed)
    answers = dict.fromkeys((facts.get("responded_at"), facts.get("answered_at")))
    found += (Happening("answered", ACTOR, at, detail=to) for at in answers if at)
    if closed := facts.get("closed_at"):
        kind = HAPPENED[status] if (status := facts["status"]) in ENDS else "closed"
        found.append(Happening(kind, ACTOR, closed))
    return tuple(found)
