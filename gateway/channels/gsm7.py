"""SMS as operators count and charge it: alphabets, segments, and texts that stay in the cheap one.

3GPP TS 23.038 6.2.1 (the 7-bit alphabet and its extension table), TS 23.040 9.2.3.24 (the header
that joins segments takes 7 septets, or 3 units of UCS-2, of each).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import count

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"  # an escape goes before each: two septets, never parted
ALPHABET = frozenset(BASIC + EXTENSION)
SEPTETS, SEPTETS_OF_PART = 160, 153
UNITS, UNITS_OF_PART = 70, 67
LONGEST = 10  # segments that operators join without fail; a longer text goes as several messages

# What looks like a character of the alphabet. Letters with accents are taken apart by Unicode.
LOOKALIKES = str.maketrans(
    dict.fromkeys("‘’‚‛ʻʼʹ´`′", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("\u200b\u200c\u2060\ufeff\u00ad", "")
    | {"…": "...", "•": "-", "·": "-", "×": "x", "\t": " ", "⁄": "/", "đ": "d", "Đ": "D"}
    | {"ł": "l", "Ł": "L", "ı": "i", "œ": "oe", "Œ": "OE", "ð": "d", "þ": "th"}
    | {"½": " 1/2", "¼": " 1/4", "¾": " 3/4"}
)
PICTURES = ("So", "Sk", "Co", "Cn")  # Unicode's categories of emoji, and of those to come
INVISIBLE = ("Mn", "Me", "Cf", "Cc", "Cs")  # what joins, colours or accents
REMOVED = "\0"
# A number stays whole, also where it is written in groups: 0812 0000 0101.
WORD = re.compile(r"\S+(?:(?<=\d) (?=\d)\S+)*")


def is_gsm7(text: str) -> bool:
    return ALPHABET.issuperset(text)


def segments(text: str) -> int:
    """How many SMS are charged for the text; an empty one is one as well."""
    if is_gsm7(text):
        return _counted((2 if mark in EXTENSION else 1 for mark in text), SEPTETS, SEPTETS_OF_PART)
    return _counted((2 if ord(mark) > 0xFFFF else 1 for mark in text), UNITS, UNITS_OF_PART)


def _counted(sizes: Iterable[int], single: int, part: int) -> int:
    """What counts two is never split: it leaves the last place of a segment empty."""
    needed = list(sizes)
    if sum(needed) <= single:
        return 1
    number, used = 1, 0
    for size in needed:
        if used + size > part:
            number, used = number + 1, 0
        used += size
    return number


def downgrade(text: str) -> str:
    """The same words in the 7-bit alphabet; as it was where other letters need UCS-2 anyway.

    No library: those that write every script in ASCII would also rewrite names in other letters.
    """
    if is_gsm7(text):
        return text
    composed = unicodedata.normalize("NFC", text).translate(LOOKALIKES)
    plain = _without_pictures("".join(map(_nearest, composed)))
    return plain if plain.strip() and is_gsm7(plain) else text


def _nearest(mark: str) -> str:
    if mark in ALPHABET:
        return mark
    if mark.isspace():
        return "\n" if mark in "\u2028\u2029\v\x85" else " "
    base = "".join(part for part in unicodedata.normalize("NFKD", mark) if part in ALPHABET)
    if base:
        return base
    category = unicodedata.category(mark)
    if category in INVISIBLE:
        return ""
    return REMOVED if category in PICTURES else mark


def _without_pictures(text: str) -> str:
    """Leave no gap where a picture was, and join no two words that only it kept apart."""
    text = re.sub(rf"(?<=\w){REMOVED}+(?=\w)", " ", text)
    return re.sub(rf"(?m)^{REMOVED}[{REMOVED} ]*| ?{REMOVED}+", "", text)


def parts(text: str, limit: int, size: Callable[[str], int] = len) -> list[str]:
    """The text in messages of at most `limit`, marked (1/2), that end between words.

    With `size=segments` the limit is in SMS: 1 for bearers that join nothing.
    """
    if size(text) <= limit:
        return [text]
    for digits in count(1):
        total = "9" * digits
        pieces = list(_cut(text.strip(), lambda piece: size(piece) <= limit, total))
        if len(pieces) <= int(total):
            break
    return [f"({number}/{len(pieces)}) {piece}" for number, piece in enumerate(pieces, 1)]


def _cut(rest: str, fits: Callable[[str], bool], total: str) -> Iterator[str]:
    for number in count(1):
        end = _last_end(rest, f"({number}/{total}) ", fits)
        yield rest[:end].rstrip()
        rest = rest[end:].lstrip()
        if not rest:
            return


def _last_end(text: str, mark: str, fits: Callable[[str], bool]) -> int:
    """Where the longest beginning ends that fits; amid a word only if that fits nowhere."""
    end = 0
    for word in WORD.finditer(text):
        if not fits(mark + text[: word.end()]):
            break
        end = word.end()
    if end:
        return end
    room = max((n for n in range(1, len(text) + 1) if fits(mark + text[:n])), default=1)
    return text.rfind(" ", 1, room) if " " in text[1:room] else room
