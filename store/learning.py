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
from parsers.learned import LEGIBLE, Floats, Model, Vocabulary
from store.calibration import calibrate, report
from store.examples import LABELS, Example
from store.model_files import Learnt

FOLDS = 5
LEAST = 3  # examples of a class that is learnt
COST = 0.5  # of the linear SVM
BALANCE = 0.75  # 0: every example counts the same; 1: every class does
TOLERANCE = 0.01
SEEN_IN = {"w": 2, "r": 2, "p": 3, "c": 2, "k": 1, "o": 1}  # examples that have a feature
ABSENT = -2.0  # margin of a class that a fold has no examples of
TELLING = 8  # roots that are shown for each class
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
    cold: Sequence[Mapping[str, str]]  # the code that the matchers would have chosen, by field
    vocabulary: Vocabulary
    rows: csr_matrix
    folds: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Task:
    """The rows that teach one field."""

    name: str
    rows: csr_matrix
    folds: NDArray[np.intp]
    labels: NDArray[np.intp]  # places in `classes`
    classes: tuple[str, ...]
    cold: Sequence[str]
    left_out: int


def learn(examples: Sequence[Example], look: Look, say: Say) -> Learnt:
    """The same examples give the same model, whatever their order and however often repeated."""
    listed = sorted(set(examples), key=lambda e: (e.text, e.category, e.agency))
    if not any(_classes(listed, name) for name in LABELS):
        raise TooFew(
            f"nothing to learn: it takes two categories or two agencies of {LEAST} examples each."
        )
    lessons = _lessons(listed, look, say)
    say(f"{len(listed)} different examples, {len(lessons.vocabulary.names)} features")
    tasks = [_task(lessons, name, kept) for name in LABELS if (kept := _classes(listed, name))]
    weights, bias, fields, reports = [], [], [], {}
    for task in tasks:
        margins = _held_out(task, say)
        field = calibrate(task.name, task.classes, margins, task.labels, rare=_rare(task))
        of_task, bias_of_task = _fit(task.rows, task.labels, len(task.classes))
        reports[task.name] = report(
            field,
            margins,
            task.labels,
            cold=task.cold,
            left_out=task.left_out,
            telling=_telling(of_task, task.classes, lessons.vocabulary),
        )
        fields.append(field)
        weights.append(of_task)
        bias.append(bias_of_task)
    model = Model(lessons.vocabulary, np.vstack(weights).T.copy(), np.concatenate(bias), fields)
    return Learnt(model, reports)


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
        cold.append({name: max(s, key=s.__getitem__) for name, s in opinions.items() if s})
    vocabulary = _vocabulary(seen)
    folds = np.array([_fold(example.text) for example in examples], dtype=np.intp)
    return Lessons(examples, cold, vocabulary, _rows(vocabulary, seen), folds)


def _fold(text: str) -> int:
    """The same in every run, and for every copy of a text."""
    digest = hashlib.sha256(" ".join(text.split()).casefold().encode()).digest()
    return int.from_bytes(digest[:8]) % FOLDS


def _vocabulary(seen: Sequence[Seen]) -> Vocabulary:
    """Features that stand in enough examples, by name."""
    counts = Counter(name for one in seen for name in set(features.names(one)))
    kept = sorted(name for name, count in counts.items() if count >= SEEN_IN[name[0]])
    often = np.array([counts[name] for name in kept], dtype=np.float32)
    return Vocabulary(kept, (1 + np.log((1 + len(seen)) / (1 + often))).astype(np.float32))


def _rows(vocabulary: Vocabulary, seen: Sequence[Seen]) -> csr_matrix:
    encoded = [vocabulary.encode(one) for one in seen]
    ends = np.cumsum([0, *(len(columns) for columns, _ in encoded)])
    columns = np.concatenate([columns for columns, _ in encoded])
    values = np.concatenate([values for _, values in encoded]).astype(np.float64)
    return csr_matrix((values, columns, ends), shape=(len(seen), len(vocabulary.names)))


def _task(lessons: Lessons, name: str, classes: tuple[str, ...]) -> Task:
    place = {code: number for number, code in enumerate(classes)}
    labels = [example.label(name) for example in lessons.examples]
    chosen = np.array([row for row, code in enumerate(labels) if code in place], dtype=np.intp)
    return Task(
        name=name,
        rows=lessons.rows[chosen],
        folds=lessons.folds[chosen],
        labels=np.array([place[labels[row]] for row in chosen], dtype=np.intp),
        classes=classes,
        cold=[lessons.cold[row].get(name, "") for row in chosen],
        left_out=sum(1 for code in labels if code and code not in place),
    )


def _rare(task: Task) -> float:
    """How often, probably, the next message belongs to a class that was not learnt."""
    return (task.left_out + 1) / (task.left_out + len(task.labels) + 1)


def _held_out(task: Task, say: Say) -> Floats:
    """Margins of every example from a model that has not seen it."""
    margins = np.full((len(task.labels), len(task.classes)), ABSENT, dtype=np.float32)
    for number in range(FOLDS):
        say(f"{task.name}: cross-validation {number + 1} of {FOLDS}")
        out = task.folds == number
        taught = task.labels[~out]
        if out.any() and len(set(taught.tolist())) > 1:
            weights, bias = _fit(task.rows[~out], taught, len(task.classes))
            margins[out] = task.rows[out] @ weights.T + bias
    return margins


def _fit(rows: csr_matrix, labels: NDArray[np.intp], size: int) -> tuple[Floats, Floats]:
    """Weights and bias, one line for each class; a class without examples stays far behind."""
    counts = Counter(labels.tolist())
    usual = len(labels) / len(counts)
    balance = {label: (usual / count) ** BALANCE for label, count in counts.items()}
    machine = LinearSVC(C=COST, tol=TOLERANCE, class_weight=balance, random_state=0)
    machine.fit(rows, labels)
    found, base = machine.coef_, machine.intercept_
    if len(counts) == 2:  # one line tells two classes apart
        found, base = np.vstack([-found, found]), np.concatenate([-base, base])
    weights = np.zeros((size, rows.shape[1]), dtype=np.float32)
    bias = np.full(size, ABSENT, dtype=np.float32)
    weights[machine.classes_], bias[machine.classes_] = found, base
    return weights, bias


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
