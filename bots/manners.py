"""Greetings, thanks, pranks and spam: answered politely and shortly, then no more."""

from dataclasses import replace

from bots import replies
from bots.language import Sentence
from bots.state import Turn, recent, said
from bots.talk import Talk
from parsers.understanding import Kind

ANSWERED = {Kind.GREETING: replies.GREETING, Kind.THANKS: replies.THANKS, Kind.SPAM: replies.SPAM}
PATIENCE = 2  # answers in a row; the third gets silence


def small_talk(talk: Talk) -> Turn | None:
    """No complaint is made of it, and it stands in the way of none."""
    answer = _answer(talk)
    if answer is None:
        return None
    idle = talk.state.idle if recent(talk.state.idle_at, talk.message.at, talk.limits.idle) else 0
    after = replace(talk.state, idle=idle + 1, idle_at=talk.message.at.isoformat())
    return said(after, *([answer] if idle < PATIENCE else []))


def _answer(talk: Talk) -> Sentence | None:
    kind = talk.message.seen.kind
    prank = kind is Kind.OTHER and bool(talk.state.words) and _nothing(talk)
    return replies.UNCLEAR if prank else ANSWERED.get(kind)


def _nothing(talk: Talk) -> bool:
    """Again no word that tells of anything."""
    seen = talk.message.seen
    told = seen.categories or seen.agencies or seen.settled or seen.address
    return not told and len(talk.message.text.split()) < 4
