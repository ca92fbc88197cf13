"""Two complaints in one message: on each side of a joining word stands a topic of its own."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from parsers.cues import Spotted
from parsers.phrases import Hit, Reading
from parsers.text import Token

LONE = 0.8  # of a phrase of one word, which may be said by the way
FIRM = 0.8  # strength from which a topic is really meant, on either side of `dan`
ADDED = 0.25  # the same beside `selain itu`, `kedua`, which announce another matter
JOINING = ("joining", "adding", "resuming", "second")  # kinds of cues
CUTS = 8  # joining words that are tried
FIRST, SECOND = "1", "2"  # numbered matters
MARKED = 2  # characters between two words with a mark between them
LEAST = 2  # words of a complaint

Cut = tuple[int, int]  # where one matter ends and another begins, in tokens


class Told(NamedTuple):
    """Two topics, and whether a word besides announces the second."""

    topics: tuple[str, str]
    announced: bool


class Strong(NamedTuple):
    """A phrase that speaks for a topic, and its first and last token."""

    topic: str
    strength: float
    first: int
    last: int


def two_told(
    hits: Sequence[Hit],
    reading: Reading,
    tokens: Sequence[Token],
    words: Sequence[tuple[str, ...]],
    spotted: Spotted,
) -> Told | None:
    """The topics before and behind the first word that may join two complaints."""
    if not any(spotted[kind] for kind in JOINING) and not any(t.norm == SECOND for t in tokens):
        return None
    strong = list(_strong(hits, reading))
    if len({phrase.topic for phrase in strong}) < len((FIRST, SECOND)):
        return None
    resuming = _marked("resuming", tokens, words, spotted)  # `, terus`, not `rusak terus`
    second = _marked("second", tokens, words, spotted) if spotted["first"] else ()
    joining = [*_cuts("joining", words, spotted), *resuming, *_numbered(tokens)]
    adding = [*_cuts("adding", words, spotted), *second, *(joining if spotted["both"] else ())]
    for least, cuts in ((ADDED, adding), (FIRM, joining)):
        for end, start in cuts[:CUTS]:
            if end >= LEAST and len(tokens) - start >= LEAST:
                before = _topics([phrase for phrase in strong if phrase.last < end])
                behind = _topics([phrase for phrase in strong if phrase.first >= start])
                one, other = _most(before, behind, least), _most(behind, before, least)
                if one and other and one != other:
                    return Told((one, other), least == ADDED)
    return None


def _strong(hits: Sequence[Hit], reading: Reading) -> Iterator[Strong]:
    for phrase, positions, share in hits:
        strength = phrase.weight * share * (1 if len(positions) > 1 else LONE)
        if strength >= ADDED:
            places = [reading.tokens[position] for position in positions]
            yield Strong(phrase.target, strength, min(places), max(places))


def _cuts(kind: str, words: Sequence[tuple[str, ...]], spotted: Spotted) -> Iterator[Cut]:
    """Around the words of a kind of cue; cues count words, a token may be written as several."""
    if spotted[kind]:
        token = [at for at, parts in enumerate(words) for _ in parts]
        for place, phrase in spotted[kind]:
            yield token[place], token[place + phrase.count(" ")] + 1


def _marked(
    kind: str, tokens: Sequence[Token], words: Sequence[tuple[str, ...]], spotted: Spotted
) -> Iterator[Cut]:
    """The same, behind a mark alone."""
    for at, start in _cuts(kind, words, spotted):
        if at and tokens[at].start - tokens[at - 1].end >= MARKED:
            yield at, start


def _numbered(tokens: Sequence[Token]) -> Iterator[Cut]:
    """`1. got mampet 2. lampu mati`: a mark and a blank stand a number."""
    marks = {
        token.norm: at
        for at, (token, behind) in enumerate(pairwise(tokens))
        if token.norm in (FIRST, SECOND) and behind.start - token.end >= MARKED
    }
    if marks.get(FIRST, len(tokens)) < marks.get(SECOND, 0):
        yield marks[SECOND], marks[SECOND] + 1


def _topics(phrases: Sequence[Strong]) -> Mapping[str, float]:
    """The strongest phrase of each topic."""
    best: dict[str, float] = {}
    for phrase in phrases:
        best[phrase.topic] = max(best.get(phrase.topic, 0.0), phrase.strength)
    return best


def _most(here: Mapping[str, float], there: Mapping[str, float], least: float) -> str | None:
    """The topic that this side tells most, and the other less."""
    own = {code: strength - there.get(code, 0.0) for code, strength in here.items()}
    code = max(sorted(own), key=own.__getitem__, default="")
    return code if code and own[code] >= least else None
