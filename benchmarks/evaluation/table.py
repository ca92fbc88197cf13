"""What was measured as tables: for a terminal, for a Markdown file, for a program."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table

from benchmarks.evaluation.metrics import Share

HEADS = ("what", "on", "n", "figure", "aim", "met", "others")
LEFT = frozenset({"what", "on", "others", "met"})


@dataclass(frozen=True, slots=True)
class Aim:
    """A bar of issue 3: at least `value`, or at most."""

    value: float
    at_most: bool = False

    def met(self, figure: float) -> bool:
        return figure <= self.value if self.at_most else figure >= self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. Without a figure it was not measured, and `why` says why."""

    group: str
    what: str
    on: str = ""
    n: int | None = None
    figure: float | None = None
    unit: str = "share"  # share, /s, s, MB
    aim: Aim | None = None
    others: str = ""  # what others reach today
    why: str = ""

    @property
    def met(self) -> bool | None:
        return self.aim.met(self.figure) if self.aim and self.figure is not None else None

    def cells(self) -> tuple[str, ...]:
        return (
            self.what,
            self.on,
            "" if self.n is None else f"{self.n:,}",
            shown(self.figure, self.unit) if self.figure is not None else self.why or "-",
            f"{'<=' if self.aim.at_most else '>='} {shown(self.aim.value, self.unit)}"
            if self.aim
            else "",
            {True: "yes", False: "NO", None: ""}[self.met],
            self.others,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of another shape: a breakdown, an ablation."""

    title: str
    heads: tuple[str, ...]
    lines: Sequence[tuple[str, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that one run found out, and where."""

    rows: Sequence[Row]
    sheets: Sequence[Sheet]
    about: dict[str, str] = field(default_factory=dict)


def shown(value: float | None, unit: str = "share") -> str:
    if value is None:
        return "-"
    match unit:
        case "share":
            return f"{value:.3f}"
        case "s":
            return f"{value:.1f} s"
        case _:
            return f"{value:,.0f}{unit if unit.startswith('/') else ' ' + unit}"


def row(
    group: str, what: str, on: str, got: Share, aim: Aim | None = None, others: str = ""
) -> Row:
    return Row(group=group, what=what, on=on, n=got.of, figure=got.value, aim=aim, others=others)


def sheets(result: Result) -> list[Sheet]:
    """The rows by group, then the others."""
    groups = dict.fromkeys(item.group for item in result.rows)
    listed = [_listed(group, [r for r in result.rows if r.group == group]) for group in groups]
    return [*listed, *result.sheets]


def _listed(group: str, rows: Sequence[Row]) -> Sheet:
    return Sheet(title=group, heads=HEADS, lines=[item.cells() for item in rows])


def show(result: Result, console: Console) -> None:
    for sheet in sheets(result):
        table = Table(title=sheet.title, title_justify="left", caption=sheet.note or None)
        for place, head in enumerate(sheet.heads):
            table.add_column(head, justify="left" if _left(head, place) else "right")
        for line in sheet.lines:
            table.add_row(*line)
        console.print(table)
    for name, value in result.about.items():
        console.print(f"{name}: {value}", style="dim", highlight=False)


def markdown(result: Result, introduction: str) -> str:
    lines = [introduction.rstrip()]
    for sheet in sheets(result):
        rules = ("---" if _left(head, n) else "---:" for n, head in enumerate(sheet.heads))
        lines += ["", f"## {sheet.title}", ""]
        lines += [sheet.note, ""] if sheet.note else []
        lines += [_line(sheet.heads), _line(rules), *(_line(line) for line in sheet.lines)]
    lines += ["", "## Measured on", ""]
    lines += [f"- {name}: {value}" for name, value in result.about.items()]
    return "\n".join(lines) + "\n"


def as_json(result: Result) -> str:
    rows = [asdict(item) | {"met": item.met} for item in result.rows]
    others = [asdict(sheet) for sheet in result.sheets]
    return json.dumps({"rows": rows, "sheets": others, "about": result.about}, indent=2)


def _left(head: str, place: int) -> bool:
    return place == 0 or head in LEFT


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
