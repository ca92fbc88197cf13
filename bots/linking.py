"""One person on several channels: proved by a code that went to the other one, never guessed."""

import hashlib
import hmac
import re
from dataclasses import replace

from bots import replies
from bots.actions import Join, Part, SendCode
from bots.state import Link, State, recent
from bots.talk import Talk
from bots.turn import Turn, said

CODE = re.compile(r"\D{0,12}(\d{6})\D{0,3}")
TRIES = 5
PER_DAY = 3  # codes that one conversation may have sent: strangers' phones must not be rung


def begin(talk: Talk, number: str) -> Turn:
    """HUBUNGKAN with a number; the code is drawn and sent where chance is allowed."""
    if not number:
        return said(talk.state, replies.CODE_NUMBER)
    today = talk.message.at.date().isoformat()
    sent = talk.state.codes if talk.state.codes_on == today else 0
    if sent >= PER_DAY:
        return said(talk.state, replies.CODE_ENOUGH)
    after = replace(talk.state, codes=sent + 1, codes_on=today)
    return Turn(after, (SendCode(number),))


def confirm(talk: Talk) -> Turn | None:
    """Six digits while we wait for a code; tried too often or too late they are worth nothing."""
    link, found = talk.state.link, CODE.fullmatch(talk.message.text)
    if link is None or found is None:
        return None
    good = recent(link.at, talk.message.at, talk.limits.code) and link.tries < TRIES
    if good and hmac.compare_digest(digest(found[1], link), link.digest):
        joined = Join(link.channel, link.sender)
        return said(replace(talk.state, link=None), replies.LINKED, actions=(joined,))
    tried = replace(link, tries=link.tries + 1)
    return said(replace(talk.state, link=tried if good else None), replies.CODE_WRONG)


def unlink(talk: Talk) -> Turn:
    return Turn(talk.state, (Part(),))


def digest(code: str, link: Link) -> str:
    """What is remembered of a code: enough to know it again, too little to read it."""
    return hashlib.sha256(f"{code}|{link.channel}|{link.sender}|{link.at}".encode()).hexdigest()


def waiting(state: State, link: Link, code: str) -> State:
    return replace(state, link=replace(link, digest=digest(code, link)))
