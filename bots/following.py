"""The members of a family hear what their head was answered, each under its own number."""

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from bots.desk import Desk
from bots.notices import SYSTEM, tell
from store.casework import cases
from store.casework.cases import Handed, Opened
from store.casework.lifecycle import CLOCK_RUNS, MOVES, UNANSWERED, Move
from store.models import Complaint, ComplaintStatus, Event

ANSWERED = MOVES[Move.ANSWER].event


def follow(session: Session, desk: Desk, *, limit: int) -> int:
    """Give open members the newest answer of their head; a member with an answer keeps its own."""
    child, head = aliased(Complaint), aliased(Complaint)
    found = session.exec(
        select(child.tracking, head.id)
        .join(head, col(child.parent_id) == head.id)
        .where(
            col(child.status).in_(CLOCK_RUNS),
            col(head.status).in_((ComplaintStatus.ANSWERED, ComplaintStatus.CLOSED)),
            col(head.answered_at).is_not(None),
            or_(col(child.answered_at).is_(None), col(child.answered_at) < head.answered_at),
            or_(col(child.clock_at).is_(None), col(child.clock_at) < head.answered_at),
        )
        .order_by(col(child.conversation_id), col(child.id))  # as the intake locks them
        .limit(limit)
    ).all()
    return sum(_answer(session, desk, tracking, head_id) for tracking, head_id in found)


def _answer(session: Session, desk: Desk, tracking: int, head_id: int | None) -> bool:
    case = cases.open_case(session, tracking)
    said = session.exec(
        select(Event)
        .where(Event.complaint_id == head_id, Event.kind == ANSWERED)
        .order_by(col(Event.id).desc())
    ).first()
    if case is None or said is None or case.complaint.status not in CLOCK_RUNS:
        return False
    agency = str(said.detail.get("agency", ""))
    if case.complaint.parent_id != head_id or not agency:
        return False
    _hold(session, case, agency, desk)
    cases.apply(session, case, Move.ANSWER, now=desk.now, agency=agency)
    detail = {"agency": agency, "of": session.get_one(Complaint, head_id).tracking}
    event = Event(
        complaint_id=case.complaint.key,
        kind=ANSWERED,
        actor=SYSTEM,
        at=desk.now,
        text=said.text,
        detail=detail,
    )
    session.add(event)
    session.flush()
    if case.conversation:
        tell(session, case.complaint, case.conversation, event, desk)
    return True


def _hold(session: Session, case: Opened, agency: str, desk: Desk) -> None:
    """The agency that answered the head has the member as well by now; its other desks are done."""
    for code, row in list(case.desks.items()):
        if row.state in UNANSWERED and code != agency:
            cases.apply(session, case, Move.RETURN, now=desk.now, agency=code)
            _note(session, case, MOVES[Move.RETURN].event, code, desk)
    desk_of_it = case.desks.get(agency)
    if desk_of_it is None or desk_of_it.state not in UNANSWERED:
        due = desk.deadline_of(case.complaint, at_desk=True)
        handed = Handed(to=agency, actor=SYSTEM, reason="", deadline=due)
        cases.apply(session, case, Move.DISPOSE, now=desk.now, handed=handed)
        _note(session, case, MOVES[Move.DISPOSE].event, agency, desk)


def _note(session: Session, case: Opened, kind: str, agency: str, desk: Desk) -> None:
    """Its reporter hears the answer only."""
    session.add(
        Event(
            complaint_id=case.complaint.key,
            kind=kind,
            actor=SYSTEM,
            at=desk.now,
            detail={"agency": agency, "reason": "family"},
        )
    )
