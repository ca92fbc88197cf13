"""One run of `lapor import`: what is read in batches, what each became, and what was wrong."""

import csv
import shutil
import sys
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Final, TextIO

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from bots import routing
from gateway.cli.opening import actor
from gateway.cli.rows import console
from gateway.runtime import Runtime
from parsers.understanding import Kind
from store import audit
from store.agency_models import AgencyRow
from store.exchange import batch as exchange
from store.exchange.batch import Batch
from store.exchange.cells import Cells, Problem, neutral
from store.exchange.columns import Columns, Unusable, read_mapping
from store.exchange.export import mask
from store.exchange.files import Format, opened_text, records
from store.exchange.names import Names, national_regions
from store.exchange.records import Interpreter, Record, Unknown

ROWS: Final = 2_000  # of one transaction: live messages wait less than a second for it
CHARACTERS: Final = 8_000_000  # the same in texts
TRIES: Final = 3  # of a batch that met somebody who filed the same number in that moment
BLOCK: Final = 1 << 16  # numbers of one piece of the bitmap


@dataclass
class Summary:
    """What became of the lines of one file."""

    dry_run: bool
    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    linked: int = 0
    orphans: int = 0  # children whose parent is not here
    ignored: list[str] = field(default_factory=list)  # columns
    unknown: Unknown = field(default_factory=Unknown)

    def as_dict(self) -> dict[str, object]:
        counts = ("read", "added", "updated", "unchanged", "refused", "linked", "orphans")
        words = {name: dict(found.most_common(20)) for name, found in self.unknown.words.items()}
        return {
            "dry_run": self.dry_run,
            **{name: getattr(self, name) for name in counts},
            "warnings": dict(self.unknown.counts),
            "unknown": words,
            "ignored_columns": self.ignored,
        }

    def count(self, batch: Batch) -> None:
        self.added += len(batch.added)
        self.updated += len(batch.changed)
        self.unchanged += batch.unchanged


