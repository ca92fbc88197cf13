"""Private data in a text, with offsets, so that it can be masked before anyone else's eyes."""

import re

from parsers.understanding import Span

# 16 digits: six of the region, DDMMYY (day + 40 for women), four of a serial number.
# Mobile numbers start with 8 after +62, 62 or 0; digits may be grouped.
PATTERN = re.compile(
    r"(?P<email>(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)"
    r"|(?P<sixteen>(?<!\d)\d{4}(?:[ .-]?\d{4}){3}(?!\d))"
    r"|(?P<phone>(?<![\d.,])(?:\+?62[ .-]?|0)8\d{1,2}(?:[ .-]?\d){6,10}(?!\d))"
)
KK_BEFORE = re.compile(r"\b(?:kk|kartu keluarga)\b[^\d]{0,12}$", re.IGNORECASE)
SEPARATOR = re.compile(r"[ .-]")
LOOK_BACK = 40
PROVINCES = range(11, 100)


def private_spans(text: str) -> tuple[Span, ...]:
    """E-mail addresses, mobile numbers and 16-digit numbers, in the order of the text."""
    return tuple(Span(_type(match, text), *match.span()) for match in PATTERN.finditer(text))


def _type(match: re.Match[str], text: str) -> str:
    return _sixteen(match, text) if match["sixteen"] else str(match.lastgroup)


def _sixteen(match: re.Match[str], text: str) -> str:
    """nik, kk, or account for a number that cannot be one of them."""
    digits = SEPARATOR.sub("", match.group())
    day, month = int(digits[6:8]), int(digits[8:10])
    born = (1 <= day <= 31 or 41 <= day <= 71) and 1 <= month <= 12
    if not born or int(digits[:2]) not in PROVINCES:
        return "account"
    before = text[max(0, match.start() - LOOK_BACK) : match.start()]
    return "kk" if KK_BEFORE.search(before) else "nik"
