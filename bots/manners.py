"""Greetings, thanks, pranks, insults, spam: answered politely and shortly, then no more."""

from dataclasses import replace

from bots import replies
from bots.language import Sentence
from bots.state import State, recent
from bots.talk import Talk
from bots.turn import Turn, said
from parsers.abuse import insults
from parsers.understanding import Kind

ANSWERED = {Kind.GREETING: replies.GREETING, Kind.THANKS: replies.THANKS, Kind.SPAM: replies.SPAM}
PATIENCE = 2  # answers in a row; the third gets silence
FEW = 6  # words of which a person should read what has no class
NOTHING = 4  # words of which the second in a row is no complaint either
TELLING = 50.0  # score of a category that an insult really complains about
LONGEST = 4_000  # characters of unclear messages that are kept for the next one


def small_talk(talk: Talk) -> Turn | None:
    """No complaint is made of it, and it stands in the way of none."""
    answer = ANSWERED.get(talk.message.seen.kind)
    return _told(talk, talk.state, answer) if answer else None


def unclear(talk: Talk) -> Turn | None:
    """Words that tell of nothing yet are kept for the next message; a photo may have said it."""
    state = talk.state
    if _insulting(talk):
        return _told(talk, kept(talk), replies.CALM)
    kind = talk.message.seen.kind
    first = kind is Kind.COMPLAINT and not state.words  # the second is filed: nobody is kept out
    if not (first or kind is Kind.OTHER) or _telling(talk):
        return None
    return _told(talk, state if state.words else kept(talk), replies.UNCLEAR)


def kept(talk: Talk) -> State:
    """Remember the message until the complaint that it belongs to is told."""
    state, message = talk.state, talk.message
    words = "\n".join(part for part in (state.words, message.text.strip()) if part)
    return replace(
        state,
        loose=(*state.loose, message.inbox_id)[-10:],
        words=words[-LONGEST:],
        kept_at=message.at.isoformat(),
    )


def _told(talk: Talk, state: State, answer: Sentence) -> Turn:
    idle = state.idle if recent(state.idle_at, talk.message.at, talk.limits.idle) else 0
    after = replace(state, idle=idle + 1, idle_at=talk.message.at.isoformat())
    return said(after, *([answer] if idle < PATIENCE else []))


def _telling(talk: Talk) -> bool:
    seen = talk.message.seen
    if talk.topic or seen.settled or seen.address:
        return True
    enough = NOTHING if talk.state.words else FEW
    return len(talk.message.text.split()) >= enough


def _insulting(talk: Talk) -> bool:
    seen = talk.message.seen
    told = seen.settled or seen.address or (seen.category and seen.category.score >= TELLING)
    return not told and insults((seen.normalised or talk.message.text.casefold()).split())
