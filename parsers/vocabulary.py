"""From what a learned model sees in a text to columns and values."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from parsers import features
from parsers.features import Key, Seen
from parsers.text import CACHED_WORDS

# How much each family of features weighs: swept by cross-validation, see docs/learning.md.
FAMILIES = {"w": 0.7, "r": 0.7, "p": 0.6, "c": 0.5}
NATIONAL, OWN = 0.2, 0.3  # the same for what the matchers think

Floats = NDArray[np.float32]
Columns = NDArray[np.intp]


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


class Vocabulary:
    """The features that a model knows, and how rare each is."""

    def __init__(self, names: Sequence[str], rarity: Floats) -> None:
        """ValueError for a name of no family."""
        self.names, self.rarity = names, rarity
        self._at: dict[str, dict[Key, int]] = {family: {} for family in (*FAMILIES, "k", "o")}
        for column, name in enumerate(names):
            family, key = features.key_of(name)
            self._at[family][key] = column
            if family == "p" and isinstance(key, tuple):
                self._at[family][key[::-1]] = column  # `lampu mati` is `mati lampu`
        self._letters = lru_cache(CACHED_WORDS)(self.letters)

    def encode(self, seen: Seen) -> tuple[Columns, Floats]:
        """Columns and values, to learn from; a column may come twice."""
        told = self.told(seen)
        spelt = [self._letters(word) for word in dict.fromkeys(seen.spelt)]
        scale = letter_scale(sum(word.square for word in spelt))
        columns = [told.columns, *(word.columns for word in spelt)]
        values = [told.values, *(word.values * scale for word in spelt)]
        return np.concatenate(columns), np.concatenate(values)

    def told(self, seen: Seen) -> Told:
        """Rare features weigh more, repeated ones a little more, long texts no more than short."""
        keys = {
            "w": features.grams(seen.words),
            "r": features.grams(seen.roots),
            "p": features.near(seen.roots),
        }
        found = {family: self._known(family, listed) for family, listed in keys.items()}
        columns = np.array([at for known in found.values() for at in known], dtype=np.intp)
        often = [count for known in found.values() for count in known.values()]
        values = self.rarity[columns] * (1 + np.log(np.array(often, dtype=np.float32)))
        parts, end = {}, 0
        for family, known in found.items():
            parts[family] = part = slice(end, end := end + len(known))
            length = math.sqrt(float(values[part] @ values[part])) or 1.0
            values[part] *= FAMILIES[family] / length
        national = self._opinions("k", seen.national, NATIONAL)
        own = self._opinions("o", seen.own, OWN)
        return Told(
            np.concatenate([columns, national[0], own[0]]),
            np.concatenate([values, national[1], own[1]]),
            parts["r"],
        )

    def letters(self, word: str) -> Letters:
        at = self._at["c"]
        found = Counter(at[run] for run in features.runs(word) if run in at)
        columns = np.array(list(found), dtype=np.intp)
        values = np.array(list(found.values()), dtype=np.float32) * self.rarity[columns]
        return Letters(columns, values, float(values @ values))

    def _known(self, family: str, keys: Iterable[Key]) -> Counter[int]:
        """How often each column of the family stands in the text."""
        found = map(self._at[family].get, keys)
        return Counter([column for column in found if column is not None])

    def _opinions(
        self, family: str, shares: Mapping[str, float], weight: float
    ) -> tuple[Columns, Floats]:
        at = self._at[family]
        known = {at[name]: share * weight for name, share in shares.items() if name in at}
        values = np.array(list(known.values()), dtype=np.float32)
        return np.array(list(known), dtype=np.intp), values

    def share(self, family: str, words: Sequence[str]) -> float:
        """How many of the words have a feature of their own."""
        return sum(map(self._at[family].__contains__, words)) / len(words) if words else 0.0


def letter_scale(square: float) -> np.float32:
    """Brings the letters of all words together to the length of their family."""
    return np.float32(FAMILIES["c"] / (math.sqrt(square) or 1.0))
