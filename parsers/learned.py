"""A linear model of what a deployment's officers decided, with a say for the cold matchers."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from parsers.features import Seen
from parsers.kept import Kept
from parsers.vocabulary import Columns, Floats, Steps, Told, Vocabulary, letter_scale

STRANGE = 0.5  # share of telling words that no example had, beyond which nothing is sure
ENOUGH = 1.5  # telling words that examples had; fewer tell no trouble, and nothing is sure
SPEAKING = 3  # words that are named as the reason
NEVER = 2.0  # a score that nothing reaches
SILENCE = 0.01  # probability of a class that the matchers do not name
LEAST = 0.005  # probability of a class that is told
KIND = "kind"  # the field that texts without telling words have as well
LEGIBLE = "r "  # features that a person can read as a reason


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

    @property
    def best(self) -> str:
        """The code that is most likely."""
        return max(self.shares, key=self.shares.__getitem__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that is learnt, `kind`, `category` or `agency`, and how margins become scores."""

    name: str
    classes: tuple[str, ...]
    sharpness: float  # of the softmax over the margins
    trust: float  # how far the matchers, who know no example, are heard beside the margins
    slope: float  # of the score's odds over the odds of the softmax
    offset: float
    sure_from: float  # the score from which answers were right often enough; NEVER if none was
    rare: float  # share of messages that belong to a class without examples

    def shares(self, powers: Sequence[float], best: int) -> dict[str, float]:
        """Probabilities that hold: of answers scored .8, four in five were right.

        `powers` are those of the softmax, 1 for the best. What is below LEAST is left out.
        """
        share = 1.0 / sum(powers)
        score = self.score(share)
        part = share * (1.0 - score) / (1.0 - share) if share < 1 else 0.0
        least = min(LEAST, score) / part if part else math.inf
        likely = {
            code: min(power * part, score)
            for code, power in zip(self.classes, powers, strict=True)
            if power >= least
        }
        likely[self.classes[best]] = score
        return likely

    def score(self, share: float) -> float:
        return 1.0 / (1.0 + math.exp(-self.slope * odds(share) - self.offset))

    def with_rare(
        self,
        shares: Mapping[str, float],
        cold: Mapping[str, float],
        *,
        learnt: Set[str],
        codes: int,
        strange: float,
    ) -> dict[str, float]:
        """Classes without examples get what the cold matcher gives them, as seldom as they are.

        They are less seldom in a text of words that no example had; `strange` is their share.
        """
        others = {code: share for code, share in cold.items() if code not in learnt and share}
        if not others:
            return dict(shares)
        total, chance = sum(others.values()), max(self.rare, strange * strange)
        rare = total * chance / max(codes - len(learnt), 1)
        usual = max(1.0 - total, 0.0) * (1.0 - chance) / len(learnt)
        part = rare / (rare + usual)
        mixed = {code: share * (1 - part) for code, share in shares.items()}
        return mixed | {code: part * share / total for code, share in others.items()}


def opinions(places: Mapping[str, int], cold: Mapping[str, float]) -> Floats:
    """Logarithms of what the matchers gave the class of each place; silence is no certainty."""
    given = np.zeros(len(places), dtype=np.float32)
    if not cold:  # the same for all: it would move nothing
        return given
    for code, share in cold.items():
        if (place := places.get(code)) is not None:
            given[place] = share
    found: Floats = np.log(given + SILENCE)
    return found


def odds(share: float) -> float:
    """Logarithm of the odds, bounded."""
    share = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(share / (1 - share))


def _spelt(roots: str, seen: Seen) -> str:
    """Roots as the words that they first stand for in the text."""
    return " ".join(seen.telling[seen.roots.index(root)] for root in roots.split())


