"""One line that an officer would write, from the citizen's own words."""

import re
from collections.abc import Collection, Sequence, Set

from parsers.text import Token
from parsers.understanding import Span

LONGEST = 80
CUT = ".."
NAME = "name"  # of a person, in `private`
BARE = 6  # words at most of a sentence that only names an office: `RSUD Melati Klaten`
SENTENCE = re.compile(r"[.!?;]+\s+|\s*\n+\s*")
ABBREVIATION = re.compile(
    r"\b(?:jl|jln|gg|no|rt|rw|kec|kel|kab|ds|dsn|dr|drs|bpk|sdr|yth|a\.n)$", re.IGNORECASE
)
COMMA = re.compile(r",\s+|\s+-\s+|:\s+")
LABEL = re.compile(  # of a number or address that is left out
    r"(?:\b(?:nik|kk|ktp|no|nomor|hp|telp|wa|rek|rekening|email|a\.?n|(?:ber|atas )?nama)\W*)+$",
    re.IGNORECASE,
)
SUBJECT = re.compile(  # `no kk 3204.. tidak ditemukan`: behind a number of which something is told
    r" (?:tidak|tdk|tak|gak?|nggak|belum|blm|saya|sy|s?udah|sdh|salah|ganda|dobel|dipakai|kok)\b",
    re.IGNORECASE,
)


def headline_of(
    text: str,
    tokens: Sequence[Token],
    *,
    telling: Collection[int],
    troubles: Sequence[int],
    opening: Set[str],
    private: Sequence[Span],
) -> str:
    """The sentence that tells the trouble, without greeting and private data.

    `telling` tokens say what it is about, `troubles` that something is wrong, in order.
    """
    text = text.rstrip()
    goal = min(telling, default=0)
    start, end = _sentence(text, tokens, goal, opening)
    bare = len(text[start:end].split()) <= BARE
    if bare and troubles and not any(start <= tokens[at].start < end for at in troubles):
        goal = troubles[0]
        start, end = _sentence(text, tokens, goal, opening)
    line = _shown(text, start, end, private)
    if len(line) > LONGEST:
        first = min(
            (tokens[at].start for at in (*telling, *troubles) if tokens[at].start >= start),
            default=start,
        )
        line = _shown(text, _clause(text, start, first), end, private)
    return line if len(line) <= LONGEST else _cut(line)


def _shown(text: str, start: int, end: int, private: Sequence[Span]) -> str:
    """That part of the text in one line, without private data and what it is called."""
    shown = []
    for span in private:
        if start <= span.start < end:
            head = text[start : span.start]
            told = span.type != NAME and SUBJECT.match(text, span.end, end)
            shown.append(head.rstrip(" ") if told else LABEL.sub("", head))
            start = min(span.end, end)
    line = " ".join("".join([*shown, text[start:end]]).split()).strip(" ,:;-.")
    return line[:1].upper() + line[1:]


def _clause(text: str, start: int, telling: int) -> int:
    """`warga Desa Jimbung, lampu mati`: where the last clause before the telling word begins."""
    commas = [match.end() for match in COMMA.finditer(text, start, telling)]
    return commas[-1] if commas else start


def _sentence(text: str, tokens: Sequence[Token], goal: int, opening: Set[str]) -> tuple[int, int]:
    """Where the sentence with this token starts, after the greeting, and where it ends."""
    begin = goal
    while begin > 0 and not _ends_sentence(text, tokens[begin - 1].end, tokens[begin].start):
        begin -= 1
    first = next((token for token in tokens[begin:] if token.norm not in opening), None)
    start = (first or tokens[begin]).start if tokens else 0
    return start, _sentence_end(text, start)


def _ends_sentence(text: str, end: int, start: int) -> bool:
    between = text[end:start]
    if between == " ":
        return False
    return bool(SENTENCE.search(between)) and not ABBREVIATION.search(text[max(0, end - 4) : end])


def _sentence_end(text: str, start: int) -> int:
    """The end of the sentence, at the latest a little after the line is full."""
    limit = min(len(text), start + 3 * LONGEST)
    for match in SENTENCE.finditer(text, start, limit):
        if match.start() > start and not ABBREVIATION.search(
            text, match.start() - 4, match.start()
        ):
            return match.start()
    return limit


def _cut(line: str) -> str:
    """Whole words and two dots."""
    room = LONGEST - len(CUT)
    head = line[: room + 1]
    return (head[: head.rindex(" ")] if " " in head else line[:room]).rstrip(" ,:;-") + CUT
