"""Replies for channels that show only text."""

from collections.abc import Sequence

from gateway.channels.gsm7 import LONGEST, downgrade, parts, segments
from parsers.messages import Button


def numbered(text: str, buttons: Sequence[Button]) -> str:
    """The text with its choices, one a line: a line break costs an SMS no more than a blank."""
    choices = (f"{number}. {button.label}" for number, button in enumerate(buttons, 1))
    return "\n".join((text, *choices))


def as_sms(text: str, buttons: Sequence[Button] = (), *, longest: int = LONGEST) -> list[str]:
    """The messages of at most so many segments that a reply is on a phone without data."""
    return parts(downgrade(numbered(text, buttons)), longest, size=segments)


def charged(text: str, *, longest: int = LONGEST) -> int:
    """The segments that an operator charges for it."""
    return sum(map(segments, as_sms(text, longest=longest)))


def shortened(label: str, longest: int) -> str:
    """The label in at most `longest` characters, cut at a word if it has more than one."""
    if len(label) <= longest:
        return label
    words = label[: longest - 2].rpartition(" ")[0].rstrip(" ,;:-(")
    return (words or label[: longest - 3]) + "..."
