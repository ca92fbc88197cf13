"""From margins of examples that the model had not seen to scores that can be believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from sklearn.metrics import f1_score  # type: ignore[import-untyped]

from parsers.learned import NEVER, Field, odds
from parsers.vocabulary import Floats
from store.learning.model_files import Report

RIGHT = 0.95  # of the answers that are called sure
EXPECTED = 0.975  # mean of their scores: on other messages a bit less is right than on these
FEWEST = 40  # answers that can prove such a share
DOUBT = 1.64  # standard errors: a share so far above RIGHT is above it by chance once in twenty
TRUST = 1.0  # how firmly slope 1 and offset 0 are believed, in answers
SHARPEST = 20.0
FULL = 2.0  # trust in the matchers, at most
BINS = 10

STRANGER = -1  # label of a text whose class was not learnt: whatever is answered is wrong

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model said of texts that it had not seen, and what it should have said."""

    margins: Floats
    cold: Floats  # what the matchers said, as `parsers.learned.opinions`
    labels: NDArray[np.intp]  # places in the classes, or STRANGER

    def weighed(self, sharpness: float, trust: float) -> Floats:
        found: Floats = sharpness * self.margins + trust * self.cold
        return found


def calibrate(name: str, classes: tuple[str, ...], answers: Answers, *, rare: float) -> Field:
    """Sharpness and trust by likelihood, then the best class's score by its share of right ones."""
    known = answers.labels != STRANGER
    sharpness, trust = _weights(answers, known)
    weighed = answers.weighed(sharpness, trust)
    best = _softmax(weighed).max(axis=1)
    right = weighed.argmax(axis=1) == answers.labels
    slope, offset = _platt(np.array([odds(share) for share in best]), right)
    scores = _logistic(slope * np.array([odds(share) for share in best]) + offset)
    return Field(
        name=name,
        classes=classes,
        sharpness=sharpness,
        trust=trust,
        slope=slope,
        offset=offset,
        sure_from=_sure_from(scores, right),
        rare=rare,
    )


def report(
    field: Field,
    held_out: Answers,
    judged: Answers | None,
    *,
    cold: Sequence[str],
    telling: Mapping[str, Sequence[str]],
) -> Report:
    """`judged` are the answers that the scores were made from, where not those held out."""
    scored = judged or held_out
    weighed = scored.weighed(field.sharpness, field.trust)
    scores = np.array([field.score(share) for share in _softmax(weighed).max(axis=1).tolist()])
    right = weighed.argmax(axis=1) == scored.labels
    sure = scores >= field.sure_from
    known = held_out.labels != STRANGER
    labels = held_out.labels[known]
    codes = [field.classes[label] for label in labels]
    guesses = held_out.weighed(field.sharpness, field.trust)[known].argmax(axis=1)
    return Report(
        examples=len(codes),
        left_out=int((~known).sum()),
        counts={code: codes.count(code) for code in field.classes},
        accuracy=float((guesses == labels).mean()),
        macro_f1=float(f1_score(labels, guesses, average="macro", zero_division=0)),
        cold_accuracy=float((np.array(cold)[known] == codes).mean()),
        judged=len(judged.labels) if judged else 0,
        judged_accuracy=float(right.mean()) if judged else None,
        sure_share=float(sure.mean()),
        sure_right=float(right[sure].mean()) if sure.any() else None,
        calibration=_bins(scores, right),
        telling=telling,
    )


def _weights(answers: Answers, known: NDArray[np.bool_]) -> tuple[float, float]:
    """Sharpness and trust under which the right answers were likeliest."""
    some = Answers(answers.margins[known], answers.cold[known], answers.labels[known])

    def loss(pair: Numbers) -> float:
        sharpness, trust = np.clip(pair, (0.1, 0.0), (SHARPEST, FULL))
        return _unlikely(some.weighed(float(sharpness), float(trust)), some.labels)

    found = minimize(loss, np.array([2.0, 0.3]), method="Nelder-Mead").x
    sharpness, trust = np.clip(found, (0.1, 0.0), (SHARPEST, FULL))
    return float(sharpness), float(trust)


def _softmax(weighed: Floats) -> Numbers:
    powers = np.exp((weighed - weighed.max(axis=1, keepdims=True)).astype(np.float64))
    shares: Numbers = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _unlikely(weighed: Floats, labels: NDArray[np.intp]) -> float:
    """How little the model expected the labels; perfect answers on few examples prove little."""
    shares = np.maximum(_softmax(weighed), 1e-12)
    lapse = 1 / (len(labels) + 2)
    told = -np.log(shares[np.arange(len(labels)), labels]).mean()
    return float((1 - lapse) * told - lapse * np.log(shares).mean())


def _logistic(values: Numbers) -> Numbers:
    return 1.0 / (1.0 + np.exp(-values))


def _platt(values: Numbers, right: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of the odds of being right (Platt 1999), near 1 and 0 for few answers."""

    high, low = (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2)
    aim = np.where(right, high, low)

    def loss(pair: Numbers) -> float:
        scores = np.clip(_logistic(pair[0] * values + pair[1]), 1e-9, 1 - 1e-9)
        wrong = -(aim * np.log(scores) + (1 - aim) * np.log(1 - scores)).sum()
        return float(wrong + TRUST * ((pair[0] - 1) ** 2 + pair[1] ** 2))

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return max(float(slope), 0.01), float(offset)


def _sure_from(scores: Numbers, right: NDArray[np.bool_]) -> float:
    """The lowest score above which the answers prove RIGHT and the scores promise more.

    The answers alone are few, so that chance moves the threshold; the scores are a smooth curve.
    """
    order = np.argsort(-scores, kind="stable")
    answers = np.arange(1, len(order) + 1)
    shares = np.cumsum(right[order]) / answers
    needed = np.minimum(RIGHT + DOUBT * np.sqrt(RIGHT * (1 - RIGHT) / answers), 1.0)
    promised = np.cumsum(scores[order]) / answers >= EXPECTED
    proven = (shares >= needed) & promised
    enough = np.flatnonzero(proven & (answers >= FEWEST))
    if not len(enough):
        return NEVER
    lowest = float(scores[order[enough[-1]]])
    all_proven = enough[-1] == len(order) - 1
    return min(lowest, RIGHT) if all_proven else lowest


def _bins(scores: Numbers, right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Mean score and share of right answers, by tenths of the score."""
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    return [
        (round(float(scores[of].mean()), 3), round(float(right[of].mean()), 3), int(of.sum()))
        for of in (place == number for number in range(BINS))
        if of.any()
    ]
