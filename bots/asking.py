"""Our open question, and what counts as its answer."""

from collections.abc import Sequence
from dataclasses import replace

from bots import replies
from bots.state import (
    Asks,
    Case,
    Choose,
    FollowUp,
    Message,
    Place,
    Question,
    Reply,
    State,
    Turn,
    said,
)
from bots.survey import survey_answer
from bots.talk import Talk
from parsers.choice import chosen
from parsers.understanding import Kind

NONE_OF_THESE = "0"
CHOICES = frozenset({Asks.WHICH_PLACE, Asks.CATEGORY, Asks.AGENCY, Asks.CASE})
SURVEY = frozenset({Asks.SATISFIED, Asks.SCORE, Asks.REASON})
TWICE = 2  # a choice is offered this often


def answer_of(talk: Talk) -> Turn | None:
    """What the message answers; None if we asked nothing or it is about something else."""
    question = talk.question
    if talk.message.choice:
        return _pressed(talk, question)
    if question is None or talk.message.seen.command:
        return survey_answer(talk, question) if question and question.asks in SURVEY else None
    if question.asks in SURVEY:
        return survey_answer(talk, question)
    if question.asks in CHOICES:
        return _chosen(talk, question) or _place(talk, question)
    return _place(talk, question)


def _pressed(talk: Talk, question: Question | None) -> Turn:
    """A button of an older question does nothing but say so."""
    key, _, value = talk.message.choice.rpartition(":")
    if question is None or key != question.key:
        return said(talk.state, replies.STALE)
    if question.asks in SURVEY:
        return survey_answer(talk, question, value) or said(talk.state, replies.STALE)
    return _take(talk, question, value)


def _chosen(talk: Talk, question: Question) -> Turn | None:
    """A number, an ordinal or the words of a choice; asked once more if it is none of them."""
    place = chosen(talk.message.text, [label for _, label in question.options])
    if place is not None:
        return _take(talk, question, question.options[place][0])
    if question.asks is Asks.WHICH_PLACE or _matter_of_its_own(talk.message):
        return None
    if question.times >= TWICE or len(talk.message.text.split()) > TWICE:
        return None
    again = replace(question, times=question.times + 1)
    say = Reply(replies.CHOOSE_AGAIN, again.buttons)
    return Turn(replace(talk.state, question=again), (), (say,))


def _take(talk: Talk, question: Question, value: str) -> Turn:
    after = talk.state.answered()
    if question.asks is Asks.CASE:
        if value == NONE_OF_THESE:
            return said(after, replies.UNCLEAR)
        added = FollowUp(int(value), question.text, question.inbox_id)
        return said(after, replies.added(int(value)), actions=(added,))
    return Turn(after, (Choose(question.tracking, question.asks, value),))


def _place(talk: Talk, question: Question) -> Turn | None:
    """While we ask where, all but small talk and a clear matter of its own is an answer to us."""
    if question.asks not in (Asks.PLACE, Asks.WHICH_PLACE):
        return None
    if not talk.message.text.strip() and not talk.message.location:
        return None
    if _matter_of_its_own(talk.message):
        return None
    return Turn(talk.state.answered(), (Place(question.tracking),))


def _matter_of_its_own(message: Message) -> bool:
    seen = message.seen
    chatter = seen.kind in (Kind.GREETING, Kind.THANKS, Kind.SPAM, Kind.EMERGENCY)
    asks = seen.kind is Kind.STATUS_QUERY or bool(seen.command)
    return chatter or asks or (seen.category is not None and seen.category.sure)


def which_case(talk: Talk, cases: Sequence[Case]) -> Turn:
    """Ask which of the open complaints a message adds to, unless its topic says it."""
    seen = talk.message.seen
    fitting = [case for case in cases if seen.category and case.category == seen.category.code]
    if len(fitting) == 1:
        tracking = fitting[0].tracking
        added = FollowUp(tracking, talk.message.text)
        return said(talk.state, replies.added(tracking), actions=(added,))
    options = [(str(case.tracking), f"{case.tracking} {case.label}".strip()) for case in cases[:3]]
    question = Question(
        asks=Asks.CASE,
        tracking=cases[0].tracking,
        at=talk.message.at.isoformat(),
        options=tuple(options),
        text=talk.message.text,
        inbox_id=talk.message.inbox_id,
    )
    return _ask(talk.state, question)


def _ask(state: State, question: Question) -> Turn:
    return Turn(
        replace(state, question=question), (), (Reply(replies.WHICH_CASE, question.buttons),)
    )
