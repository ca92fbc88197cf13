"""What two texts say of where exactly it is: streets, landmarks and numbers in common."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

VOWELS = re.compile("[aeiou]")
SLIPS: Final = 1  # of the thumb, by which `mawra` is still `mawar`
SHORTEST: Final = 4  # letters of a name that may be misspelt
HOUSE: Final = "nomor"
NEIGHBOURS: Final = 6  # houses so near by their numbers are in front of the same spot
DIGITS: Final = 4  # a longer number is no number of a house or post
LANDMARK_SHARE: Final = 0.5  # of a name: a neighbourhood has few markets, but not one


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotWords:
    """The word lists of parsers/tables/spots.csv."""

    kind: frozenset[str]  # say of what kind a place is, not which one
    landmark: frozenset[str]  # of which a neighbourhood has few
    numbered: frozenset[str]  # their number tells one spot from the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one text says of its spot."""

    spelt: frozenset[str]  # every word, in formal spelling
    names: tuple[str, ...]  # of streets and landmarks
    numbers: Mapping[str, int]  # of house, RT, RW, lamp post, school


@dataclass(frozen=True, slots=True)
class Shared:
    """What two texts together say of it."""

    names: float  # in common
    numbers: int  # in common
    apart: bool  # they contradict each other
    both: bool  # each names a street or landmark


def told(spelt: Sequence[str], address: Iterable[str], words: SpotWords) -> Told:
    """`spelt` and `address` are formal words in their order."""
    names = dict.fromkeys(word for word in address if word not in words.kind and not word.isdigit())
    return Told(spelt=frozenset(spelt), names=tuple(names), numbers=dict(_numbers(spelt, words)))


def shared(one: Told, other: Told, places: Set[str], words: SpotWords) -> Shared:
    """`places` name the region of either: in common they say nothing of a spot in it."""
    mine, theirs = ([name for name in each.names if name not in places] for each in (one, other))
    names = max(_common(mine, other.spelt, words), _common(theirs, one.spelt, words))
    kinds = one.numbers.keys() & other.numbers.keys()
    gaps = [(kind, abs(one.numbers[kind] - other.numbers[kind])) for kind in kinds]
    contradict = any(gap > (NEIGHBOURS if kind == HOUSE else 0) for kind, gap in gaps)
    both = bool(mine) and bool(theirs)
    same = sum(gap == 0 for _, gap in gaps)
    return Shared(names, same, contradict or (both and not names), both)


def _numbers(spelt: Sequence[str], words: SpotWords) -> Iterator[tuple[str, int]]:
    """`rt 03 05` is RT 3, RW 5; `tiang nomor 7` is lamp post 7."""
    kind = ""
    for word in spelt:
        if word.isdigit() and kind:
            if len(word) <= DIGITS:
                yield kind, int(word)
            kind = "rw" if kind == "rt" else ""
        elif word in words.numbered:
            kind = kind if word == HOUSE and kind else word
        else:
            kind = ""


def _common(names: Iterable[str], there: Set[str], words: SpotWords) -> float:
    """How many of the names stand in the other text, in whatever spelling."""
    return sum(
        LANDMARK_SHARE if name in words.landmark else 1.0
        for name in names
        if name in there or (name not in words.landmark and _misspelt(name, there))
    )


def _misspelt(name: str, there: Set[str]) -> bool:
    if not VOWELS.search(name):
        return len(name) >= SHORTEST - 1 and any(VOWELS.sub("", word) == name for word in there)
    if len(name) < SHORTEST:
        return False
    bare = VOWELS.sub("", name)
    return any(
        word == bare or OSA.distance(name, word, score_cutoff=SLIPS) <= SLIPS
        for word in there
        if len(word) >= SHORTEST - 1
    )
