"""How a reply reads on Telegram: as HTML, and in as many messages as it needs."""

import html
import re

LONGEST = 4096  # "after entities parsing", https://core.telegram.org/bots/api#sendmessage
NUMBER = re.compile(r"\b(Laporan|Report) ([0-9]{7})\b", re.ASCII)
COMMAND = re.compile(r"\b[A-Z]{3,10} [0-9]{7}\b", re.ASCII)


def html_of(text: str) -> str:
    """Escape everything, then set tracking numbers bold and make commands copied by a tap."""
    escaped = html.escape(text, quote=False)  # "all <, > and & that are not a part of a tag"
    return COMMAND.sub(r"<code>\g<0></code>", NUMBER.sub(r"\1 <b>\2</b>", escaped))


def pieces(text: str) -> list[str]:
    """Cut after a line, else between words, else anywhere; no word is lost."""
    found, rest = [], text.strip()
    while (end := _fitting(rest)) < len(rest):
        cut = _border(rest, end)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, rest]


def _fitting(text: str) -> int:
    """How many characters fit one message; an emoji counts two, as in Telegram's own offsets."""
    units = text.encode("utf-16-le")
    return len(units[: 2 * LONGEST].decode("utf-16-le", "ignore"))


def _border(text: str, end: int) -> int:
    head = text[: end + 1]  # the blank after a word that just fits is a border too
    line, blank = head.rfind("\n", end // 2), max(head.rfind(" "), head.rfind("\n"))
    return next((cut for cut in (line, blank) if cut > 0), end)
