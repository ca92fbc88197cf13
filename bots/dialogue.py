"""The conversation as a pure function: what a person said, where we stood -> what we do and say."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bots import replies
from bots.actions import Extend, File, FollowUp, Half, Notices, Place
from bots.asking import answer_of, which_case
from bots.commands import asked_status, commanded, not_theirs
from bots.linking import confirm
from bots.manners import kept, small_talk, unclear
from bots.state import Asks, Case, Limits, Message, State, recent
from bots.talk import Talk
from bots.turn import Turn, added, said
from parsers.understanding import Kind
from store.models import ComplaintStatus

PENDING = (ComplaintStatus.TRIAGE, ComplaintStatus.DISPOSED)  # nobody works at it yet
SHORT = 14  # words that may be no more than an addition


def step(state: State, message: Message, cases: Sequence[Case], limits: Limits) -> Turn:
    """Decide one turn. No word of a complaint is dropped, and none is answered twice."""
    if state.kept_at and not recent(state.kept_at, message.at, limits.conversation):
        state = replace(state, loose=(), words="", pin=None, privacy="", kept_at="")
    talk = Talk(state, message, cases, limits)
    return next(turn for rule in RULES if (turn := rule(talk)))


def opted_out(talk: Talk) -> Turn | None:
    """The provider has already answered STOP, START or HELP and blocks what we would add."""
    if not talk.message.opt_out:
        return None
    word = talk.message.opt_out.upper()
    switch = {"STOP": Notices(on=False), "START": Notices(on=True)}.get(word)
    return Turn(talk.state, (switch,) if switch else ())


def edited(talk: Talk) -> Turn | None:
    """A complaint that was corrected at once is read anew; later a correction is an addition.

    Telegram sends an edit also where no word changed, such as at a reaction.
    """
    state, message = talk.state, talk.message
    if not message.edit or not state.tracking:
        return None
    if message.unchanged or message.digest == state.digest:
        return Turn(state)
    tracking = talk.fresh(talk.limits.undo)
    case = talk.case(tracking) if tracking and message.about == tracking else None
    if tracking and case and case.status in PENDING:
        after = replace(state, digest=message.digest)
        return Turn(after, (Extend(tracking, how=Half.INSTEAD),))
    return added(state, message.about or state.tracking, message.text)


def repeated(talk: Talk) -> Turn | None:
    """The very words of the newest complaint once more: impatience, or a network that stutters."""
    state, message = talk.state, talk.message
    same = message.digest == state.digest and message.text.strip()
    lately = recent(state.digest_at, message.at, talk.limits.repeat)
    return (
        said(state, replies.repeated(state.tracking))
        if state.tracking and same and lately
        else None
    )


def filled_in(talk: Talk) -> Turn | None:
    """A form is a matter of its own, whatever its words sound like: it answers no question."""
    return new(talk) if talk.message.form else None


def wordless(talk: Talk) -> Turn | None:
    """A photo, a pin or nothing at all."""
    state, message = talk.state, talk.message
    if message.text.strip():
        return None
    if message.album and message.album == state.album:
        return _same_album(talk)
    state = replace(state, album=message.album)
    tracking = message.about or talk.fresh(talk.limits.undo)
    if message.location and tracking and talk.case(tracking):
        return Turn(state, (Place(tracking),))
    if message.location:
        pin = (message.location.lat, message.location.lon)
        return said(replace(state, pin=pin, kept_at=message.at.isoformat()), replies.PIN_ALONE)
    if message.media and tracking:
        return added(state, tracking, "")
    if message.media:
        return said(replace(kept(talk), album=message.album), replies.MEDIA_ALONE)
    return said(state, replies.EMPTY)


def _same_album(talk: Talk) -> Turn:
    """The photos of an album come as a message each; the first was answered for all."""
    if tracking := talk.fresh(talk.limits.undo):
        return Turn(talk.state, (FollowUp(tracking, ""),))
    return Turn(kept(talk))


def quoted(talk: Talk) -> Turn | None:
    """A reply to a message of ours, or a sentence with the number of a case, is about that case."""
    seen = talk.message.seen
    if seen.kind in (Kind.THANKS, Kind.GREETING):
        return None
    case = talk.case(talk.message.about or "")
    numbers = seen.tracking if seen.kind is Kind.FOLLOW_UP else ()
    case = case or next((found for number in numbers if (found := talk.case(number))), None)
    if case:
        return added(talk.state, case.tracking, talk.message.text)
    if numbers and not (seen.category and seen.category.sure):
        return said(kept(talk), not_theirs(talk, numbers[0]))
    return None


def second_half(talk: Talk) -> Turn | None:
    """Two messages in a row are one thought unless both are a matter of their own."""
    state, message = talk.state, talk.message
    tracking = talk.fresh(talk.limits.together)
    first = message.part is not None and message.part[0] == 1
    rest = message.part is not None and not first
    if not tracking or not (rest or talk.goes_on(talk.case(tracking))):
        return None
    after = replace(state, digest_at=message.at.isoformat())
    return Turn(after, (Extend(tracking, Half.BEFORE if first else Half.AFTER),))


def continued(talk: Talk) -> Turn | None:
    """Words without a matter of their own, while a complaint of this person is open."""
    seen = talk.message.seen
    tracking = talk.fresh(talk.limits.conversation)
    if not tracking or seen.kind not in (Kind.FOLLOW_UP, Kind.OTHER, Kind.COMPLAINT):
        return None
    if len(talk.message.text.split()) > SHORT:
        return None
    fitting = [case for case in talk.open if talk.goes_on(case, closely=True)]
    best = talk.topic
    if best and (same := [c for c in fitting if c.category == best.code]):
        fitting = same
    if len(fitting) > 1 and talk.question is None:
        return which_case(talk, fitting)
    return added(talk.state, fitting[0].tracking, talk.message.text) if fitting else None


def new(talk: Talk) -> Turn:
    """A matter of its own."""
    state, message = talk.state, talk.message
    of_officers = (Asks.SATISFIED, Asks.DETAILS)  # these stand until their case moves on
    stands = state.question is not None and state.question.asks in of_officers
    filed = File(
        emergency=message.seen.kind is Kind.EMERGENCY,
        inbox_ids=state.loose,
        words=state.words,
        pin=state.pin,
        privacy=message.privacy or state.privacy,
    )
    after = State(
        question=state.question if stands else None,
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
    opted_out,
    edited,
    confirm,
    repeated,
    filled_in,
    answer_of,
    commanded,
    asked_status,
    wordless,
    quoted,
    small_talk,
    second_half,
    continued,
    unclear,
    new,
)
