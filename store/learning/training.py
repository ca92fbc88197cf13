"""Learning from labelled examples: features, cross-validation, the final model."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

from parsers import features
from parsers.features import Seen
from parsers.learned import LEGIBLE, Field, Model, opinions
from parsers.vocabulary import OPINIONS, Floats, Vocabulary
from store.learning.calibration import FEWEST, STRANGER, Answers, calibrate, report
from store.learning.examples import LABELS, Example
from store.learning.model_files import Learnt

FOLDS = 5
LEAST = 3  # examples of a class that is learnt
COST = 0.5  # of the linear SVM
BALANCE = 0.75  # 0: every example counts the same; 1: every class does
TOLERANCE = 0.01
MATCHERS = {"k": 0.2, "o": 0.3}  # weight of what those of the two catalogues think
ADVICE, LOUDEST = 350, 0.6  # that of the national model: ADVICE by examples, at most LOUDEST
SEEN_IN = {"w": 2, "r": 2, "p": 3, "c": 2, "k": 1, "o": 1, "a": 1}  # examples that have a feature
ABSENT = -2.0  # margin of a class that a fold has no examples of
TELLING = 8  # roots that are shown for each class
FAINT = 0.03  # share of the loudest weight of a class below which a weight is left out
EVERY = 1000  # examples after which progress is said

Say = Callable[[str], None]
Cold = Mapping[str, Mapping[str, float]]  # what the matchers think, by field and code
Look = Callable[[str], tuple[Seen, Cold]]


class TooFew(ValueError):
    """Nothing can be learnt from so few examples; the message says what is needed."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """All examples as the model sees them, one row of numbers each."""

    examples: Sequence[Example]
    cold: Sequence[Cold]
    vocabulary: Vocabulary
    rows: csr_matrix
    folds: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Machine:
    """One line of weights, and a bias, for each class of one field."""

    weights: Floats
    bias: Floats

    def margins(self, rows: csr_matrix) -> Floats:
        found: Floats = (rows @ self.weights.T + self.bias).astype(np.float32)
        return found


@dataclass(frozen=True, slots=True)
class Task:
    """The rows that teach one field."""

    name: str
    rows: csr_matrix
    vocabulary: Vocabulary
    folds: NDArray[np.intp]
    labels: NDArray[np.intp]  # places in `classes`, or STRANGER: such a row teaches nothing
    classes: tuple[str, ...]
    cold: Floats  # what the matchers said, as `parsers.learned.opinions`
    first: Sequence[str]  # the code that they would have chosen


def learn(
    examples: Sequence[Example], look: Look, say: Say, *, judged_on: Sequence[Example] = ()
) -> Learnt:
    """The same examples give the same model, whatever their order and however often repeated.

    `judged_on` are messages from elsewhere. They teach nothing: scores and what is called sure
    are made from the answers to them, for every field of which they have enough labels.
    """
    elsewhere = _distinct(judged_on)
    taken = {_plain(example.text) for example in elsewhere}
    listed = [example for example in _distinct(examples) if _plain(example.text) not in taken]
    if not any(_classes(listed, name) for name in LABELS):
        raise TooFew(
            "nothing to learn: it takes two kinds, two categories or two agencies "
            f"of {LEAST} examples each."
        )
    lessons = _lessons(listed, look, say)
    say(f"{len(listed)} different examples, {len(lessons.vocabulary.names)} features")
    tasks = [_task(lessons, name, kept) for name in LABELS if (kept := _classes(listed, name))]
    machines = [_fit(task, np.ones(len(task.labels), dtype=bool)) for task in tasks]
    looked = [look(example.text) for example in elsewhere]
    fields, reports = [], {}
    for task, machine in zip(tasks, machines, strict=True):
        held_out = _held_out(task, say)
        judged = _judged(task, machine, lessons.vocabulary, elsewhere, looked)
        scored = judged or held_out
        field = calibrate(task.name, task.classes, scored, rare=_rare(scored.labels))
        fields.append(field)
        reports[task.name] = report(
            field,
            held_out,
            judged,
            cold=task.first,
            telling=_telling(machine.weights, task.classes, lessons.vocabulary),
        )
    return Learnt(_model(lessons.vocabulary, machines, fields), reports)


def _distinct(examples: Sequence[Example]) -> list[Example]:
    return sorted(set(examples), key=lambda e: (e.text, e.kind, e.category, e.agency))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _model(vocabulary: Vocabulary, machines: Sequence[Machine], fields: Sequence[Field]) -> Model:
    """Without the features that speak for and against no class."""
    weights = np.vstack([machine.weights for machine in machines]).T
    bias = np.concatenate([machine.bias for machine in machines])
    loud = np.flatnonzero(weights.any(axis=1))
    kept = Vocabulary([vocabulary.names[at] for at in loud.tolist()], vocabulary.rarity[loud])
    return Model(kept, np.ascontiguousarray(weights[loud]), bias, fields)


def _classes(examples: Sequence[Example], name: str) -> tuple[str, ...]:
    """The codes with enough examples; none if that leaves nothing to tell apart."""
    counts = Counter(label for example in examples if (label := example.label(name)))
    kept = sorted(code for code, count in counts.items() if count >= LEAST)
    return tuple(kept) if len(kept) > 1 else ()


def _lessons(examples: Sequence[Example], look: Look, say: Say) -> Lessons:
    seen, cold = [], []
    for number, example in enumerate(examples):
        if number % EVERY == 0:
            say(f"reading example {number + 1} of {len(examples)}")
        one, opinions = look(example.text)
        seen.append(one)
        cold.append(opinions)
    vocabulary = _vocabulary(seen)
    folds = np.array([_fold(example.text) for example in examples], dtype=np.intp)
    return Lessons(examples, cold, vocabulary, _rows(vocabulary, seen), folds)


def _fold(text: str) -> int:
    """The same in every run, and for every copy of a text."""
    digest = hashlib.sha256(_plain(text).encode()).digest()
    return int.from_bytes(digest[:8]) % FOLDS


def _vocabulary(seen: Sequence[Seen]) -> Vocabulary:
    """Features that stand in enough examples, by name."""
    counts = Counter(feature for one in seen for feature in set(features.families(one)))
    kept = {
        features.name_of(family, key): count
        for (family, key), count in counts.items()
        if count >= SEEN_IN[family]
    }
    names = sorted(kept)
    often = np.array([kept[name] for name in names], dtype=np.float32)
    rarity = (1 + np.log((1 + len(seen)) / (1 + often))).astype(np.float32)
    weights = {**MATCHERS, "a": min(ADVICE / max(len(seen), 1), LOUDEST)}
    for family, weight in weights.items():
        rarity[_of(names, family)] = weight
    return Vocabulary(names, rarity)


def _of(names: Sequence[str], *families: str) -> list[bool]:
    return [name.startswith(families) for name in names]


def _rows(vocabulary: Vocabulary, seen: Sequence[Seen]) -> csr_matrix:
    shape = (len(seen), len(vocabulary.names))
    encoded = [vocabulary.encode(one) for one in seen]
    if not encoded:
        return csr_matrix(shape)
    ends = np.cumsum([0, *(len(columns) for columns, _ in encoded)])
    columns = np.concatenate([columns for columns, _ in encoded])
    values = np.concatenate([values for _, values in encoded]).astype(np.float64)
    rows = csr_matrix((values, columns, ends), shape=shape)
    rows.sum_duplicates()
    return rows


def _task(lessons: Lessons, name: str, classes: tuple[str, ...]) -> Task:
    place = {code: number for number, code in enumerate(classes)}
    labels = [example.label(name) for example in lessons.examples]
    chosen = np.array([row for row, code in enumerate(labels) if code], dtype=np.intp)
    return Task(
        name=name,
        rows=lessons.rows[chosen],
        vocabulary=lessons.vocabulary,
        folds=lessons.folds[chosen],
        labels=np.array([place.get(labels[row], STRANGER) for row in chosen], dtype=np.intp),
        classes=classes,
        cold=_cold(classes, name, [lessons.cold[row] for row in chosen]),
        first=[_first(lessons.cold[row].get(name, {})) for row in chosen],
    )


def _cold(classes: Sequence[str], name: str, said: Sequence[Cold]) -> Floats:
    if not said:
        return np.zeros((0, len(classes)), dtype=np.float32)
    places = {code: place for place, code in enumerate(classes)}
    return np.vstack([opinions(places, one.get(name, {})) for one in said])


def _first(shares: Mapping[str, float]) -> str:
    return max(shares, key=shares.__getitem__) if shares else ""


def _rare(labels: NDArray[np.intp]) -> float:
    """How often, probably, the next message belongs to a class that was not learnt."""
    return float(((labels == STRANGER).sum() + 1) / (len(labels) + 1))


def _held_out(task: Task, say: Say) -> Answers:
    """On every example from a model that has not seen it, those that belong to no class too."""
    margins = np.full((len(task.labels), len(task.classes)), ABSENT, dtype=np.float32)
    for number in range(FOLDS):
        say(f"{task.name}: cross-validation {number + 1} of {FOLDS}")
        out = task.folds == number
        if out.any() and len({*task.labels[~out].tolist()} - {STRANGER}) > 1:
            margins[out] = _fit(task, ~out).margins(task.rows[out])
    return Answers(margins, task.cold, task.labels)


def _judged(
    task: Task,
    machine: Machine,
    vocabulary: Vocabulary,
    examples: Sequence[Example],
    looked: Sequence[tuple[Seen, Cold]],
) -> Answers | None:
    """On the messages from elsewhere; None where too few of them have such a label."""
    place = {code: number for number, code in enumerate(task.classes)}
    codes = [example.label(task.name) for example in examples]
    chosen = [row for row, code in enumerate(codes) if code]
    labels = np.array([place.get(codes[row], STRANGER) for row in chosen], dtype=np.intp)
    if (labels != STRANGER).sum() < FEWEST:
        return None
    rows = _rows(vocabulary, [looked[row][0] for row in chosen])
    cold = _cold(task.classes, task.name, [looked[row][1] for row in chosen])
    return Answers(machine.margins(rows), cold, labels)


def _fit(task: Task, taught: NDArray[np.bool_]) -> Machine:
    """A class without examples stays far behind."""
    taught = taught & (task.labels != STRANGER)
    labels, size = task.labels[taught], len(task.classes)
    counts = Counter(labels.tolist())
    usual = len(labels) / len(counts)
    balance = {label: (usual / count) ** BALANCE for label, count in counts.items()}
    machine = LinearSVC(C=COST, tol=TOLERANCE, class_weight=balance, random_state=0)
    machine.fit(task.rows[taught], labels)
    found, base = machine.coef_, machine.intercept_
    if len(counts) == 2:  # one line tells two classes apart
        found, base = np.vstack([-found, found]), np.concatenate([-base, base])
    weights = np.zeros((size, len(task.vocabulary.names)), dtype=np.float32)
    bias = np.full(size, ABSENT, dtype=np.float32)
    weights[machine.classes_], bias[machine.classes_] = found, base
    loud = np.abs(weights) * task.vocabulary.rarity
    faint = loud < FAINT * loud.max(axis=1, keepdims=True)
    faint[:, _of(task.vocabulary.names, *OPINIONS)] = False  # few, and no rarity
    weights[faint] = 0.0
    return Machine(weights, bias)


def _telling(
    weights: Floats, classes: Sequence[str], vocabulary: Vocabulary
) -> dict[str, tuple[str, ...]]:
    """For each class the roots that speak most for it."""
    roots = [column for column, name in enumerate(vocabulary.names) if name.startswith(LEGIBLE)]
    ranked = np.argsort(-weights[:, roots], axis=1, kind="stable")[:, :TELLING]
    return {
        code: tuple(_words(vocabulary, [roots[place] for place in best]))
        for code, best in zip(classes, ranked.tolist(), strict=True)
    }


def _words(vocabulary: Vocabulary, columns: Sequence[int]) -> Iterator[str]:
    return (vocabulary.names[column].removeprefix(LEGIBLE) for column in columns)
