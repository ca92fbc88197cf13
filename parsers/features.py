"""What a learned model looks at in one text, as names of features."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

PLACE = "\N{HOUSE BUILDING}"  # stands for a word that names a place
SHORTEST, LONGEST = 3, 5  # letters that are taken together
WINDOW = 4  # roots so near to each other are a pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One text as a model sees it."""

    spelt: Sequence[str]  # words as written
    words: Sequence[str]  # formal words, PLACE for those that name one
    telling: Sequence[str]  # words that say what the trouble is
    roots: Sequence[str]  # of these
    national: Mapping[str, float]  # what the matchers of the national catalogue think, 0..1
    own: Mapping[str, float]  # what those of the deployment's own catalogue think

    @property
    def topical(self) -> float:
        """How likely it is, to those who know no example, that the text is about any topic."""
        opinions = (*self.national.items(), *self.own.items())
        return max((share for name, share in opinions if name.startswith("category ")), default=0.0)


def grams(family: str, words: Sequence[str]) -> Iterator[str]:
    """Single words, and two that follow each other."""
    for word in words:
        yield f"{family} {word}"
    for one, two in pairwise(words):
        yield f"{family} {one} {two}"


def pairs(roots: Sequence[str]) -> Iterator[str]:
    """`lampu` and `mati` near to each other belong together in either order, once."""
    found: dict[str, None] = {}
    for position, one in enumerate(roots):
        for two in roots[position + 1 : position + 1 + WINDOW]:
            if one != two:
                found[f"p {one} {two}" if one < two else f"p {two} {one}"] = None
    yield from found


def runs(word: str) -> Iterator[str]:
    """Runs of letters, with a blank at the ends of the word: they survive bad spelling."""
    padded = f" {word} "
    for size in range(SHORTEST, LONGEST + 1):
        for start in range(len(padded) - size + 1):
            yield f"c {padded[start : start + size]}"


def names(seen: Seen) -> Iterator[str]:
    """Every feature of the text; one that stands twice comes twice."""
    yield from grams("w", seen.words)
    yield from grams("r", seen.roots)
    yield from pairs(seen.roots)
    for word in seen.spelt:
        yield from runs(word)
    yield from (f"k {name}" for name in seen.national)
    yield from (f"o {name}" for name in seen.own)
