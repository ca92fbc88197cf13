"""What a command word does, and questions after a complaint in any words."""

from dataclasses import replace

from bots import replies
from bots.actions import Hide, Notices, Speak, Withdraw
from bots.language import Sentence, joined, languages, named
from bots.linking import begin, unlink
from bots.manners import kept
from bots.state import State, recent
from bots.survey import judged
from bots.talk import Talk
from bots.turn import Turn, added, said
from parsers.understanding import Command, Kind, Verb
from store.models import Privacy

PRIVACY = {
    Verb.ANONYMOUS: Privacy.ANONYMOUS,
    Verb.CONFIDENTIAL: Privacy.CONFIDENTIAL,
    Verb.PUBLIC: Privacy.PUBLIC,
}
SHOWN = 3  # complaints that STATUS lists
ROOM = 306  # characters that they may take: two SMS


def commanded(talk: Talk) -> Turn | None:
    """What a command word does."""
    command = talk.message.seen.command
    if command is None:
        return None
    state = talk.state
    match command.verb:
        case Verb.STATUS:
            return _status(talk, command.tracking)
        case Verb.HELP:
            return said(state, replies.HELP)
        case Verb.STOP:
            return said(state, replies.STOPPED, actions=(Notices(on=False),))
        case Verb.START:
            return said(state, replies.STARTED, actions=(Notices(on=True),))
        case Verb.CANCEL:
            return _cancel(talk, command)
        case Verb.REPLY:
            return _reply(talk, command)
        case Verb.ANONYMOUS | Verb.CONFIDENTIAL | Verb.PUBLIC:
            return _hide(talk, command)
        case Verb.SATISFIED | Verb.UNSATISFIED:
            return judged(talk, command)
        case Verb.LANGUAGE:
            return _speak(state, command.text)
        case Verb.LINK:
            return begin(talk, command.text)
        case Verb.UNLINK:
            return unlink(talk)


def asked_status(talk: Talk) -> Turn | None:
    """A question after a complaint, in any words."""
    seen = talk.message.seen
    if seen.kind is not Kind.STATUS_QUERY:
        return None
    about = str(talk.message.about or "")
    return _status(talk, seen.tracking[0] if seen.tracking else about)


def not_theirs(talk: Talk, number: str) -> Sentence:
    """Nobody else adds to a complaint; a secret one does not exist for others."""
    case = talk.case(number, mine=False)
    if case is None or case.privacy == Privacy.CONFIDENTIAL:
        return replies.unknown_number(number)
    return replies.not_yours(case.tracking)


def _status(talk: Talk, tracking: str) -> Turn:
    """The newest own cases, the open ones first; of others only what is public."""
    if not tracking:
        return said(talk.state, _newest(talk))
    case = talk.case(tracking, mine=False)
    if case is None:
        return said(talk.state, replies.unknown_number(tracking))
    public = replies.public_status(case.tracking, case.status, case.privacy)
    return said(talk.state, case.line if case.mine and case.line else public)


def _newest(talk: Talk) -> Sentence:
    """As many lines as two SMS hold."""
    mine = sorted((case for case in talk.cases if case.mine), key=lambda case: not case.open)
    lines = [case.line for case in mine[:SHOWN] if case.line]
    while len(lines) > 1 and len(joined(*lines).say()) > ROOM:
        lines.pop()
    return joined(*lines) if lines else replies.NO_CASE


def _cancel(talk: Talk, command: Command) -> Turn:
    state = talk.state
    case = talk.case(command.tracking or str(talk.message.about or state.tracking or ""))
    fresh = case is not None and talk.message.at - case.created_at <= talk.limits.undo
    if case is None or not fresh or not case.open:
        return said(state, replies.NOTHING_TO_UNDO)
    if case.tracking == state.tracking:
        state = replace(state, tracking=None, asked=0, digest="", digest_at="")
    if state.question and state.question.tracking == case.tracking:
        state = state.answered()
    return said(state, replies.withdrawn(case.tracking), actions=(Withdraw(case.tracking),))


def _reply(talk: Talk, command: Command) -> Turn:
    state = talk.state
    number = command.tracking or str(talk.message.about or state.tracking or "")
    if not number:
        return said(kept(talk) if command.text else state, replies.NO_CASE)
    case = talk.case(number)
    if case is None:
        return said(kept(talk), not_theirs(talk, number))
    if not command.text:
        return said(state, replies.reply_what(case.tracking))
    return added(state, case.tracking, command.text)


def _hide(talk: Talk, command: Command) -> Turn:
    """After a complaint it is about that one, before it about the next."""
    state, privacy = talk.state, PRIVACY[command.verb]
    number = command.tracking or str(talk.message.about or state.tracking or "")
    case = talk.case(number)
    lately = recent(state.digest_at, talk.message.at, talk.limits.conversation)
    if case and (command.tracking or talk.message.about or lately):
        return Turn(state, (Hide(case.tracking, privacy),))
    if command.tracking:
        return said(state, replies.unknown_number(command.tracking))
    after = replace(state, privacy=privacy.value, kept_at=talk.message.at.isoformat())
    return said(after, replies.NEXT_IS[privacy])


def _speak(state: State, wanted: str) -> Turn:
    known = languages()
    code = named(wanted)
    actions = (Speak(code),) if code in known else ()
    return said(state, replies.speaks(code, known), actions=actions)
