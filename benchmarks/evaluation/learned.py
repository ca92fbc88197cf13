"""What `lapor learn` brings a city that has only names and labelled examples."""

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.evaluation import plain
from benchmarks.evaluation.metrics import Share, macro_f1, share
from benchmarks.evaluation.table import Aim, Row, shown
from gateway.settings import ROOT

LAPOR = str(Path(sys.executable).with_name("lapor"))
GROUP = "After learning (`lapor learn`), a catalogue of names only"
FIFTHS = 5  # one fifth is held back
LEAST = 10  # examples of a label, before the split
MISSING = "not measured: no `lapor learn`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    id: str
    text: str
    category: str
    agency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One column of the examples that is learnt and asked."""

    what: str
    column: str  # category or agency
    aims: tuple[Aim | None, Aim | None]  # accuracy, macro-F1
    others: tuple[str, str]  # a plain classifier, as published


OFFICE = Task(
    what="city office", column="agency", aims=(Aim(0.84), Aim(0.72)), others=(".807", ".671")
)
TOPIC = Task(
    what="city topic", column="category", aims=(Aim(0.74), Aim(0.60)), others=(".693", ".527")
)
OFFICIAL = Task(
    what="official category, 1,000 examples",
    column="category",
    aims=(None, None),  # .56 and .45 are for national complaints, which are not to be had
    others=("", ""),
)


def can_learn() -> bool:
    done = subprocess.run([LAPOR, "learn", "--help"], capture_output=True, check=False)
    return done.returncode == 0


def order(id_: str) -> int:
    """A number that has nothing to do with the text and is the same in every run."""
    return int.from_bytes(sha256(id_.encode()).digest()[:8])


def split(examples: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """Four fifths to learn from, one to ask, by the hash of the id."""
    listed = list(examples)
    learn = [item for item in listed if order(item.id) % FIFTHS]
    return learn, [item for item in listed if not order(item.id) % FIFTHS]


def frequent(examples: Sequence[Example], of: Callable[[Example], str]) -> set[str]:
    counts = Counter(of(item) for item in examples)
    return {name for name, n in counts.items() if name and n >= LEAST}


def office_and_topic(examples: Sequence[Example]) -> list[Row]:
    """Both are learnt at once, as a city would; each is asked where its label is frequent."""
    on = "Surabaya, 20 % held back"
    offices = frequent(examples, lambda item: item.agency)
    topics = frequent(examples, lambda item: item.category)
    kept = [
        Example(
            id=item.id,
            text=item.text,
            category=item.category if item.category in topics else "",
            agency=item.agency if item.agency in offices else "",
        )
        for item in examples
    ]
    learn, ask = split(kept)
    answers = taught(learn, ask) if can_learn() else None
    return [
        row
        for task, names in ((OFFICE, offices), (TOPIC, topics))
        for row in rows(task, f"{on}, {len(names)} labels", learn, ask, answers)
    ]


def official(examples: Sequence[Example]) -> list[Row]:
    """The thousand examples with the lowest hash; a fifth of the others is asked."""
    learn, ask = split(item for item in examples if item.category)
    learn = sorted(learn, key=lambda item: order(item.id))[:1000]
    answers = taught(learn, ask) if can_learn() else None
    on = f"Surabaya by official category, {len({item.category for item in ask})} labels"
    return rows(OFFICIAL, on, learn, ask, answers)


Answer = Mapping[str, object]
Pair = tuple[str, str, bool]  # there, found, sure


def label(task: Task, item: Example) -> str:
    return item.agency if task.column == "agency" else item.category


def asked(task: Task, ask: Sequence[Example], answers: Sequence[Answer]) -> list[Pair]:
    pairs = []
    for item, answer in zip(ask, answers, strict=True):
        if there := label(task, item):
            match answer.get(task.column):
                case {"name": str(name), "sure": bool(sure)}:
                    pairs.append((there, name, sure))
                case _:
                    pairs.append((there, "", False))
    return pairs


def plainly(task: Task, learn: Sequence[Example], ask: Sequence[Example]) -> tuple[str, str]:
    """Accuracy and macro-F1 of the plain classifier on the same split."""
    known = [item for item in ask if label(task, item)]
    guesses = plain.guesses(
        [(item.text, label(task, item)) for item in learn], [item.text for item in known]
    )
    pairs = [(label(task, item), guess) for item, guess in zip(known, guesses, strict=True)]
    return shown(share(a == b for a, b in pairs).value), shown(macro_f1(pairs))


def rows(
    task: Task,
    on: str,
    learn: Sequence[Example],
    ask: Sequence[Example],
    answers: Sequence[Answer] | None,
) -> list[Row]:
    """`others` is the plain classifier: as it was published, and on this split."""
    pairs = asked(task, ask, answers) if answers is not None else []
    here = plainly(task, learn, ask)
    said = share(a == b for a, b, sure in pairs if sure)
    figures = (
        ("accuracy", share(a == b for a, b, _ in pairs).value, task.aims[0]),
        ("macro-F1", macro_f1((a, b) for a, b, _ in pairs), task.aims[1]),
        ("`sure`: share of all", Share(said.of, len(pairs)).value, None),
        ("`sure`: right", said.value, Aim(0.95)),
    )
    others = [
        f"LinearSVC {was}{was and ', '}here {now}"
        for was, now in zip(task.others, here, strict=True)
    ]
    return [
        Row(
            group=GROUP,
            what=f"{task.what}: {name}",
            on=on,
            n=len(pairs) or None,
            figure=figure,
            aim=aim,
            others=told,
            why="" if answers is not None else MISSING,
        )
        for (name, figure, aim), told in zip(figures, [*others, "", ""], strict=True)
    ]


def taught(learn: Sequence[Example], ask: Sequence[Example]) -> list[dict[str, object]]:
    """What `lapor understand` answers after `lapor learn`; the files are gone afterwards."""
    with TemporaryDirectory(prefix="eval-") as name:
        folder = Path(name)
        catalogue = folder / "catalogue"
        catalogue.mkdir()
        _names(catalogue / "categories.csv", (item.category for item in learn), "T")
        _names(catalogue / "agencies.csv", (item.agency for item in learn), "A")
        examples = folder / "examples.csv"
        with examples.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "category", "agency"))
            writer.writerows((item.text, item.category, item.agency) for item in learn)
        command = [LAPOR, "learn", "--catalogue", str(catalogue), "--examples", str(examples)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        lines = "".join(json.dumps({"id": item.id, "text": item.text}) + "\n" for item in ask)
        done = subprocess.run(
            [LAPOR, "understand", "--catalogue", str(catalogue)],
            check=True,
            cwd=ROOT,
            input=lines.encode(),
            stdout=subprocess.PIPE,
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _names(path: Path, names: Iterable[str], letter: str) -> None:
    """A catalogue file that has nothing but codes and names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("code", "name"))
        for number, name in enumerate(sorted(set(names) - {""}), 1):
            writer.writerow((f"{letter}{number:03}", name))
