"""What happens to the head of a family is told to its members, each under its own number."""

import re

from sqlmodel import Session, col, select

from bots import news as words
from bots.desk import Desk
from bots.notices import FAMILY, SYSTEM, TO_MEMBERS, tell, tell_member, tell_of_family
from store.casework import cases
from store.casework.cases import Handed, Opened
from store.casework.lifecycle import CLOCK_RUNS, ENDED, MOVES, OPEN, UNANSWERED, Move
from store.families import telling
from store.masking import masked
from store.models import Complaint, ComplaintStatus, Event

ANSWERED = MOVES[Move.ANSWER].event
HAS_ANSWER = (ComplaintStatus.ANSWERED, ComplaintStatus.CLOSED)
AWAITS = CLOCK_RUNS | {ComplaintStatus.DEFERRED}  # of a member: the head's answer is its own


def follow(session: Session, desk: Desk, *, limit: int) -> int:
    """Bring so many reporters up to date; returns how many steps were taken, 0 at the end.

    One in a transaction: whoever holds several cases may wait for who holds others.
    """
    return sum(_step(session, desk) for _ in range(limit))


def _step(session: Session, desk: Desk) -> bool:
    one = telling.first(session)
    if one is None:
        return False
    joined_or_left = one.parent_id is not None or one.heard
    member = None if joined_or_left else telling.behind(session, one, TO_MEMBERS)
    case = cases.open_case(session, member or one.tracking)
    if case:
        _bring_up_to_date(session, case, desk)
    return True


def _bring_up_to_date(session: Session, case: Opened, desk: Desk) -> None:
    """Looked at again once it is locked: another process may have told it just now."""
    complaint = case.complaint
    if complaint.parent_id is None:
        _go_alone(session, case, desk)
        complaint.untold = telling.behind(session, complaint, TO_MEMBERS) is not None
        return
    new, complaint.untold = complaint.untold, False
    events = telling.happened(
        session, complaint.parent_id, TO_MEMBERS, beyond=0 if new else complaint.heard
    )
    head = session.get_one(Complaint, complaint.parent_id, populate_existing=True)
    if new and complaint.heard:
        _go_alone(session, case, desk)
    if new:  # what holds now
        events = events[-1:] or _passed_on_before(session, complaint, head)
    for event in events:
        _pass_on(session, case, head, event, desk, new=new)
    complaint.heard = events[-1].key if events else complaint.heard


def _passed_on_before(session: Session, complaint: Complaint, head: Complaint) -> list[Event]:
    """The answer that a head got as a member itself, for one that joins it and has none."""
    said = _last_answer(session, head)
    return [said] if said and _is_for(complaint, head) else []


def _go_alone(session: Session, case: Opened, desk: Desk) -> None:
    """What was told of its former head holds no more."""
    complaint = case.complaint
    if complaint.heard and complaint.status in OPEN:
        name = f"apart-{complaint.heard}-{complaint.key}"
        tell_of_family(session, case, words.apart(complaint.tracking), name, desk, fact=FAMILY)
    complaint.heard = 0


def _pass_on(
    session: Session, case: Opened, head: Complaint, event: Event, desk: Desk, *, new: bool
) -> None:
    """The answer by which a head is answered is that of a member that has none; else it is told."""
    complaint = case.complaint
    if complaint.status in ENDED:
        return
    said = _last_answer(session, head)
    if said and event.key >= said.key and _is_for(complaint, head):
        _answer(session, case, head, said, desk)
    elif said is None or event.key <= said.key:
        text = own_words(event.text, head, complaint)
        tell_member(session, case, head, event, text, desk, new=new)


def _last_answer(session: Session, head: Complaint) -> Event | None:
    """The answer that stands; None while some agency has still to answer."""
    if head.status not in HAS_ANSWER:
        return None
    answers = select(Event).where(Event.complaint_id == head.key, Event.kind == ANSWERED)
    return session.exec(answers.order_by(col(Event.id).desc()).limit(1)).first()


def _is_for(complaint: Complaint, head: Complaint) -> bool:
    """Whether a member waits for the head's answer, with none of its own and not reopened since."""
    if complaint.status not in AWAITS or head.answered_at is None:
        return False
    own = (complaint.answered_at, complaint.clock_at)
    return all(at is None or at < head.answered_at for at in own)


def _answer(session: Session, case: Opened, head: Complaint, said: Event, desk: Desk) -> None:
    agency = str(said.detail.get("agency") or head.agency or "")
    if not agency:
        return
    _hold(session, case, agency, desk)
    cases.apply(session, case, Move.ANSWER, now=desk.now, agency=agency)
    event = Event(
        complaint_id=case.complaint.key,
        kind=ANSWERED,
        actor=SYSTEM,
        at=desk.now,
        text=own_words(said.text, head, case.complaint),
        detail={"agency": agency, "of": head.tracking},
    )
    session.add(event)
    session.flush()
    if case.conversation:
        tell(session, case.complaint, case.conversation, event, desk)


def own_words(text: str, head: Complaint, member: Complaint) -> str:
    """An officer's words to one reporter as another may read them: nobody's number or name."""
    text = re.sub(rf"(?<!\d){head.tracking}(?!\d)", str(member.tracking), text)
    return masked(text)


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
