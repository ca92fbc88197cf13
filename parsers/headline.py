"""One line that an officer would write, from the citizen's own words."""

import re
from collections.abc import Collection, Sequence, Set

from parsers.text import Token
from parsers.understanding import Span

LONGEST = 80
CUT = ".."
SENTENCE = re.compile(r"[.!?;]+\s+|\s*\n+\s*")
ABBREVIATION = re.compile(r"\b(?:jl|jln|gg|no|rt|rw|kec|kel|kab|ds|dsn|dr|bpk|yth)$", re.IGNORECASE)
COMMA = re.compile(r",\s+|\s+-\s+|:\s+")
LABEL = re.compile(  # of a number or address that is left out
    r"\b(?:nik|kk|ktp|no|nomor|hp|telp|wa|rek|rekening|email)\W*$", re.IGNORECASE
)


def headline_of(
    text: str,
    tokens: Sequence[Token],
    *,
    telling: Collection[int],
    opening: Set[str],
    private: Sequence[Span],
) -> str:
    """The sentence that tells the trouble, without greeting and private data."""
    text = text.rstrip()
    start = _start(text, tokens, telling=telling, opening=opening)
    if start is None:
        return ""
    end = _sentence_end(text, start)
    line = _shown(text, start, end, private)
    if len(line) > LONGEST and telling:
        line = _shown(text, _clause(text, start, tokens[min(telling)].start), end, private)
    return line if len(line) <= LONGEST else _cut(line)


def _shown(text: str, start: int, end: int, private: Sequence[Span]) -> str:
    """That part of the text in one line, without private data and what it is called."""
    shown = []
    for span in private:
        if start <= span.start < end:
            shown.append(LABEL.sub("", text[start : span.start]))
            start = min(span.end, end)
    line = " ".join("".join([*shown, text[start:end]]).split()).strip(" ,:;-.")
    return line[:1].upper() + line[1:]


def _clause(text: str, start: int, telling: int) -> int:
    """`warga Desa Jimbung, lampu mati`: where the last clause before the telling word begins."""
    commas = [match.end() for match in COMMA.finditer(text, start, telling)]
    return commas[-1] if commas else start


def _start(
    text: str,
    tokens: Sequence[Token],
    *,
    telling: Collection[int],
    opening: Set[str],
) -> int | None:
    """Where the sentence with the first telling word starts, after the greeting."""
    goal = min(telling, default=0)
    begin = goal
    while begin > 0 and not _ends_sentence(text, tokens[begin - 1].end, tokens[begin].start):
        begin -= 1
    for token in tokens[begin:]:
        if token.norm not in opening:
            return token.start
    return tokens[begin].start if tokens else None


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
