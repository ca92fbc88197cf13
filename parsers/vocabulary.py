"""From what a learned model sees in a text to columns and values."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from parsers import features
from parsers.features import WINDOW, Seen
from parsers.kept import Kept

# How much each family of features weighs: swept by cross-validation, see docs/learning.md.
FAMILIES = {"w": 0.7, "r": 0.7, "p": 0.6, "c": 0.5}
OPINIONS = ("k", "o", "a")  # families of what the matchers and the national model think

Floats = NDArray[np.float32]
Steps = NDArray[np.int8]
Columns = NDArray[np.intp]
Beside = dict[str, int]  # the other word of a pair -> column
ALONE: Beside = {}
FARS = range(1, WINDOW + 1)


class Known(NamedTuple):
    """All that is known of one word, so that it is looked up once."""

    column: int  # of the word alone; -1 if it has none
    next: Beside  # words right after it
    near: Beside  # words near to it


STRANGER = Known(-1, ALONE, ALONE)


@dataclass(frozen=True, slots=True)
class Letters:
    """The runs of letters of one word; `square` is that of the length of `values`."""

    columns: Columns
    values: Floats
    square: float


@dataclass(frozen=True, slots=True)
class Told:
    """All that a text says but its letters; `roots` are the places of what can be read."""

    columns: Columns
    values: Floats
    roots: slice
    strange: Mapping[str, float]  # by family, the share of words that no example had


class Vocabulary:
    """The features that a model knows, and how rare each is; of an opinion how much it weighs."""

    def __init__(self, names: Sequence[str], rarity: Floats) -> None:
        """ValueError for a name of no family."""
        self.names, self.rarity = names, rarity
        self._at: dict[str, dict[str, int]] = {family: {} for family in (*FAMILIES, *OPINIONS)}
        beside: dict[str, defaultdict[str, dict[str, int]]] = {
            family: defaultdict(dict) for family in FAMILIES
        }
        for column, name in enumerate(names):
            family, key = features.key_of(name)
            if isinstance(key, str):
                self._at[family][key] = column
                continue
            one, two = key
            beside[family][one][two] = column
            if family == "p":
                beside[family][two][one] = column  # `lampu mati` is `mati lampu`
        self._words = _known(self._at["w"], beside["w"], beside["w"])
        self._roots = _known(self._at["r"], beside["r"], beside["p"])
        self._letters = Kept(self.letters)

    def encode(self, seen: Seen) -> tuple[Columns, Floats]:
        """Columns and values, to learn from; a column may come twice."""
        told = self.told(seen)
        spelt = [self._letters[word] for word in dict.fromkeys(seen.spelt)]
        scale = letter_scale(sum(word.square for word in spelt))
        columns = [told.columns, *(word.columns for word in spelt)]
        values = [told.values, *(word.values * scale for word in spelt)]
        return np.concatenate(columns), np.concatenate(values)

    def told(self, seen: Seen) -> Told:
        """Rare features weigh more, repeated ones a little more, long texts no more than short."""
        words = [self._words.get(word, STRANGER) for word in seen.words]
        roots = [self._roots.get(root, STRANGER) for root in seen.roots]
        single_words = [column for column, _, _ in words if column >= 0]
        single_roots = [column for column, _, _ in roots if column >= 0]
        nexts, nears = [nexts for _, nexts, _ in roots], [nears for _, _, nears in roots]
        found = {
            "w": single_words + _twos([nexts for _, nexts, _ in words], seen.words, 1),
            "r": single_roots + _twos(nexts, seen.roots, 1),
            "p": [column for far in FARS for column in _twos(nears, seen.roots, far)],
        }
        often: Counter[int] = Counter()
        parts = {}
        for family, known in found.items():
            start = len(often)
            often.update(known)
            parts[family] = slice(start, len(often))
        thought = self._opinions("k", seen.national) | self._opinions("o", seen.own)
        thought |= self._opinions("a", seen.advice)
        columns = np.array([*often, *thought], dtype=np.intp)
        values = self.rarity[columns]
        values[: len(often)] *= 1 + np.log(np.array([*often.values()], dtype=np.float32))
        for family, part in parts.items():
            of = values[part]
            of *= FAMILIES[family] / (math.sqrt(of @ of) or 1.0)
        values[len(often) :] *= list(thought.values())
        strange = {
            "w": 1 - len(single_words) / (len(seen.words) or 1),
            "r": 1 - len(single_roots) / (len(seen.roots) or 1),
        }
        return Told(columns, values, parts["r"], strange)

    def letters(self, word: str) -> Letters:
        at = self._at["c"]
        often: dict[int, int] = {}
        for run in features.runs(word):
            if (column := at.get(run)) is not None:
                often[column] = often.get(column, 0) + 1
        columns = np.array(list(often), dtype=np.intp)
        values = np.array(list(often.values()), dtype=np.float32) * self.rarity[columns]
        return Letters(columns, values, float(values @ values))

    def _opinions(self, family: str, shares: Mapping[str, float]) -> dict[int, float]:
        at = self._at[family]
        return {at[name]: share for name, share in shares.items() if name in at}


def _known(
    ones: Mapping[str, int], nexts: Mapping[str, Beside], nears: Mapping[str, Beside]
) -> dict[str, Known]:
    words = dict.fromkeys((*ones, *nexts, *nears))
    return {
        word: Known(ones.get(word, -1), nexts.get(word, ALONE), nears.get(word, ALONE))
        for word in words
    }


def _twos(besides: Sequence[Beside], words: Sequence[str], far: int) -> list[int]:
    """Columns of two words so far from each other."""
    found = map(dict.get, besides, words[far:])
    return [column for column in found if column is not None]


def letter_scale(square: float) -> np.float32:
    """Brings the letters of all words together to the length of their family."""
    return np.float32(FAMILIES["c"] / (math.sqrt(square) or 1.0))
