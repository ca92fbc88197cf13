"""How rows and values are shown: tables for people, JSON lines for programs."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

TABLE_ROWS = 500  # a long list is printed in tables of so many rows, none waits for the last
WIDTH_OF_A_FILE = 300  # where no terminal says how wide it is
# Marks that make a terminal show text in another order than it was written.
DIRECTION = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F], "")


@dataclass(frozen=True, slots=True)
class Hidden:
    """Something personal that is there but not shown."""

    length: int

    def __str__(self) -> str:
        return f"[{self.length} characters, shown with --reveal --reason]"


def console(*, err: bool = False) -> Console:
    """Colours on a terminal only; a pipe gets whole lines whatever they are long."""
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else WIDTH_OF_A_FILE
    return Console(file=stream, width=width, highlight=False, markup=False)


def printable(text: str) -> str:
    """Text of strangers without the characters that steer a terminal."""
    return "".join(
        mark if mark in "\n\t" or unicodedata.category(mark) not in ("Cc", "Cs") else "\ufffd"
        for mark in text.translate(DIRECTION)
    )


def print_json(value: Mapping[str, object]) -> None:
    """One line, ASCII only, so that no character can break a terminal or an encoding."""
    sys.stdout.write(json.dumps(value, default=_plain) + "\n")


def _plain(value: object) -> object:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Hidden():
            return None
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    out = console()
    for part in _parts(lines):
        table = Table(*columns, box=None, header_style="bold", pad_edge=False)
        for line in part:
            table.add_row(*(Text(printable(cell)) for cell in line))
        out.print(table)


def _parts(lines: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    rest = iter(lines)
    while part := list(islice(rest, TABLE_ROWS)):
        yield part


def print_fields(fields: Mapping[str, object], zone: ZoneInfo) -> None:
    """One field a line, aligned; empty ones are left out."""
    shown = {name: words(value, zone) for name, value in fields.items() if _says_something(value)}
    width = max(map(len, shown), default=0)
    for name, text in shown.items():
        first, *more = printable(text).split("\n")
        click.echo(f"{click.style(name.ljust(width), bold=True)}  {first}")
        for line in more:
            click.echo(f"{' ' * width}  {line}")


def _says_something(value: object) -> bool:
    return value is not None and value != "" and value != {} and value != []


def words(value: object, zone: ZoneInfo) -> str:
    """A value as a person reads it; times in the zone of the settings."""
    match value:
        case datetime():
            return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        case list():
            return "\n".join(words(item, zone) for item in value)
        case dict():
            said = {name: words(item, zone) for name, item in value.items()}
            return ", ".join(f"{name} {item}" for name, item in said.items() if item)
    return str(value)


def rupiah(amount: float) -> str:
    """`Rp 1.250`, as it is written in Indonesia."""
    return f"Rp {amount:,.0f}".replace(",", ".")
