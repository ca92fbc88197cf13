"""The same figures by noise, channel and length, and with a part of the parser taken away."""

from collections.abc import Callable, Mapping, Sequence

from benchmarks.evaluation.categories import Classes, Judged, correct, in_three, office, sure
from benchmarks.evaluation.corpus import Case
from benchmarks.evaluation.metrics import share
from benchmarks.evaluation.places import Placed, at_level
from benchmarks.evaluation.table import Sheet, shown
from parsers.understanding import Understanding

HEADS = ("n", "topic", "class", "top 3", "agency", "kab/kota", "kind", "`sure`", "`sure` right")
BANDS = ((40, "to 40"), (160, "41-160"), (400, "161-400"), (10**9, "over 400"))

Read = Sequence[tuple[Case, Understanding]]


def broken_down(answers: Read, classes: Classes) -> list[Sheet]:
    """One sheet for each way to divide the corpus."""
    ways: dict[str, Callable[[Case], str]] = {
        "noise": lambda case: str(case.noise),
        "channel": lambda case: case.channel or "none",
        "characters": lambda case: band(len(case.text)),
    }
    return [_sheet(answers, classes, way, of) for way, of in ways.items()]


def band(length: int) -> str:
    return next(name for most, name in BANDS if length <= most)


def _sheet(answers: Read, classes: Classes, way: str, of: Callable[[Case], str]) -> Sheet:
    order = [name for _, name in BANDS]
    found = sorted({of(case) for case, _ in answers})
    if set(found) <= set(order):
        found = [name for name in order if name in found]
    lines = []
    for value in found:
        part = [(case, seen) for case, seen in answers if of(case) == value]
        lines.append((value, *figures(part, classes)))
    return Sheet(title=f"By {way}", heads=(way, *HEADS), lines=lines)


def figures(answers: Read, classes: Classes) -> tuple[str, ...]:
    """The cells of HEADS."""
    judged = [Judged(case.topics, seen) for case, seen in answers]
    told = [item for item in judged if item.right]
    desks = [(case.agencies, seen) for case, seen in answers if case.agencies]
    placed = [Placed(c.place or "", seen) for c, seen in answers if c.place_text]
    coverage, precision = sure(judged, str)
    return (
        f"{len(answers)}",
        shown(share(correct(item, str) for item in told).value),
        shown(share(correct(item, classes.of) for item in told).value),
        shown(share(in_three(item, str) for item in told).value),
        shown(share(_desk(right, seen) for right, seen in desks).value),
        shown(share(at_level(item, 5) for item in placed if len(item.code) >= 5).value),
        shown(share(case.kind == seen.kind for case, seen in answers).value),
        shown(coverage.value),
        shown(precision.value),
    )


def _desk(right: Sequence[str], seen: Understanding) -> bool:
    return seen.agency is not None and office(seen.agency.code) in map(office, right)


def ablation_sheet(
    parts: Mapping[str, Read], real: Mapping[str, Sequence[Judged]], classes: Classes
) -> Sheet:
    """What each part adds: the first line is the whole parser."""
    lines = []
    for name, answers in parts.items():
        judged = real.get(name, [])
        told = [item for item in judged if item.right]
        city = shown(share(correct(item, classes.of) for item in told).value)
        coverage, precision = sure(judged, classes.of)
        city_sure = f"{shown(coverage.value)} / {shown(precision.value)}"
        lines.append((name, *figures(answers, classes), city, city_sure))
    return Sheet(
        title="What each part adds",
        heads=("parser", *HEADS, "Surabaya class", "its `sure` / right"),
        lines=lines,
        note="Our corpus, and beside it every third complaint of Surabaya.",
    )
