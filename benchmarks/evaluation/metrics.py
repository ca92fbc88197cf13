"""Figures from right and wrong answers; pure, so that tests can check them by hand."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BINS = 10
ENOUGH = 10  # answers below which a precision says nothing


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `of`."""

    right: int
    of: int

    @property
    def value(self) -> float | None:
        return self.right / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1, from what was found, what is there, and what is both."""

    both: float
    found: float
    there: float

    @property
    def precision(self) -> float | None:
        return self.both / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        return self.both / self.there if self.there else None

    @property
    def f1(self) -> float | None:
        together = self.found + self.there
        return 2 * self.both / together if together else None


@dataclass(frozen=True, slots=True)
class Point:
    """One answer: its score (0..100), its lead over the second, and whether it is right."""

    score: float
    lead: float
    right: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What happens when answers from `threshold` on are trusted."""

    threshold: int
    margin: float
    coverage: float  # of all answers that are trusted
    precision: float | None  # of the trusted ones that are right


def share(hits: Iterable[bool]) -> Share:
    answers = list(hits)
    return Share(sum(answers), len(answers))


def per_class(pairs: Iterable[tuple[str, str]]) -> dict[str, Score]:
    """The score of every label that is there or was found; pairs are (there, found)."""
    known = list(pairs)
    there, found = Counter(a for a, _ in known), Counter(b for _, b in known)
    both = Counter(a for a, b in known if a == b)
    return {name: Score(both[name], found[name], there[name]) for name in sorted(there | found)}


def macro_f1(pairs: Iterable[tuple[str, str]]) -> float | None:
    """The mean F1 of the labels that are there; one never found counts 0."""
    scores = [score.f1 or 0.0 for score in per_class(pairs).values() if score.there]
    return sum(scores) / len(scores) if scores else None


def token_score(pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Score:
    """Words there and words found, over all texts together; a word counts as often as it stands."""
    both = found = there = 0
    for gold, seen in pairs:
        both += (Counter(gold) & Counter(seen)).total()
        there, found = there + len(gold), found + len(seen)
    return Score(both, found, there)


def curve(points: Sequence[Point], *, margin: float) -> list[Step]:
    """A step for every threshold 0..100; an answer is trusted if it also leads by `margin`."""
    ahead = [point for point in points if point.lead >= margin]
    steps = []
    for threshold in range(101):
        trusted = [point for point in ahead if point.score >= threshold]
        right = sum(point.right for point in trusted)
        precision = right / len(trusted) if trusted else None
        coverage = len(trusted) / len(points) if points else 0.0
        steps.append(Step(threshold, margin, coverage, precision))
    return steps


def smallest(points: Sequence[Point], precision: float, *, margin: float) -> Step | None:
    """The lowest threshold that keeps `precision`, with enough answers for it to mean something."""
    for step in curve(points, margin=margin):
        if step.coverage * len(points) < ENOUGH:
            return None
        if step.precision is not None and step.precision >= precision:
            return step
    return None


def calibration_error(points: Iterable[Point]) -> float | None:
    """How far scores are from the share that is right, in ten bins, weighed by their answers."""
    bins: defaultdict[int, list[Point]] = defaultdict(list)
    for point in points:
        bins[min(int(point.score / 100 * BINS), BINS - 1)].append(point)
    total = sum(map(len, bins.values()))
    if not total:
        return None
    return sum(abs(sum(p.score / 100 - p.right for p in part)) for part in bins.values()) / total
