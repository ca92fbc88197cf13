"""Whether category and agency are right, and whether `sure` is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.evaluation.metrics import (
    Point,
    Share,
    Step,
    calibration_error,
    macro_f1,
    share,
    smallest,
)
from benchmarks.evaluation.table import Aim, Row, Sheet, row, shown
from parsers.catalogue import Catalogue
from parsers.understanding import Candidate, Kind, Understanding

SURE = Aim(0.95)
HALF = Aim(0.50)
COARSE = Aim(0.70)
MARGINS = (0.0, 4.0, 8.0, 15.0, 25.0)
FILED = frozenset({Kind.COMPLAINT, Kind.ASPIRATION, Kind.INFORMATION_REQUEST, Kind.EMERGENCY})


@dataclass(frozen=True, slots=True)
class Judged:
    """What was understood beside what is right, the best first; nothing right: a person decides."""

    right: tuple[str, ...]
    seen: Understanding

    @property
    def files(self) -> bool:
        """Whether `sure` would have had an effect: a greeting is not filed."""
        return bool(self.right) or self.seen.kind in FILED


class Classes:
    """The coarse class of each category: its official top category, small ones put together."""

    def __init__(self, catalogue: Catalogue, classes: Mapping[str, str]) -> None:
        self._tops = {
            code: category.parent[0] if category.parent else code
            for code, category in catalogue.categories.items()
        }
        self._classes = classes

    def of(self, code: str) -> str:
        top = self._tops.get(code, code)
        return self._classes.get(top, top)

    def known(self, code: str) -> bool:
        return code in self._tops


Name = Callable[[str], str]  # what of a code is compared


def correct(judged: Judged, name: Name) -> bool:
    """Whether the best category is one of the right ones."""
    best = judged.seen.category
    return best is not None and name(best.code) in map(name, judged.right)


def in_three(judged: Judged, name: Name) -> bool:
    right = set(map(name, judged.right))
    return any(name(item.code) in right for item in judged.seen.categories[:3])


def pair(judged: Judged, name: Name) -> tuple[str, str]:
    """(there, found); any right answer counts as the best one."""
    best = judged.seen.category
    wanted = name(judged.right[0])
    if correct(judged, name):
        return wanted, wanted
    return wanted, name(best.code) if best else ""


def points(answers: Sequence[Judged], name: Name) -> list[Point]:
    return [_point(item.seen.categories, correct(item, name)) for item in answers if item.files]


def _point(ranked: Sequence[Candidate], right: bool) -> Point:
    if not ranked:
        return Point(0.0, 0.0, False)
    second = ranked[1].score if len(ranked) > 1 else 0.0
    return Point(ranked[0].score, ranked[0].score - second, right)


def sure(answers: Sequence[Judged], name: Name) -> tuple[Share, Share]:
    """How many are sure, and how many of these are right."""
    filed = [item for item in answers if item.files]
    said = [item for item in filed if item.seen.category and item.seen.category.sure]
    return Share(len(said), len(filed)), share(correct(item, name) for item in said)


def category_rows(
    group: str, on: str, answers: Sequence[Judged], classes: Classes, *, aims: bool
) -> list[Row]:
    """Coarse class, then the routing topic itself."""
    told = [item for item in answers if item.right]
    coverage, precision = sure(answers, classes.of)
    others = "fuzzy .35-.42, trained elsewhere .46-.58" if aims else ""
    macro = macro_f1(pair(item, classes.of) for item in told)
    coarse = share(correct(item, classes.of) for item in told)
    return [
        row(group, "coarse class: accuracy", on, coarse, COARSE if aims else None, others),
        Row(group=group, what="coarse class: macro-F1", on=on, n=len(told), figure=macro),
        row(group, "coarse class: top 3", on, share(in_three(i, classes.of) for i in told)),
        row(group, "`sure`: share of all", on, coverage, HALF if aims else None),
        row(group, "`sure`: coarse class right", on, precision, SURE if aims else None),
        *_topic_rows(group, on, answers, told),
    ]


def _topic_rows(
    group: str, on: str, answers: Sequence[Judged], told: Sequence[Judged]
) -> list[Row]:
    _, precision = sure(answers, str)
    macro = macro_f1(pair(item, str) for item in told)
    error = calibration_error(points(told, str))
    return [
        row(group, "routing topic: accuracy", on, share(correct(i, str) for i in told)),
        Row(group=group, what="routing topic: macro-F1", on=on, n=len(told), figure=macro),
        row(group, "routing topic: top 3", on, share(in_three(i, str) for i in told)),
        row(group, "`sure`: routing topic right", on, precision, SURE),
        Row(group=group, what="score: calibration error", on=on, n=len(told), figure=error),
    ]


def threshold_sheet(tune: Sequence[Judged], others: Mapping[str, Sequence[Judged]]) -> Sheet:
    """For each margin the lowest score that is right 19 times in 20 on the tune half."""
    tuned = points(tune, str)
    lines = []
    for margin in MARGINS:
        step = smallest(tuned, SURE.value, margin=margin)
        if step is None:
            lines.append((f"{margin:.0f}", "-", "-", "-", *["-"] * len(others)))
            continue
        found = [_at(points(answers, str), step) for answers in others.values()]
        here = (f"{step.threshold}", shown(step.coverage), shown(step.precision))
        lines.append((f"{margin:.0f}", *here, *found))
    return Sheet(
        title="Thresholds of `sure` for the routing topic",
        heads=("margin", "lowest score", "tune covered", "tune right", *others),
        lines=lines,
        note="The lowest `category_score` that is right in 95 % on the tune half, by margin; "
        "the last columns say what it gives elsewhere: covered / right.",
    )


def _at(elsewhere: Sequence[Point], step: Step) -> str:
    trusted = [p for p in elsewhere if p.score >= step.threshold and p.lead >= step.margin]
    covered = Share(len(trusted), len(elsewhere)).value
    return f"{shown(covered)} / {shown(share(p.right for p in trusted).value)}"


def office(code: str) -> str:
    """DINAS_PUPR of DINAS_PUPR@32.04."""
    return code.partition("@")[0]


def agency_rows(
    group: str, on: str, answers: Sequence[Judged], *, whole: bool, aims: bool = False
) -> list[Row]:
    """`right` are agencies here; `whole`: the office at its place, not only its type."""
    told = [item for item in answers if item.right]
    rows = [row(group, "agency, its type: accuracy", on, share(_desk(i, office) for i in told))]
    macro = macro_f1(_desk_pair(item) for item in told)
    rows.append(Row(group=group, what="agency, its type: macro-F1", on=on, figure=macro))
    three = share(
        any(office(a.code) in map(office, i.right) for a in i.seen.agencies[:3]) for i in told
    )
    rows.append(row(group, "agency, its type: top 3", on, three))
    name: Name = str if whole else office
    if whole:
        rows.append(
            row(group, "agency at its place: accuracy", on, share(_desk(i, str) for i in told))
        )
    filed = [item for item in answers if item.files]
    said = [item for item in filed if item.seen.agency and item.seen.agency.sure]
    right = share(_desk(item, name) for item in said)
    rows.append(row(group, "agency `sure`: share of all", on, Share(len(said), len(filed))))
    rows.append(row(group, "agency `sure`: right", on, right, SURE if aims else None))
    return rows


def _desk(judged: Judged, name: Name) -> bool:
    best = judged.seen.agency
    return best is not None and name(best.code) in map(name, judged.right)


def _desk_pair(judged: Judged) -> tuple[str, str]:
    wanted = office(judged.right[0])
    if _desk(judged, office):
        return wanted, wanted
    return wanted, office(judged.seen.agency.code) if judged.seen.agency else ""
