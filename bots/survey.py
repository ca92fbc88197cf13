"""After an agency's answer: is it solved, how well, and if not why. A rating is never invented."""

import re
from dataclasses import replace

from bots import replies
from bots.state import Accept, Asks, Case, Question, Rate, Reopen, Reply, State, Turn, said
from bots.talk import Talk
from parsers.choice import chosen
from parsers.understanding import Command, Kind, Verb
from store.models import ComplaintStatus

SATISFIED, UNSATISFIED = "puas", "belum"
SCORES = ("1", "2", "3", "4", "5")
SCORE = re.compile(r"\W*(?:nilai|bintang|skor|rating)?\W*([1-5])(?:\s*/\s*5)?\W*", re.IGNORECASE)
YES = ("puas", "sudah", "sdh", "udah", "selesai", "beres", "ya", "iya", "sip", "ok", "oke", "yes")
NO = ("belum", "blm", "tidak", "tdk", "gak", "ga", "nggak", "kurang", "kecewa", "masih", "no")
JUDGED = (ComplaintStatus.ANSWERED, ComplaintStatus.CLOSED)


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


def survey_answer(talk: Talk, question: Question, pressed: str = "") -> Turn | None:
    """What a message says to a question of ours about an answered case; None if nothing."""
    text = pressed or talk.message.text
    if question.asks is Asks.SATISFIED:
        return _verdict(talk, question, text)
    if question.asks is Asks.SCORE:
        score = SCORE.fullmatch(text)
        return _rated(talk.state, question.tracking, int(score[1])) if score else None
    if talk.message.seen.command or talk.message.seen.kind is Kind.THANKS or not text.strip():
        return None
    return _reopen(talk, question.tracking, text)


def _verdict(talk: Talk, question: Question, text: str) -> Turn | None:
    first, _, rest = text.strip().partition(" ")
    word = first.casefold().strip(".,!:;-")
    place = chosen(text, [label for _, label in question.options])
    if word in NO or place == 1:
        return _refuse(talk, question.tracking, rest if word in NO else "")
    if place == 0 or (word in YES and not _complains(rest)):
        return _accept(talk, question.tracking, rest)
    return None


def _complains(rest: str) -> bool:
    return any(word.strip(".,!") in NO for word in rest.casefold().split())


def _answered(talk: Talk, tracking: str) -> Case | None:
    """The case that may be judged: the one named or quoted, else the newest answered one."""
    number = tracking or str(talk.message.about or "")
    if number:
        case = talk.case(number)
        return case if case and case.status in JUDGED else None
    newest = (case for case in talk.cases if case.mine and case.status == ComplaintStatus.ANSWERED)
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
        options=tuple((value, value) for value in SCORES),
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
