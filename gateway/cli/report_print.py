"""A report on the terminal, and as CSV."""

import csv
import json
from collections.abc import Sequence
from datetime import date
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.rows import console, printable
from gateway.reports.document import Document, Section, as_object
from gateway.reports.words import Change, Value, say, title, with_whole, written
from store.reports.numbers import Share
from store.reports.query import FILTERS

GOOD, FAIR = 0.8, 0.5  # rates from which a figure is green, or yellow
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # https://owasp.org/www-community/attacks/CSV_Injection
BAD = frozenset({"overdue"})  # of these none is best
RATED = frozenset({"rate_of_received", "rate_of_kept", "rate", "active_rate", "in_time"})
RATED |= {"first_response_in_time", "completion_in_time", "satisfied"}


def as_table(document: Document, top: int) -> str:
    """Tables, coloured on a terminal; of a long one the first `top` lines, 0: all."""
    out = console()
    with out.capture() as caught:
        _print(out, document, top)
    return caught.get()


def _print(out: Console, document: Document, top: int) -> None:
    out.print(Text(heading(document), style="bold"))
    for note in document.notes:
        out.print(Text(say(note, "en"), style="yellow"))
    for section in (each.for_people() for each in document.sections):
        if section.rows:
            out.print()
            out.print(_vertical(section) if section.single else _table(section, top))
            if not section.single and 0 < top < len(section.rows):
                out.print(Text(f"... {len(section.rows) - top} more: --top 0", style="dim"))


def heading(document: Document) -> str:
    query = document.query
    narrowed = [f"{name} {getattr(query, name)}" for name in FILTERS if getattr(query, name)]
    parts = [title(document.report, "en"), f"{query.start} to {query.end}", *narrowed]
    if document.refreshed_at:
        parts.append(f"as of {document.refreshed_at:%Y-%m-%d %H:%M %Z}")
    return ", ".join(parts)


def _vertical(section: Section) -> Table:
    table = Table(title=title(section.key, "en"), box=None, show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, value in zip(section.columns, section.rows[0], strict=True):
        table.add_row(say(name, "en"), _cell(name, value, whole=True))
    return table


def _table(section: Section, top: int) -> Table:
    table = Table(
        title=title(section.key, "en"), box=None, title_justify="left", header_style="bold"
    )
    first = section.rows[0]
    for name, value in zip(section.columns, first, strict=True):
        left = isinstance(value, str | bool)
        table.add_column(say(name, "en"), justify="left" if left else "right")
    for row in section.rows[: top or None]:
        table.add_row(*(_cell(name, v) for name, v in zip(section.columns, row, strict=True)))
    return table


def _cell(name: str, value: Value, *, whole: bool = False) -> Text:
    text = with_whole(value, "en") if whole and isinstance(value, Share) else written(value, "en")
    return Text(printable(text), style=_colour(name, value))


def _colour(name: str, value: Value) -> str:
    match value:
        case Share(rate=float(rate)) if name in RATED:
            return "green" if rate >= GOOD else "yellow" if rate >= FAIR else "red"
        case int() if name in BAD and value:
            return "red"
        case False if name in ("active", "connected"):
            return "red"
    return ""


def as_json(document: Document) -> str:
    """One line, ASCII only, as all commands print it."""
    return json.dumps(as_object(document), default=_iso) + "\n"


def _iso(value: object) -> str:
    if isinstance(value, date):  # or a time
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def as_csv(document: Document) -> str:
    """The longest table of the report; of a report with none, a line for each figure."""
    out = StringIO(newline="")
    writer = csv.writer(out)
    table = _main(document)
    if table is None:
        writer.writerow(["section", "figure", "value", "of"])
        writer.writerows(_lines(document))
    else:
        writer.writerow(table.columns)
        writer.writerows([[_raw(value) for value in row] for row in table.rows])
    return out.getvalue()


def _main(document: Document) -> Section | None:
    if document.report == "summary" and document.sections[-1].key != "groups":
        return None
    tables = [section for section in document.sections if not section.single]
    return next((table for table in tables if table.key in MAIN), tables[0] if tables else None)


MAIN = ("groups", "agencies", "topics", "channels", "completion")


def _lines(document: Document) -> list[Sequence[object]]:
    return [
        [section.key, name, _raw(value), value.whole if isinstance(value, Share) else ""]
        for section in document.sections
        if section.single
        for name, value in zip(section.columns, section.rows[0], strict=True)
    ]


def _raw(value: Value) -> object:
    """A figure for a spreadsheet; a text that would be a formula there gets an apostrophe."""
    match value:
        case Share() | Change():
            return "" if value.rate is None else round(value.rate, 4)
        case str() if value.startswith(FORMULA):
            return f"'{value}"
        case bool():
            return "yes" if value else "no"
        case None:
            return ""
    return value
