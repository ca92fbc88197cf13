"""What reporters are told unasked: for each event of a complaint, which words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session, col, select

from bots import news as words
from bots.desk import Desk
from bots.intake import extra_of
from bots.language import Sentence, joined
from bots.state import Asks, Question, State
from bots.survey import ask_satisfied
from bots.turn import Reply
from store.casework import cases
from store.casework.lifecycle import MOVES, Move
from store.models import ArchiveReason, Complaint, ComplaintStatus, Conversation, Event
from store.notices import notify

SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a sentence about an event may say."""

    tracking: int
    agency: str  # its name for people
    due: date
    text: str  # an officer's words
    reason: ArchiveReason | None
    waits: bool  # for other agencies


# The reporter's half of who is told what; that of officers is in bots/officers.py.
# An event that is not here is told to no reporter: they caused it, or it is our own business.
TOLD: Mapping[str, Callable[[News], Sentence]] = {
    "disposed": lambda news: words.handed_on(news.tracking, news.agency, news.due),
    "forwarded": lambda news: words.handed_on(news.tracking, news.agency, news.due),
    "returned": lambda news: (
        words.sent_back(news.tracking, news.agency)
        if news.waits
        else words.satisfied(news.tracking)  # the other agencies have answered
    ),
    "started": lambda news: words.begun(news.tracking, news.agency),
    "deferred": lambda news: words.we_ask(news.tracking, news.agency, news.text),
    "answered": lambda news: (
        words.answered_in_part(news.tracking, news.agency, news.text)
        if news.waits
        else joined(
            words.answered(news.tracking, news.agency, news.text), words.satisfied(news.tracking)
        )
    ),
    "closed": lambda news: words.closed(news.tracking),
    "archived": lambda news: words.archived(news.tracking, news.reason, news.text),
    "restored": lambda news: words.restored(news.tracking),
    "reclassified": lambda news: words.due_moved(news.tracking, news.due),
    "overdue": lambda news: words.late(news.tracking, news.agency),
    "ombudsman": lambda news: words.ombudsman(news.tracking),
}


def tell(
    session: Session, complaint: Complaint, conversation: Conversation, event: Event, desk: Desk
) -> bool:
    """Queue what the reporter hears of an event; False if nothing, or they want no notices."""
    if event.kind not in TOLD:
        return False
    agency = str(event.detail.get("agency") or complaint.agency or "")
    name = desk.reader.agency_name(agency) if agency else ""
    news = News(
        tracking=complaint.tracking,
        agency=name,
        due=complaint.deadline,
        text=event.text,
        reason=complaint.archive_reason,
        waits=complaint.status != ComplaintStatus.ANSWERED,
    )
    sentence, language = TOLD[event.kind](news), conversation.language
    question = _question(event, complaint, desk.now)
    reply = Reply(sentence, question.buttons if question else ())
    variables = [str(complaint.tracking), *filter(None, (name, event.text))]
    queued = notify(
        session,
        conversation,
        kind=event.kind,
        text=sentence.say(language),
        dedupe=f"event-{event.key}",
        now=desk.now,
        rules=desk.policy.notices,
        complaint_id=complaint.key,
        fact=f"{event.kind} {agency}",  # an answer of one agency replaces none of another
        extra=extra_of(reply, language) | {"notice": event.kind, "variables": variables},
    )
    if queued and question:
        _ask(conversation, question)
    return queued is not None


def close_unanswered(session: Session, desk: Desk, *, limit: int) -> int:
    """Close answered complaints without a word of their reporters, and say so; returns how many."""
    before = desk.policy.clock.over_before("close", desk.now)
    found = session.exec(
        select(Complaint.tracking)
        .where(Complaint.status == ComplaintStatus.ANSWERED, col(Complaint.answered_at) < before)
        .order_by(col(Complaint.answered_at))
        .limit(limit)
    ).all()
    return sum(_close(session, tracking, before, desk) for tracking in found)


def _close(session: Session, tracking: int, before: datetime, desk: Desk) -> bool:
    """Looked at again once it is locked: its reporter may have spoken just now."""
    case = cases.open_case(session, tracking)
    complaint = case.complaint if case else None
    if case is None or complaint is None or complaint.status != ComplaintStatus.ANSWERED:
        return False
    if complaint.answered_at is None or complaint.answered_at >= before:
        return False
    cases.apply(session, case, Move.EXPIRE, now=desk.now)
    note(session, case, MOVES[Move.EXPIRE].event, desk)
    return True


def note(
    session: Session, case: cases.Opened, kind: str, desk: Desk, *, actor: str = SYSTEM
) -> Event:
    """Append an event that nobody made by hand, and tell it."""
    event = Event(complaint_id=case.complaint.key, kind=kind, actor=actor, at=desk.now)
    session.add(event)
    session.flush()
    if case.conversation:
        tell(session, case.complaint, case.conversation, event, desk)
    return event


def _question(event: Event, complaint: Complaint, now: datetime) -> Question | None:
    if event.kind in ("answered", "returned") and complaint.status == ComplaintStatus.ANSWERED:
        return ask_satisfied(complaint.tracking, now.isoformat())
    if event.kind == "deferred":
        return Question(asks=Asks.DETAILS, tracking=complaint.tracking, at=now.isoformat())
    return None


def _ask(conversation: Conversation, question: Question) -> None:
    """Unless another question waits: PUAS, BELUM and the buttons are understood all the same.

    What an officer wants to know goes first: nothing else tells what its answer is about.
    """
    state = State.load(conversation.state)
    open_ = state.question
    same = open_ is not None and open_.tracking == question.tracking
    if open_ is None or same or Asks.DETAILS is question.asks or open_.asks is Asks.SATISFIED:
        conversation.state = replace(state, question=question).dump()
