"""What a learned model looks at in one text, as keys within families of features."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise

PLACE = "\N{HOUSE BUILDING}"  # stands for a word that names a place
SHORTEST, LONGEST = 3, 5  # letters that are taken together
WINDOW = 4  # roots so near to each other are a pair

Key = str | tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One text as a model sees it."""

    spelt: Sequence[str]  # words as written
    words: Sequence[str]  # formal words, PLACE for those that name one
    telling: Sequence[str]  # words that say what the trouble is
    roots: Sequence[str]  # of these
    national: Mapping[str, float]  # what the matchers of the national catalogue think, 0..1
    own: Mapping[str, float]  # what those of the deployment's own catalogue think
    advice: Mapping[str, float]  # what the model of the national catalogue thinks

    @property
    def topical(self) -> float:
        """How likely it is, to those who know no example, that the text is about any topic."""
        opinions = (*self.national.items(), *self.own.items())
        return max((share for name, share in opinions if name.startswith("category ")), default=0.0)


def grams(words: Sequence[str]) -> Iterable[Key]:
    """Single words, and two that follow each other."""
    return chain(words, pairwise(words))


def near(roots: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Two roots near to each other; the same word twice is no pair."""
    fars = range(1, WINDOW + 1)
    return chain.from_iterable(zip(roots, roots[far:], strict=False) for far in fars)


def runs(word: str) -> list[str]:
    """Runs of letters, with a blank at the ends of the word: they survive bad spelling."""
    padded = f" {word} "
    return [padded[run] for run in _runs_of(len(padded))]


@cache
def _runs_of(length: int) -> Sequence[slice]:
    sizes = range(SHORTEST, LONGEST + 1)
    return [slice(at, at + size) for size in sizes for at in range(length - size + 1)]


def families(seen: Seen) -> Iterator[tuple[str, Key]]:
    """Every feature of the text with the letter of its family."""
    yield from (("w", key) for key in grams(seen.words))
    yield from (("r", key) for key in grams(seen.roots))
    for one, two in near(seen.roots):
        if one != two:
            yield "p", (one, two) if one < two else (two, one)
    yield from (("c", run) for word in dict.fromkeys(seen.spelt) for run in runs(word))
    yield from (("k", name) for name in seen.national)
    yield from (("o", name) for name in seen.own)
    yield from (("a", name) for name in seen.advice)


def name_of(family: str, key: Key) -> str:
    """How the feature is written in a file."""
    return f"{family} {key}" if isinstance(key, str) else f"{family} {key[0]} {key[1]}"


def key_of(name: str) -> tuple[str, Key]:
    """Family and key of a written feature; ValueError if there is no such family."""
    family, key = name[:1], name[2:]
    if family in ("w", "r", "p") and " " in key:
        one, two = key.split(" ")
        return family, (one, two)
    if family not in ("w", "r", "p", "c", "k", "o", "a"):
        raise ValueError("feature")
    return family, key
