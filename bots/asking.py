"""Our open question, what counts as its answer, and what to ask next."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bots import replies
from bots.actions import Choose, FollowUp, Place
from bots.routing import Missing
from bots.state import Asks, Case, Limits, Question, State
from bots.survey import offered_again, pressed, survey_answer
from bots.talk import Talk
from bots.turn import Reply, Turn, added, said
from parsers.understanding import Candidate
from store.models import ComplaintStatus

CHOICES = frozenset({Asks.WHICH_PLACE, Asks.CATEGORY, Asks.AGENCY, Asks.CASE})
SURVEY = frozenset({Asks.SATISFIED, Asks.SCORE, Asks.REASON})
OFFERED = 3  # choices beside `none of these`
NONE_OF_THESE = "0"
CLOSE = 45.0  # the second candidate is offered beside the first if it is so near (0..100)
LIKELY = 15.0  # and at least so likely
# `di depan kantor PLN` says where, though it sounds of a topic.
SAYS_WHERE = re.compile(
    r"\W*(?:di|depan|dekat|dkt|samping|sebelah|belakang|seberang|sekitar|persis|jl|jln|kec|kel|kab|"
    r"kota|desa|ds|dusun|dsn|rt|rw|prov)\b",
    re.IGNORECASE,
)
BRIEF = 7  # words of such an answer


def answer_of(talk: Talk) -> Turn | None:
    """What the message answers; None if we asked nothing or it is about something else."""
    question = talk.question
    if talk.message.choice:
        return _pressed(talk, question)
    if question is None:
        return _late(talk)
    if question.asks is Asks.CASE:
        return _chosen(talk, question)
    if talk.names_another(question):
        return None
    if question.asks in SURVEY:
        return survey_answer(talk, question)
    if question.asks is Asks.DETAILS:
        return _details(talk, question)
    if talk.message.seen.command:
        return None
    if question.asks in CHOICES:
        return _chosen(talk, question) or _place(talk, question)
    return _place(talk, question)


def _pressed(talk: Talk, question: Question | None) -> Turn:
    """A button of an older question does nothing but say so, unless a case waits for that word."""
    key, _, value = talk.message.choice.rpartition(":")
    asks, tracking, _ = (*key.split("-", 2), "", "", "")[:3]
    if asks in SURVEY and tracking.isdigit():
        return pressed(talk, asks, int(tracking), value) or said(talk.state, replies.STALE)
    if question is None or key != question.key or value not in dict(question.options):
        return said(talk.state, replies.STALE)
    return _take(talk, question, value)


def _chosen(talk: Talk, question: Question) -> Turn | None:
    """A number, an ordinal or the words of a choice; asked once more if it is none of them."""
    value = talk.option(question, talk.message.text)
    if value is not None:
        return _take(talk, question, value)
    counted = question.asks is not Asks.CASE
    if question.asks is Asks.WHICH_PLACE or (counted and talk.state.asked >= talk.limits.questions):
        return None
    again = offered_again(talk, question)
    return (
        replace(again, state=replace(again.state, asked=talk.state.asked + counted))
        if again
        else None
    )


def _take(talk: Talk, question: Question, value: str) -> Turn:
    after = talk.state.answered()
    if question.asks is not Asks.CASE:
        return Turn(after, (Choose(question.tracking, question.asks, value),))
    if int(value) == question.tracking:  # it stands there already
        return said(after, replies.added(question.tracking))
    return added(after, int(value), question.text, inbox_id=question.inbox_id)


def _place(talk: Talk, question: Question) -> Turn | None:
    """While we ask where, all but small talk and a clear matter of its own is an answer to us."""
    message = talk.message
    if question.asks not in (Asks.PLACE, Asks.WHICH_PLACE):
        return None
    if not message.text.strip() and not message.location:
        return None
    brief = len(message.text.split()) <= BRIEF and SAYS_WHERE.match(message.text)
    if talk.another(question.tracking) and not (brief and message.seen.category):
        return None
    return Turn(talk.state.answered(), (Place(question.tracking),))


def _details(talk: Talk, question: Question) -> Turn | None:
    """Words, photos or a pin that an officer asked for; a clear matter of its own is none."""
    message = talk.message
    if talk.another(question.tracking):
        return None
    if message.location:
        return Turn(talk.state.answered(), (Place(question.tracking),))
    if message.text.strip() or message.media:
        return added(talk.state.answered(), question.tracking, message.text)
    return None


def _late(talk: Talk) -> Turn | None:
    """A bare place answers our question also after its day, while a person has not decided."""
    question, seen = talk.state.question, talk.message.seen
    bare = bool(seen.settled) and talk.topic is None
    case = talk.case(question.tracking) if question else None
    if question is None or not bare or case is None or case.status != ComplaintStatus.TRIAGE:
        return None
    return None if talk.names_another(question) else _place(talk, question)


def which_case(talk: Talk, cases: Sequence[Case]) -> Turn:
    """Ask which of the open complaints a message adds to.

    It is kept with the newest at once: who never says which has told us all the same.
    """
    message, newest = talk.message, cases[0].tracking
    question = Question(
        asks=Asks.CASE,
        tracking=newest,
        at=message.at.isoformat(),
        options=tuple(
            (str(case.tracking), f"{case.tracking} {case.label}".strip())
            for case in cases[:OFFERED]
        ),
        text=message.text,
        inbox_id=message.inbox_id,
    )
    say = Reply(replies.WHICH_CASE, question.buttons)
    state = replace(talk.state, question=question)
    return Turn(state, (FollowUp(newest, message.text),), (say,))


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a complaint that was filed or placed just now, as far as it is asked about."""

    tracking: int
    missing: Missing
    places: tuple[tuple[str, str], ...] = ()  # (code, name) of those that share the name
    categories: tuple[tuple[str, str], ...] = ()  # close candidates
    agencies: tuple[tuple[str, str], ...] = ()


def next_question(state: State, filed: Filed, at: datetime, limits: Limits) -> Question | None:
    """The one thing to ask now, if we have not asked enough: the place before the desk."""
    if state.asked >= limits.questions:
        return None
    match filed:
        case Filed(missing=Missing.PLACE, places=[_, _, *_] as options):
            asks = Asks.WHICH_PLACE
        case Filed(missing=Missing.PLACE):
            asks, options = Asks.PLACE, ()
        case Filed(missing=Missing.DESK, categories=[_, _, *_] as options):
            asks = Asks.CATEGORY
        case Filed(missing=Missing.DESK, agencies=[_, _, *_] as options):
            asks = Asks.AGENCY
        case _:
            return None
    return Question(asks=asks, tracking=filed.tracking, at=at.isoformat(), options=tuple(options))


def close(candidates: Sequence[Candidate]) -> tuple[tuple[str, str], ...]:
    """The best candidates if they are near each other, and `none of these`."""
    if len(candidates) < 2 or candidates[0].sure:
        return ()
    best = candidates[0].score
    near = [c for c in candidates[:OFFERED] if best - c.score <= CLOSE and c.score >= LIKELY]
    if len(near) < 2:
        return ()
    return (*((c.code, c.name) for c in near), (NONE_OF_THESE, replies.ANY_OTHER.words))
