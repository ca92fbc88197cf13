"""What reporters are told unasked: an agency's answer, and that a complaint was closed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from bots import replies
from bots.desk import Desk, Policy
from bots.intake import extra_of
from bots.language import Sentence, joined
from bots.state import OPEN, Asks, Question, State
from bots.survey import ask_satisfied
from bots.turn import Reply
from store.models import Complaint, ComplaintStatus, Conversation, Event
from store.notices import NoticeRules, notify

SYSTEM = "system"


class NotOpen(Exception):
    """The complaint waits for no answer, or not for one of this agency."""


def answered(
    session: Session, complaint: Complaint, agency: str, text: str, desk: Desk, *, actor: str
) -> bool:
    """Keep an agency's answer and tell its reporter in full; False if they want no notices."""
    if complaint.status not in OPEN or complaint.agency != agency:
        raise NotOpen
    conversation = _locked(session, complaint)
    complaint.status = ComplaintStatus.ANSWERED
    complaint.answered_at = complaint.updated_at = desk.now
    _note(session, complaint, "answered", actor, desk.now, text)
    name = desk.reader.agency_name(agency)
    question = ask_satisfied(complaint.tracking, desk.now.isoformat())
    told = _tell(
        session,
        complaint,
        conversation,
        "answered",
        joined(
            replies.answered(complaint.tracking, name, text), replies.satisfied(complaint.tracking)
        ),
        variables=(str(complaint.tracking), name, text),
        question=question,
        now=desk.now,
        rules=desk.policy.notices,
    )
    if told:
        _ask(conversation, question)
    return told


def close_unanswered(session: Session, policy: Policy, *, now: datetime, limit: int) -> int:
    """Close answered complaints without a word of their reporters, and say so; returns how many."""
    before = policy.clock.over_before("close", now)
    found = session.exec(
        select(Complaint)
        .where(Complaint.status == ComplaintStatus.ANSWERED, col(Complaint.answered_at) < before)
        .order_by(col(Complaint.answered_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for complaint in found:
        complaint.status, complaint.updated_at = ComplaintStatus.CLOSED, now
        _note(session, complaint, "closed", SYSTEM, now)
        _tell(
            session,
            complaint,
            session.get_one(Conversation, complaint.conversation_id),
            "closed",
            replies.closed(complaint.tracking),
            variables=(str(complaint.tracking),),
            now=now,
            rules=policy.notices,
        )
    return len(found)


def _locked(session: Session, complaint: Complaint) -> Conversation:
    """No message of the reporter is handled while its state changes."""
    statement = select(Conversation).where(Conversation.id == complaint.conversation_id)
    return session.exec(statement.with_for_update()).one()


def _ask(conversation: Conversation, question: Question) -> None:
    """Unless another question waits: PUAS, BELUM and the buttons are understood all the same."""
    state = State.load(conversation.state)
    open_ = state.question
    if open_ is None or open_.asks is Asks.SATISFIED or open_.tracking == question.tracking:
        conversation.state = replace(state, question=question).dump()


def _tell(
    session: Session,
    complaint: Complaint,
    conversation: Conversation,
    kind: str,
    sentence: Sentence,
    *,
    variables: Sequence[str],
    now: datetime,
    rules: NoticeRules,
    question: Question | None = None,
) -> bool:
    language = conversation.language
    reply = Reply(sentence, question.buttons if question else ())
    extra = extra_of(reply, language) | {"notice": kind, "variables": list(variables)}
    queued = notify(
        session,
        conversation,
        kind=kind,
        text=sentence.say(language),
        dedupe=f"{kind}-{complaint.key}-{complaint.reopened}",
        now=now,
        rules=rules,
        complaint_id=complaint.key,
        extra=extra,
    )
    return queued is not None


def _note(
    session: Session, complaint: Complaint, kind: str, actor: str, at: datetime, text: str = ""
) -> None:
    session.add(Event(complaint_id=complaint.key, kind=kind, actor=actor, at=at, text=text))
