"""One run of `lapor export`: pages of complaints into a file that is there when it is whole."""

import csv
import gzip
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final, TextIO, cast

import click
from sqlmodel import Session

from gateway.cli.importing import progress_bar
from gateway.cli.opening import actor
from gateway.runtime import Runtime
from parsers.catalogue import Catalogue
from store import audit
from store.agencies.directory import Directory
from store.agencies.scope import Scope
from store.exchange.export import COLUMNS, Shown, Wanted, cells, count, page
from store.exchange.files import Format
from store.exchange.names import national_regions
from store.models import ComplaintStatus

PAGE: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Export:
    """What the command line asked for."""

    path: Path
    form: Format
    since: date | None
    until: date | None
    agency: str
    area: str
    statuses: tuple[ComplaintStatus, ...]
    sources: tuple[str, ...]
    shown: Shown
    reason: str

    def run(self, rt: Runtime) -> int:
        """How many were written. The audit log knows of it before anything leaves."""
        with rt.transaction() as session:
            wanted = self._wanted(session, rt.settings.catalogue)
            self._audit(session, rt)
        with self._opened() as file, progress_bar() as progress:
            bar = progress.add_task("export", total=self._total(rt, wanted))
            write = self._writer(file)
            written = 0
            for found in self._pages(rt, wanted):
                for item in found:
                    write(item)
                written += len(found)
                progress.update(bar, completed=written)
        return written

    def _wanted(self, session: Session, catalogue: Catalogue) -> Wanted:
        return Wanted(
            since=self.since,
            until=self.until,
            scope=self._scope(session, catalogue) if self.agency else None,
            area=self.area,
            statuses=self.statuses,
            sources=self.sources,
        )

    def _scope(self, session: Session, catalogue: Catalogue) -> Scope:
        """Of an agency that is known: a slip of the finger is no empty export."""
        directory = Directory.load(session, catalogue)
        area = self.agency.partition("@")[2]
        if not directory.known(self.agency, [area] if area in national_regions() else []):
            raise click.UsageError(f"{self.agency!r} is no code of an agency.")
        return Scope.within(directory, self.agency)

    def _audit(self, session: Session, rt: Runtime) -> None:
        options = {
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "agency": self.agency,
            "area": self.area,
            "status": [status.value for status in self.statuses],
            "source": list(self.sources),
            "confidential": self.shown.confidential,
            "unmasked": self.shown.unmasked,
        }
        audit.write(
            session,
            now=rt.now(),
            actor=actor(),
            action="export",
            reason=self.reason,
            detail={"file": self.path.name, **{key: said for key, said in options.items() if said}},
        )

    def _total(self, rt: Runtime, wanted: Wanted) -> int | None:
        """Counted only where somebody sees the bar."""
        if not sys.stderr.isatty():
            return None
        with rt.reading() as session:
            return count(session, wanted, self.shown.zone)

    def _pages(self, rt: Runtime, wanted: Wanted) -> Iterator[list[dict[str, Any]]]:
        whole, after = self.form is Format.JSONL, 0
        while True:
            with rt.reading() as session:
                found, after = page(
                    session, wanted, self.shown, after=after, size=PAGE, whole=whole
                )
            if not found:
                return
            yield found

    def _writer(self, file: TextIO) -> Callable[[dict[str, Any]], object]:
        if self.form is Format.JSONL:
            return lambda found: file.write(json.dumps(found, ensure_ascii=False) + "\n")
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        return lambda found: rows.writerow(cells(found))

    @contextmanager
    def _opened(self) -> Iterator[TextIO]:
        """Standard output, or a file that only its owner reads, under its name when it is whole."""
        if str(self.path) == "-":
            out = TextIOWrapper(sys.stdout.buffer, "utf-8", newline="", write_through=False)
            yield out
            out.flush()
            out.detach()
            return
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            part.unlink(missing_ok=True)  # of an export that was broken off
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise click.UsageError(f"{self.path} cannot be written: {error.strerror}.") from error
        try:
            with open(handle, "wb") as binary:
                packed = self.path.suffix == ".gz"
                plain = gzip.GzipFile("", "wb", 6, binary, 0) if packed else binary
                with TextIOWrapper(cast("IO[bytes]", plain), "utf-8", newline="") as file:
                    yield file
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        part.replace(self.path)
