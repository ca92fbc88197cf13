"""The conversation as a pure function: what a person said, where we stood -> what we do and say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bots import replies
from bots.asking import answer_of, which_case
from bots.language import joined, languages, named
from bots.linking import begin, confirm, unlink
from bots.manners import small_talk
from bots.routing import Missing
from bots.state import (
    Asks,
    Case,
    Extend,
    File,
    FollowUp,
    Half,
    Hide,
    Limits,
    Message,
    Notices,
    Question,
    Speak,
    State,
    Turn,
    Withdraw,
    recent,
    said,
)
from bots.survey import judged
from bots.talk import Talk
from parsers.understanding import Command, Kind, Verb
from store.models import Privacy

PRIVACY = {
    Verb.ANONYMOUS: Privacy.ANONYMOUS,
    Verb.CONFIDENTIAL: Privacy.CONFIDENTIAL,
    Verb.PUBLIC: Privacy.PUBLIC,
}
SHOWN = 3  # complaints that STATUS lists
FEW = 4  # words of which a person should read what has no class
SHORT = 14  # words that may be no more than an addition
LONGEST = 4_000  # characters of unclear messages that are kept for the next one


def step(state: State, message: Message, cases: Sequence[Case], limits: Limits) -> Turn:
    """Decide one turn. Every message gets an answer, and no word of a complaint is dropped."""
    talk = Talk(state, message, cases, limits)
    return next(turn for rule in RULES if (turn := rule(talk)))


def _opted_out(talk: Talk) -> Turn | None:
    """The provider has already answered STOP, START or HELP and blocks what we would add."""
    if not talk.message.opt_out:
        return None
    word = talk.message.opt_out.upper()
    switch = {"STOP": Notices(on=False), "START": Notices(on=True)}.get(word)
    return Turn(talk.state, (switch,) if switch else ())


def _edited(talk: Talk) -> Turn | None:
    """A complaint that was corrected at once is read anew; later a correction is an addition.

    Telegram sends an edit also where no word changed, such as at a reaction.
    """
    state, message = talk.state, talk.message
    if not message.edit or not state.tracking:
        return None
    if message.digest == state.digest:
        return Turn(state)
    tracking = talk.fresh(talk.limits.undo)
    if tracking and message.about == tracking:
        after = replace(state, digest=message.digest)
        return Turn(after, (Extend(tracking, how=Half.INSTEAD),))
    return _add(state, message.about or state.tracking, message.text)


def _commanded(talk: Talk) -> Turn | None:
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


def _speak(state: State, wanted: str) -> Turn:
    known = languages()
    code = named(wanted)
    actions = (Speak(code),) if code in known else ()
    return said(state, replies.speaks(code, known), actions=actions)


def _asked_status(talk: Talk) -> Turn | None:
    seen = talk.message.seen
    if seen.kind is not Kind.STATUS_QUERY:
        return None
    about = str(talk.message.about or "")
    return _status(talk, seen.tracking[0] if seen.tracking else about)


def _status(talk: Talk, tracking: str) -> Turn:
    """The newest own cases, the open ones first; of others only what is public."""
    state = talk.state
    if not tracking:
        mine = sorted((case for case in talk.cases if case.mine), key=lambda case: not case.open)
        lines = [case.line for case in mine[:SHOWN] if case.line]
        return said(state, joined(*lines) if lines else replies.NO_CASE)
    case = talk.case(tracking, mine=False)
    if case is None:
        return said(state, replies.unknown_number(tracking))
    public = replies.public_status(case.tracking, case.status, case.privacy)
    return said(state, case.line if case.mine and case.line else public)


def _cancel(talk: Talk, command: Command) -> Turn:
    state = talk.state
    case = talk.case(command.tracking or str(state.tracking or ""))
    fresh = case is not None and talk.message.at - case.created_at <= talk.limits.undo
    if case is None or not fresh or not case.open:
        return said(state, replies.NOTHING_TO_UNDO)
    after = State(area=state.area, link=state.link)
    return said(after, replies.withdrawn(case.tracking), actions=(Withdraw(case.tracking),))


def _reply(talk: Talk, command: Command) -> Turn:
    state = talk.state
    number = command.tracking or str(talk.message.about or state.tracking or "")
    case = talk.case(number, mine=False)
    if case is None:
        return said(state, replies.unknown_number(number) if number else replies.NO_CASE)
    if not case.mine:
        secret = case.privacy == Privacy.CONFIDENTIAL
        unknown = replies.unknown_number(number)
        return said(state, unknown if secret else replies.not_yours(case.tracking))
    if not command.text:
        return said(state, replies.reply_what(case.tracking))
    return _add(state, case.tracking, command.text)


def _hide(talk: Talk, command: Command) -> Turn:
    """After a complaint it is about that one, before it about the next."""
    state, privacy = talk.state, PRIVACY[command.verb]
    number = command.tracking or str(talk.message.about or state.tracking or "")
    case = talk.case(number)
    if case and (
        command.tracking or recent(state.digest_at, talk.message.at, talk.limits.conversation)
    ):
        done = Hide(case.tracking, privacy)
        return said(state, replies.hidden(case.tracking, privacy), actions=(done,))
    if command.tracking:
        return said(state, replies.unknown_number(command.tracking))
    if privacy is Privacy.PUBLIC:
        return said(replace(state, privacy=""), replies.GREETING)
    secret = privacy is Privacy.CONFIDENTIAL
    after = replace(state, privacy=privacy.value)
    return said(after, replies.SECRET_NEXT if secret else replies.ANONYMOUS_NEXT)


def _add(state: State, tracking: int, text: str) -> Turn:
    return said(state, replies.added(tracking), actions=(FollowUp(tracking, text),))


def _wordless(talk: Talk) -> Turn | None:
    """A photo, a pin or nothing at all."""
    state, message = talk.state, talk.message
    if message.text.strip():
        return None
    if message.album and message.album == state.album:
        return _same_album(talk)
    state = replace(state, album=message.album)
    if message.location:
        pin = (message.location.lat, message.location.lon)
        return said(replace(state, pin=pin), replies.PIN_ALONE)
    if message.media and (tracking := message.about or talk.fresh(talk.limits.undo)):
        return _add(state, tracking, "")
    if message.media:
        loose = (*state.loose, message.inbox_id)[-10:]
        return said(replace(state, loose=loose), replies.MEDIA_ALONE)
    return said(state, replies.EMPTY)


def _same_album(talk: Talk) -> Turn:
    """The photos of an album come as a message each; the first was answered for all."""
    state, message = talk.state, talk.message
    if tracking := talk.fresh(talk.limits.undo):
        return Turn(state, (FollowUp(tracking, ""),))
    return Turn(replace(state, loose=(*state.loose, message.inbox_id)[-10:]))


def _quoted(talk: Talk) -> Turn | None:
    """A reply to a message of ours, or a sentence with the number of a case, is about that case."""
    seen = talk.message.seen
    case = talk.case(str(talk.message.about or ""))
    if case is None and seen.kind is Kind.FOLLOW_UP:
        case = next((found for number in seen.tracking if (found := talk.case(number))), None)
    polite = seen.kind in (Kind.THANKS, Kind.GREETING)
    return _add(talk.state, case.tracking, talk.message.text) if case and not polite else None


def _second_half(talk: Talk) -> Turn | None:
    """Two messages in a row are one thought unless both are a matter of their own."""
    state, message = talk.state, talk.message
    tracking = talk.fresh(talk.limits.together)
    if not tracking or message.digest == state.digest or not talk.goes_on(tracking):
        return None
    first = message.part is not None and message.part[0] == 1
    after = replace(state, digest_at=message.at.isoformat())
    return Turn(after, (Extend(tracking, Half.BEFORE if first else Half.AFTER),))


def _continued(talk: Talk) -> Turn | None:
    """Words without a matter of their own, while a complaint of this person is open."""
    seen, state = talk.message.seen, talk.state
    tracking = talk.fresh(talk.limits.conversation)
    if not tracking or seen.kind not in (Kind.FOLLOW_UP, Kind.OTHER, Kind.COMPLAINT):
        return None
    if len(talk.message.text.split()) > SHORT or talk.message.digest == state.digest:
        return None
    open_ = [case for case in talk.cases if case.mine and case.open]
    if seen.kind is Kind.FOLLOW_UP and len(open_) > 1:
        return which_case(talk, open_)
    return (
        _add(state, tracking, talk.message.text) if talk.goes_on(tracking, closely=True) else None
    )


def _unclear(talk: Talk) -> Turn | None:
    """Words that tell of nothing yet are kept for the next message; a photo may have said it."""
    state, message = talk.state, talk.message
    seen = message.seen
    telling = bool(seen.categories or seen.agencies) or len(message.text.split()) >= FEW
    if seen.kind is not Kind.OTHER or telling or state.words:
        return None
    loose = (*state.loose, message.inbox_id)[-10:]
    return said(replace(state, loose=loose, words=message.text[:LONGEST]), replies.UNCLEAR)


def _repeated(talk: Talk) -> Turn | None:
    state, message = talk.state, talk.message
    same = message.digest == state.digest and recent(
        state.digest_at, message.at, talk.limits.repeat
    )
    return said(state, replies.repeated(state.tracking)) if state.tracking and same else None


def _new(talk: Talk) -> Turn:
    """A matter of its own."""
    state, message = talk.state, talk.message
    filed = File(
        emergency=message.seen.kind is Kind.EMERGENCY,
        inbox_ids=state.loose,
        words=state.words,
        pin=state.pin,
        privacy=message.privacy or state.privacy,
    )
    after = State(
        area=state.area,
        link=state.link,
        digest=message.digest,
        digest_at=message.at.isoformat(),
        codes=state.codes,
        codes_on=state.codes_on,
        album=message.album,
    )
    return Turn(after, (filed,))


Rule = Callable[[Talk], Turn | None]
RULES: tuple[Rule, ...] = (  # the first that has something to say decides
    _opted_out,
    _edited,
    confirm,
    answer_of,
    _commanded,
    _asked_status,
    _wordless,
    _quoted,
    _repeated,
    small_talk,
    _second_half,
    _continued,
    _unclear,
    _new,
)


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

    def ask(asks: Asks, options: tuple[tuple[str, str], ...] = ()) -> Question:
        return Question(
            asks=asks,
            tracking=filed.tracking,
            at=at.isoformat(),
            options=options,
            times=state.asked + 1,
        )

    match filed:
        case Filed(missing=Missing.PLACE, places=[_, _, *_] as places):
            return ask(Asks.WHICH_PLACE, tuple(places))
        case Filed(missing=Missing.PLACE):
            return ask(Asks.PLACE)
        case Filed(missing=Missing.DESK, categories=[_, _, *_] as categories):
            return ask(Asks.CATEGORY, tuple(categories))
        case Filed(missing=Missing.DESK, agencies=[_, _, *_] as agencies):
            return ask(Asks.AGENCY, tuple(agencies))
    return None
