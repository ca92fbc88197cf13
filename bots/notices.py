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


Say = Callable[[News], Sentence]


@dataclass(frozen=True, slots=True)
class Told:
    """What those hear whose complaint it is, and those of the other complaints of its family."""

    reporter: Say | None = None
    members: Say | None = None  # if a person did it, each under their own number


def _answered(news: News) -> Sentence:
    if news.waits:
        return words.answered_in_part(news.tracking, news.agency, news.text)
    solved = words.satisfied(news.tracking)
    return joined(words.answered(news.tracking, news.agency, news.text), solved)


def _handed_on(news: News) -> Sentence:
    return words.handed_on(news.tracking, news.agency, news.due)


def _returned(news: News) -> Sentence:
    if news.waits:
        return words.sent_back(news.tracking, news.agency)
    return words.satisfied(news.tracking)  # the other agencies have answered


def _others_handed_on(news: News) -> Sentence:
    return words.others_handed_on(news.tracking, news.agency)


# Who is told what; that of officers is in bots/officers.py.
# What is not here is told to nobody: they caused it, or it is our own business. A member has a
# deadline, an archive and a closing of its own: of the head's it hears nothing. What ends a head's
# case takes it out of the family, and its members hear that theirs go on.
TOLD: Mapping[str, Told] = {
    "disposed": Told(_handed_on, _others_handed_on),
    "forwarded": Told(_handed_on, _others_handed_on),
    "returned": Told(_returned, lambda news: words.others_sent_back(news.tracking, news.agency)),
    "started": Told(
        lambda news: words.begun(news.tracking, news.agency),
        lambda news: words.others_begun(news.tracking, news.agency),
    ),
    "deferred": Told(
        lambda news: words.we_ask(news.tracking, news.agency, news.text),
        lambda news: words.others_asked(news.tracking, news.agency),
    ),
    "resumed": Told(members=lambda news: words.others_go_on(news.tracking)),
    "answered": Told(
        _answered, lambda news: words.others_answered(news.tracking, news.agency, news.text)
    ),
    "reopened": Told(members=lambda news: words.others_reopened(news.tracking)),
    "escalated": Told(members=lambda news: words.others_reopened(news.tracking)),
    "closed": Told(lambda news: words.closed(news.tracking)),
    "archived": Told(lambda news: words.archived(news.tracking, news.reason, news.text)),
    "restored": Told(lambda news: words.restored(news.tracking)),
    "reclassified": Told(lambda news: words.due_moved(news.tracking, news.due)),
    "overdue": Told(lambda news: words.late(news.tracking, news.agency)),
    "ombudsman": Told(lambda news: words.ombudsman(news.tracking)),
}
TO_MEMBERS = frozenset(kind for kind, told in TOLD.items() if told.members)
FAMILY = "family"  # the kind of a notice about others


def tell(
    session: Session, complaint: Complaint, conversation: Conversation, event: Event, desk: Desk
) -> bool:
    """Queue what the reporter hears of an event; False if nothing, or they want no notices."""
    told = TOLD.get(event.kind, Told())
    if told.reporter is None:
        return False
    agency = str(event.detail.get("agency") or complaint.agency or "")
    news = _news(complaint, event, agency, desk)
    question = _question(event, complaint, desk.now)
    reply = Reply(told.reporter(news), question.buttons if question else ())
    variables = [str(complaint.tracking), *filter(None, (news.agency, event.text))]
    queued = _queue(
        session,
        complaint,
        conversation,
        reply,
        kind=event.kind,
        fact=f"{event.kind} {agency}",  # an answer of one agency replaces none of another
        dedupe=f"event-{event.key}",
        variables=variables,
        desk=desk,
    )
    if queued and question:
        _ask(conversation, question)
    return queued


def tell_member(
    session: Session,
    case: cases.Opened,
    head: Complaint,
    event: Event,
    text: str,
    desk: Desk,
    *,
    new: bool,
) -> None:
    """Queue what a member's reporter hears of an event of the head; `text` as it may be told.

    `new`: it has joined the family since its reporter was last told of one.
    """
    say, complaint = TOLD[event.kind].members, case.complaint
    if say is None or case.conversation is None:
        return
    agency = str(event.detail.get("agency") or head.agency or "")
    news = replace(_news(head, event, agency, desk), tracking=complaint.tracking, text=text)
    sentence = say(news)
    if new:
        sentence = joined(words.together(complaint.tracking), sentence)
    fact = f"{event.kind} {agency}" if event.kind == "answered" else FAMILY
    tell_of_family(session, case, sentence, f"event-{event.key}-{complaint.key}", desk, fact=fact)


def tell_of_family(
    session: Session, case: cases.Opened, sentence: Sentence, dedupe: str, desk: Desk, *, fact: str
) -> None:
    """Of how far the others are only the newest is said, where several wait."""
    if case.conversation:
        tracking = str(case.complaint.tracking)
        _queue(
            session,
            case.complaint,
            case.conversation,
            Reply(sentence),
            kind=FAMILY,
            fact=fact,
            dedupe=dedupe,
            variables=[tracking],
            desk=desk,
        )


def _news(complaint: Complaint, event: Event, agency: str, desk: Desk) -> News:
    return News(
        tracking=complaint.tracking,
        agency=desk.reader.agency_name(agency) if agency else "",
        due=complaint.deadline,
        text=event.text,
        reason=complaint.archive_reason,
        waits=complaint.status != ComplaintStatus.ANSWERED,
    )


def _queue(
    session: Session,
    complaint: Complaint,
    conversation: Conversation,
    reply: Reply,
    *,
    kind: str,
    fact: str,
    dedupe: str,
    variables: list[str],
    desk: Desk,
) -> bool:
    language = conversation.language
    queued = notify(
        session,
        conversation,
        kind=kind,
        text=reply.sentence.say(language),
        dedupe=dedupe,
        now=desk.now,
        rules=desk.policy.notices,
        complaint_id=complaint.key,
        fact=fact,
        extra=extra_of(reply, language) | {"notice": kind, "variables": variables},
    )
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