class Seen:
    """Tracking numbers of this file: one bit each, so that a million of them weigh little."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, number: int) -> bool:
        """Whether it is new."""
        block, place = divmod(number, BLOCK)
        bits = self._blocks.setdefault(block, bytearray(BLOCK // 8))
        byte, bit = place >> 3, 1 << (place & 7)
        new = not bits[byte] & bit
        bits[byte] |= bit
        return new


@dataclass
class Complaints:
    """Says what is wrong with lines, on stderr and in the file of --errors."""

    file: TextIO | None
    lines: int = 0

    def __post_init__(self) -> None:
        self._last = 0
        self._rows = csv.writer(self.file) if self.file else None
        if self._rows:
            self._rows.writerow(("line", "column", "reason"))

    def say(self, problem: Problem) -> None:
        self.lines += problem.line != self._last  # a line may have several
        self._last = problem.line
        click.echo(str(problem), err=True)
        if self._rows:
            self._rows.writerow((problem.line, neutral(problem.column), neutral(problem.reason)))


@dataclass(frozen=True, kw_only=True)
class Import:
    """What the command line asked for."""

    path: Path
    form: Format | None
    mapping: Path | None
    encoding: str
    errors: Path | None
    dry_run: bool

    def run(self, rt: Runtime) -> Summary:
        """Everything; Unusable before anything is written if the file cannot be used."""
        columns = Columns(_mapping(self.mapping))
        with ExitStack() as stack:
            binary = stack.enter_context(_seekable(self.path))
            text, lines = stack.enter_context(opened_text(binary, encoding=self.encoding))
            found = records(text, self.form, columns)
            file = self.errors and self.errors.open("w", encoding="utf-8", newline="")
            complaints = Complaints(stack.enter_context(file) if file else None)
            progress = stack.enter_context(progress_bar())
            bar = progress.add_task("import", total=lines)
            run = Run(rt, Summary(self.dry_run), _interpreter(rt), complaints)
            if not self.dry_run:
                self._audit(rt, "import", {})
            for batch, line in run.batches(found):
                run.file(batch)
                progress.update(bar, completed=line)
            run.link()
        return self._concluded(rt, run, columns)

    def _concluded(self, rt: Runtime, run: "Run", columns: Columns) -> Summary:
        summary = run.summary
        summary.refused, summary.unknown = run.complaints.lines, run.interpreter.unknown
        summary.ignored = list(columns.ignored)
        if columns.ignored:
            names = ", ".join(repr(name[:60]) for name in columns.ignored)
            click.echo(f"Warning: these columns are not known and not kept: {names}.", err=True)
        if not self.dry_run:
            counts = {name: getattr(summary, name) for name in ("added", "updated", "refused")}
            self._audit(rt, "import.done", counts)
        return summary

    def _audit(self, rt: Runtime, action: str, detail: Mapping[str, object]) -> None:
        with rt.transaction() as session:
            audit.write(
                session,
                now=rt.now(),
                actor=actor(),
                action=action,
                reason="",
                detail={"file": self.path.name, **detail},
            )


@dataclass
class Run:
    """One file on its way into the database."""

    rt: Runtime
    summary: Summary
    interpreter: Interpreter
    complaints: Complaints
    seen: Seen = field(default_factory=Seen)
    children: "array[int]" = field(default_factory=lambda: array("q"))
    parents: "array[int]" = field(default_factory=lambda: array("q"))
    lines: "array[int]" = field(default_factory=lambda: array("q"))  # where those were read

    def batches(self, found: Iterable[Cells | Problem]) -> Iterator[tuple[list[Record], int]]:
        """Good records in bounded batches, and the line that was read last."""
        batch: list[Record] = []
        size = line = 0
        for item in found:
            line = item.line
            self.summary.read += 1
            if record := self._record(item):
                batch.append(record)
                size += record.size
            if len(batch) >= ROWS or size >= CHARACTERS:
                yield batch, line
                batch, size = [], 0
        yield batch, line

    def _record(self, item: Cells | Problem) -> Record | None:
        if isinstance(item, Problem):
            self.complaints.say(item)
            return None
        record = self.interpreter.read(item)
        if not isinstance(record, Record):
            for problem in record:
                self.complaints.say(problem)
            return None
        if not self.seen.add(record.tracking):
            reason = f"{record.tracking} stands in this file more than once; the first is kept"
            self.complaints.say(Problem(item.line, "tracking", reason))
            return None
        if record.parent is not None:
            self.children.append(record.tracking)
            self.parents.append(record.parent)
            self.lines.append(item.line)
        return record

    def file(self, records: list[Record]) -> None:
        """One batch in one transaction."""
        if records:
            batch = self._checked(records) if self.summary.dry_run else self._written(records)
            for problem in batch.refused:
                self.complaints.say(problem)
            self.summary.count(batch)

    def _checked(self, records: list[Record]) -> Batch:
        with self.rt.reading() as session:
            return self._plan(session, records, lock=False)

    def _plan(self, session: Session, records: list[Record], *, lock: bool) -> Batch:
        return exchange.plan(session, records, now=self.interpreter.now, mask=mask, lock=lock)

    def _written(self, records: list[Record]) -> Batch:
        for attempt in range(1, TRIES + 1):
            try:
                return self.rt.unit(lambda session: self._write(session, records))
            except IntegrityError:
                if attempt == TRIES:
                    raise
        raise AssertionError("the last try returns or raises")

    def _write(self, session: Session, records: list[Record]) -> Batch:
        batch = self._plan(session, records, lock=True)
        exchange.write(session, batch, now=self.rt.now())
        return batch

    def link(self) -> None:
        """Families, when every member is there."""
        if self.summary.dry_run:
            return
        for start in range(0, len(self.children), ROWS):
            part = slice(start, start + ROWS)
            pairs = dict(zip(self.children[part], self.parents[part], strict=True))
            where = dict(zip(self.children[part], self.lines[part], strict=True))
            link = partial(
                exchange.link, pairs=pairs, now=self.rt.now(), warn=partial(_warn, where)
            )
            new, missing = self.rt.unit(link)
            self.summary.linked += new
            self.summary.orphans += missing


def _warn(lines: Mapping[int, int], tracking: int, reason: str) -> None:
    click.echo(f"Warning: line {lines[tracking]}: parent: {reason}", err=True)


def _interpreter(rt: Runtime) -> Interpreter:
    catalogue = rt.settings.catalogue
    with rt.reading() as session:
        agencies = session.exec(select(AgencyRow)).all()

    def duty(kind: str, category: str | None) -> str:
        known = catalogue.categories.get(category or "")
        return routing.duty(Kind(kind), known.default_class if known else "")

    return Interpreter(
        names=Names(catalogue, agencies, national_regions()),
        clock=rt.settings.clock,
        zone=rt.settings.zone,
        duty=duty,
        now=rt.now(),
    )


def _mapping(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        return read_mapping(path.read_text(encoding="utf-8-sig").splitlines(), path.name)
    except UnicodeDecodeError as error:
        raise Unusable(f"{path.name} is not UTF-8 text.") from error


@contextmanager
def _seekable(path: Path) -> Iterator[IO[bytes]]:
    """A pipe is first kept in a file without a name: the whole of it is checked before any use."""
    with ExitStack() as stack:
        dash = str(path) == "-"
        file = sys.stdin.buffer if dash else stack.enter_context(path.open("rb"))
        if dash or not file.seekable():
            kept = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(file, kept)
            kept.seek(0)
            yield kept
        else:
            yield file


def progress_bar() -> Progress:
    """On a terminal only, and never between the data."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console(err=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
