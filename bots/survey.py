"""After an agency's answer: is it solved, how well, and if not why. A rating is never invented."""

import re
from dataclasses import replace

from bots import news, replies
from bots.actions import Accept, FollowUp, Rate, Reopen
from bots.language import joined
from bots.state import Asks, Case, Question, State
from bots.talk import Talk
from bots.turn import Reply, Turn, added, said
from parsers.understanding import Command, Verb
from store.casework.lifecycle import JUDGED
from store.models import ComplaintStatus

SATISFIED, UNSATISFIED = "puas", "belum"
SCORE = re.compile(r"\W*(?:nilai|bintang|skor|rating)?\W*([1-5])(?:\s*/\s*5)?\W*", re.IGNORECASE)
YES = frozenset({"puas", "sudah", "sdh", "udah", "selesai", "beres", "ya", "iya", "yes", "solved"})
NO = frozenset({"belum", "blm", "blum", "masih", "kecewa", "not", "no"})
DENIED = frozenset({"tidak", "tdk", "gak", "ga", "nggak", "kurang", "bukan"})
OF_WHAT = frozenset({"", "puas", "selesai", "beres", "memuaskan"})  # what may follow `tidak`
BRIEF = 2  # words of an answer that is only unclear
TWICE = 2  # a choice is offered this often


def ask_satisfied(tracking: int, at: str) -> Question:
    options = ((SATISFIED, replies.YES.words), (UNSATISFIED, replies.NO.words))
    return Question(asks=Asks.SATISFIED, tracking=tracking, at=at, options=options)


def judged(talk: Talk, command: Command) -> Turn:
    """PUAS and BELUM, with a number or about the newest answered case."""
    case = _answered(talk, command.tracking)
    if case is None:
        return said(talk.state, replies.NOTHING_TO_RATE)
    if command.verb is Verb.SATISFIED:
        return _accept(talk, case.tracking, command.text)
    return _refuse(talk, case.tracking, command.text)


def survey_answer(talk: Talk, question: Question) -> Turn | None:
    """What a message says to a question of ours about an answered case; None if nothing."""
    text = talk.message.text
    if question.asks is Asks.SATISFIED:
        return _verdict(talk, question, text) or _unsure(talk, question)
    if question.asks is Asks.SCORE:
        score = SCORE.fullmatch(text)
        value = score[1] if score else talk.option(question, text)
        rated = _rated(talk.state, question.tracking, int(value)) if value else None
        return rated or offered_again(talk, question)
    if not text.strip() or talk.another(question.tracking):
        return None
    return _reopen(talk, question.tracking, text)


def pressed(talk: Talk, asks: str, tracking: int, value: str) -> Turn | None:
    """A button under one of these questions counts as long as the case can be judged."""
    case = talk.case(tracking)
    if case is None or case.status not in JUDGED:
        return None
    if asks == Asks.SATISFIED:
        good = value == SATISFIED
        return _accept(talk, tracking, "") if good else _refuse(talk, tracking, "")
    if asks == Asks.SCORE and SCORE.fullmatch(value):
        return _rated(talk.state, tracking, int(value))
    return None


def offered_again(talk: Talk, question: Question) -> Turn | None:
    """A word or two that are none of the choices, the first time."""
    brief = 0 < len(talk.message.text.split()) <= BRIEF
    if not brief or question.times >= TWICE or talk.another(question.tracking):
        return None
    again = replace(question, times=question.times + 1)
    say = Reply(replies.CHOOSE_AGAIN, again.buttons)
    return Turn(replace(talk.state, question=again), (), (say,))


def _verdict(talk: Talk, question: Question, text: str) -> Turn | None:
    """Numbers and words of the choices, and how people else say yes and no."""
    words = [word.strip(".,!:;-") for word in text.casefold().split()]
    value = talk.option(question, text)
    command = talk.message.seen.command
    if value is None and command and command.verb in (Verb.SATISFIED, Verb.UNSATISFIED):
        value = SATISFIED if command.verb is Verb.SATISFIED else UNSATISFIED
    if value is None and (not words or talk.other_matter(question.tracking)):
        return None
    first, second = (*words, "", "")[:2]
    refused = first in NO or (first in DENIED and second in OF_WHAT)
    refused = refused or (not NO.isdisjoint(words) and not talk.another(question.tracking))
    if value == UNSATISFIED or (value is None and refused):
        return _refuse(talk, question.tracking, text if len(words) > 1 and refused else "")
    if value == SATISFIED or first in YES:
        return _accept(talk, question.tracking, text.strip().partition(" ")[2])
    return None


def _unsure(talk: Talk, question: Question) -> Turn | None:
    """Neither yes nor no: a remark is kept with the case, and the question stands."""
    again = offered_again(talk, question)
    if again or not talk.message.text.strip() or talk.another(question.tracking):
        return again
    if question.times >= TWICE:
        return added(talk.state, question.tracking, talk.message.text)
    asked = replace(question, times=question.times + 1)
    say = Reply(joined(replies.NOTED, news.satisfied(question.tracking)), asked.buttons)
    remark = FollowUp(question.tracking, talk.message.text)
    return Turn(replace(talk.state, question=asked), (remark,), (say,))


def _answered(talk: Talk, tracking: str) -> Case | None:
    """The case that may be judged: the one named or quoted, else the newest answered one."""
    number = tracking or str(talk.message.about or "")
    if number:
        case = talk.case(number)
        return case if case and case.status in JUDGED else None
    waiting = (ComplaintStatus.ANSWERED, ComplaintStatus.COMMENTED)
    newest = (case for case in talk.cases if case.mine and case.status in waiting)
    return next(newest, None)


def _accept(talk: Talk, tracking: int, rest: str) -> Turn:
    """Closed at once; a score that came with it spares the question."""
    accepted = Accept(tracking)
    if score := SCORE.fullmatch(rest):
        turn = _rated(talk.state, tracking, int(score[1]))
        return replace(turn, actions=(accepted, *turn.actions))
    question = Question(
        asks=Asks.SCORE,
        tracking=tracking,
        at=talk.message.at.isoformat(),
        options=tuple((str(score), words.words) for score, words in enumerate(replies.SCORES, 1)),
    )
    say = Reply(replies.SCORE, question.buttons)
    return Turn(replace(talk.state, question=question), (accepted,), (say,))


def _rated(state: State, tracking: int, score: int) -> Turn:
    return said(state.answered(), replies.SCORED, actions=(Rate(tracking, score),))


def _refuse(talk: Talk, tracking: int, reason: str) -> Turn:
    """Without a reason nobody could do better: it is asked for once."""
    if reason.strip():
        return _reopen(talk, tracking, reason.strip())
    question = Question(asks=Asks.REASON, tracking=tracking, at=talk.message.at.isoformat())
    return said(replace(talk.state, question=question), replies.WHY)


def _reopen(talk: Talk, tracking: int, reason: str) -> Turn:
    return Turn(talk.state.answered(), (Reopen(tracking, reason),))
