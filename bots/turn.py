"""What one message leads to: the new state, what to do, and what to say."""

from collections.abc import Sequence
from dataclasses import dataclass

from bots import replies
from bots.actions import Action, FollowUp
from bots.language import Sentence
from bots.state import State
from parsers.messages import Button


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person is told, with what may be pressed to answer."""

    sentence: Sentence
    buttons: tuple[Button, ...] = ()
    ask_location: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """The new state, what to do, and what to say besides what the actions say themselves."""

    state: State
    actions: tuple[Action, ...] = ()
    say: tuple[Reply, ...] = ()


def said(state: State, *sentences: Sentence, actions: Sequence[Action] = ()) -> Turn:
    return Turn(state, tuple(actions), tuple(Reply(sentence) for sentence in sentences))


def added(state: State, tracking: int, text: str, *, inbox_id: int = 0) -> Turn:
    """The message goes to the history of a complaint."""
    return said(state, replies.added(tracking), actions=(FollowUp(tracking, text, inbox_id),))
