"""A linear model of what a deployment's officers decided, with a say for the cold matchers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from parsers import features
from parsers.features import Seen
from parsers.text import CACHED_WORDS

# How much each family of features weighs: swept by cross-validation, see docs/learning.md.
FAMILIES = {"w": 0.7, "r": 0.7, "p": 0.6, "c": 0.5}
NATIONAL, OWN = 0.2, 0.3  # the same for what the matchers think
STRANGE = 0.5  # share of telling words that no example had, beyond which nothing is sure
SPEAKING = 3  # words that are named as the reason
NEVER = 2.0  # a score that nothing reaches

LEGIBLE = "r "  # features that a person can read as a reason

Floats = NDArray[np.float32]
Columns = NDArray[np.intp]
NOTHING: Columns = np.array([], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the examples say of one text: probabilities by code, and the roots that spoke."""

    shares: Mapping[str, float]
    sure: bool
    roots: tuple[str, ...]
    words: tuple[str, ...]  # the same as they stand in the text

    @property
    def reason(self) -> str:
        return f"dipelajari dari contoh: {', '.join(self.words)}" if self.words else "dari contoh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that is learnt, `category` or `agency`, and how its margins become scores."""

    name: str
    classes: tuple[str, ...]
    sharpness: float  # of the softmax over the margins
    slope: float  # of the score's odds over the odds of the softmax
    offset: float
    sure_from: float  # the score from which answers were right often enough; NEVER if none was
    rare: float  # share of messages that belong to a class without examples

    def shares(self, margins: Floats) -> dict[str, float]:
        """Probabilities that hold: of answers scored .8, four in five were right."""
        powers = np.exp(self.sharpness * (margins - margins.max()))
        powers /= powers.sum()
        best = int(powers.argmax())
        score = self.score(float(powers[best]))
        rest = 1.0 - float(powers[best])
        others = np.minimum(powers * ((1.0 - score) / rest if rest > 0 else 0.0), score)
        others[best] = score
        return dict(zip(self.classes, others.tolist(), strict=True))

    def score(self, share: float) -> float:
        return 1.0 / (1.0 + math.exp(-self.slope * odds(share) - self.offset))

    def with_rare(
        self, shares: Mapping[str, float], cold: Mapping[str, float], codes: int, strange: float
    ) -> dict[str, float]:
        """Classes without examples get what the cold matcher gives them, as seldom as they are.

        They are less seldom in a text of words that no example had; `strange` is their share.
        """
        others = {code: share for code, share in cold.items() if code not in shares and share}
        if not others:
            return dict(shares)
        total, chance = sum(others.values()), max(self.rare, strange * strange)
        rare = total * chance / max(codes - len(shares), 1)
        usual = max(1.0 - total, 0.0) * (1.0 - chance) / len(shares)
        part = rare / (rare + usual)
        mixed = {code: share * (1 - part) for code, share in shares.items()}
        return mixed | {code: part * share / total for code, share in others.items()}


def odds(share: float) -> float:
    """Logarithm of the odds, bounded."""
    share = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(share / (1 - share))


class Vocabulary:
    """The features that a model knows, and how rare each is."""

    def __init__(self, names: Sequence[str], rarity: Floats) -> None:
        self.names, self.rarity = names, rarity
        self._at = {name: column for column, name in enumerate(names)}
        self._runs = lru_cache(CACHED_WORDS)(self._runs_of)

    def encode(self, seen: Seen) -> tuple[Columns, Floats]:
        """Columns and values: rare features weigh more, long texts no more than short ones."""
        runs = [self._runs(word) for word in seen.spelt]
        parts = (
            self._weighed(self._columns(features.grams("w", seen.words)), FAMILIES["w"]),
            self._weighed(self._columns(features.grams("r", seen.roots)), FAMILIES["r"]),
            self._weighed(self._columns(features.pairs(seen.roots)), FAMILIES["p"]),
            self._weighed(np.concatenate(runs) if runs else NOTHING, FAMILIES["c"]),
            self._opinions("k", seen.national, NATIONAL),
            self._opinions("o", seen.own, OWN),
        )
        columns, values = zip(*parts, strict=True)
        return np.concatenate(columns), np.concatenate(values)

    def _columns(self, names: Iterable[str]) -> Columns:
        at = self._at
        return np.array([at[name] for name in names if name in at], dtype=np.intp)

    def _runs_of(self, word: str) -> Columns:
        return self._columns(features.runs(word))

    def _weighed(self, found: Columns, weight: float) -> tuple[Columns, Floats]:
        """A column that stands in the text more than once counts a little more."""
        columns, often = np.unique(found, return_counts=True)
        values = (1 + np.log(often)).astype(np.float32) * self.rarity[columns]
        length = float(np.sqrt(values @ values)) or 1.0
        return columns, values * np.float32(weight / length)

    def _opinions(
        self, family: str, shares: Mapping[str, float], weight: float
    ) -> tuple[Columns, Floats]:
        at = self._at
        known = {at[f"{family} {n}"]: s for n, s in shares.items() if f"{family} {n}" in at}
        values = np.fromiter(known.values(), dtype=np.float32, count=len(known))
        return np.array(list(known), dtype=np.intp), values * np.float32(weight)

    def knows(self, root: str) -> bool:
        return f"r {root}" in self._at


class Model:
    """Vocabulary, one column of weights for each class of each field; then pure."""

    def __init__(
        self, vocabulary: Vocabulary, weights: Floats, bias: Floats, fields: Sequence[Field]
    ) -> None:
        self.vocabulary, self.weights, self.bias, self.fields = vocabulary, weights, bias, fields
        self._legible = np.array([name.startswith(LEGIBLE) for name in vocabulary.names])

    def judge(
        self, seen: Seen, cold: Mapping[str, Mapping[str, float]], codes: Mapping[str, int]
    ) -> dict[str, Verdict]:
        """A verdict for each field; none for a text without one word of the examples.

        `cold` and `codes` have, by field, what the matchers think and how many codes there are.
        """
        told = [root for root in seen.roots if self.vocabulary.knows(root)]
        if not told:
            return {}
        columns, values = self.vocabulary.encode(seen)
        rows = self.weights[columns]
        margins = values @ rows + self.bias
        strange = 1 - len(told) / len(seen.roots)
        said = dict(zip(reversed(seen.roots), reversed(seen.telling), strict=True))
        verdicts, start = {}, 0
        for field in self.fields:
            end = start + len(field.classes)
            learnt = field.shares(margins[start:end])
            shares = field.with_rare(learnt, cold[field.name], codes[field.name], strange)
            best = int(margins[start:end].argmax())
            roots = self._speaking(columns, values * rows[:, start + best])
            verdicts[field.name] = Verdict(
                shares=shares,
                sure=strange <= STRANGE and shares[field.classes[best]] >= field.sure_from,
                roots=roots,
                words=tuple(" ".join(said[part] for part in root.split()) for root in roots),
            )
            start = end
        return verdicts

    def _speaking(self, columns: Columns, worth: Floats) -> tuple[str, ...]:
        """The roots that spoke most for a class, the strongest first."""
        said: list[str] = []
        speak = np.flatnonzero(self._legible[columns] & (worth > 0))
        for place in speak[np.argsort(-worth[speak], kind="stable")]:
            words = self.vocabulary.names[columns[place]].removeprefix(LEGIBLE)
            if not any(words in other or other in words for other in said):
                said.append(words)
            if len(said) == SPEAKING:
                break
        return tuple(said)
