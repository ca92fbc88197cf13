"""From what a learned model sees in a text to columns and values."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
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
        often: dict[int, int] = {}
        parts, end = {}, 0
        for family, listed in keys.items():
            for column in map(self._at[family].get, listed):
                if column is not None:
                    often[column] = often.get(column, 0) + 1
            parts[family] = slice(end, end := len(often))
        columns = np.array(list(often), dtype=np.intp)
        values = self.rarity[columns]
        values *= 1 + np.log(np.array(list(often.values()), dtype=np.float32))
        for family, part in parts.items():
            length = math.sqrt(values[part] @ values[part]) or 1.0
            values[part] *= FAMILIES[family] / length
        thought = self._opinions("k", seen.national, NATIONAL)
        thought |= self._opinions("o", seen.own, OWN)
        if thought:
            columns = np.concatenate([columns, np.array(list(thought), dtype=np.intp)])
            values = np.append(values, np.array(list(thought.values()), dtype=np.float32))
        return Told(columns, values, parts["r"])

    def letters(self, word: str) -> Letters:
        at = self._at["c"]
        found = Counter([at[run] for run in features.runs(word) if run in at])
        columns = np.array(list(found), dtype=np.intp)
        values = np.array(list(found.values()), dtype=np.float32) * self.rarity[columns]
        return Letters(columns, values, float(values @ values))

    def _opinions(
        self, family: str, shares: Mapping[str, float], weight: float
    ) -> dict[int, float]:
        at = self._at[family]
        return {at[name]: share * weight for name, share in shares.items() if name in at}

    def share(self, family: str, words: Sequence[str]) -> float:
        """How many of the words have a feature of their own."""
        return sum(map(self._at[family].__contains__, words)) / len(words) if words else 0.0


def letter_scale(square: float) -> np.float32:
    """Brings the letters of all words together to the length of their family."""
    return np.float32(FAMILIES["c"] / (math.sqrt(square) or 1.0))