class Model:
    """Vocabulary, one column of weights for each class of each field; then pure."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        steps: Floats | Steps,
        bias: Floats,
        fields: Sequence[Field],
        *,
        unit: Floats | None = None,
    ) -> None:
        """A weight is so many `steps` of its feature's `unit`; without units it is the step.

        In steps of a byte a model is a quarter as large, and its rows come as much faster.
        """
        self.vocabulary, self.bias, self.fields = vocabulary, bias, fields
        self._steps = steps
        self._unit = np.ones(len(steps), dtype=np.float32) if unit is None else unit
        self._places = {
            field.name: {code: place for place, code in enumerate(field.classes)}
            for field in fields
        }
        self._parts = _parts(fields)
        self._sharpness = _each([field.sharpness for field in fields], fields)
        self._trust = _each([field.trust for field in fields], fields)
        self._has_kind = KIND in self._places
        self._letters = Kept(self._letters_of)

    @property
    def weights(self) -> Floats:
        """One row for each feature, made anew each time."""
        return self._steps.astype(np.float32) * self._unit[:, None]

    def judge(
        self, seen: Seen, cold: Mapping[str, Mapping[str, float]], codes: Mapping[str, int]
    ) -> dict[str, Verdict]:
        """A verdict for each field, on a text of any kind.

        None on category and agency without a telling word of the examples, none on the kind
        without any word of theirs. `cold` and `codes` have, by field, what the matchers think and
        how many codes there are; a field that they lack has only its examples.
        """
        told = self.vocabulary.told(seen)
        strange, strange_kind = told.strange["r"], told.strange["w"] if self._has_kind else 1.0
        if strange == strange_kind == 1.0:
            return {}
        rows, values = self._rows(told.columns), told.values * self._unit[told.columns]
        margins = values @ rows + self._of_letters(seen.spelt) + self.bias
        weighed = self._sharpness * margins + self._trust * self._heard(cold)
        told_enough = len(seen.roots) * (1 - strange) > ENOUGH
        bests = []
        for of in self._parts:
            part = weighed[of]
            bests.append(best := int(part.argmax()))
            part -= part[best]
        powers = np.exp(weighed).tolist()
        verdicts = {}
        for field, of, best in zip(self.fields, self._parts, bests, strict=True):
            name = field.name
            new = strange_kind if name == KIND else strange
            if new == 1.0:
                continue
            shares = field.with_rare(
                field.shares(powers[of], best),
                cold.get(name, {}),
                learnt=self._places[name].keys(),
                codes=codes.get(name, 0),
                strange=new,
            )
            worth = values[told.roots] * rows[told.roots, of.start + best]
            spoke = () if name == KIND else self._speaking(told, worth)
            verdicts[name] = Verdict(
                shares=shares,
                sure=(told_enough or name == KIND)
                and new <= STRANGE
                and shares[field.classes[best]] >= field.sure_from,
                roots=spoke,
                words=tuple(_spelt(root, seen) for root in spoke),
            )
        return verdicts

    def _rows(self, columns: Columns) -> Floats:
        rows: Floats = self._steps.take(columns, axis=0).astype(np.float32)
        return rows

    def _heard(self, cold: Mapping[str, Mapping[str, float]]) -> Floats:
        """What the matchers think of every class of every field; 0 where they say nothing."""
        heard = np.zeros_like(self.bias)
        for field, of in zip(self.fields, self._parts, strict=True):
            if thought := cold.get(field.name):
                heard[of] = opinions(self._places[field.name], thought)
        return heard

    def _letters_of(self, word: str) -> tuple[Floats, float]:
        letters = self.vocabulary.letters(word)
        values = letters.values * self._unit[letters.columns]
        return np.dot(values, self._rows(letters.columns)), letters.square

    def _of_letters(self, spelt: Sequence[str]) -> Floats:
        """What the words say by their spelling: of each word it is known from the last time."""
        letters = self._letters
        known = [letters[word] for word in dict.fromkeys(spelt)]
        if not known:
            return np.zeros_like(self.bias)
        rows = np.concatenate([margins for margins, _ in known]).reshape(-1, len(self.bias))
        total: Floats = np.add.reduce(rows)
        return total * letter_scale(sum([square for _, square in known]))

    def _speaking(self, told: Told, worth: Floats) -> tuple[str, ...]:
        """The roots that spoke most for a class, alone or in twos, the strongest first."""
        loudest = (-worth).argsort(kind="stable")[: 2 * SPEAKING]
        said: list[str] = []
        for column in told.columns[told.roots][loudest[worth[loudest] > 0]].tolist():
            words = self.vocabulary.names[column].removeprefix(LEGIBLE)
            if not any(words in other or other in words for other in said):
                said.append(words)
        return tuple(said[:SPEAKING])


def _parts(fields: Sequence[Field]) -> list[slice]:
    """Where the classes of each field stand."""
    ends = list(accumulate(len(field.classes) for field in fields))
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def _each(numbers: Sequence[float], fields: Sequence[Field]) -> Floats:
    """The number of its field for each class."""
    sizes = [len(field.classes) for field in fields]
    return np.repeat(np.array(numbers, dtype=np.float32), sizes)
