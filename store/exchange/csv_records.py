"""CSV of strangers, record by record: one that is broken spoils no other."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from store.exchange.cells import LONGEST_LINE, Cells, Problem, TooLong, as_written, read_line
from store.exchange.columns import FIELDS, NESTED, Columns, Unusable, folded

MOST_LINES: Final = 2_000  # of one record, whose cells may hold line breaks
SEPARATORS: Final = (",", ";", "\t")


class _Endless(Exception):
    """A record of which no end is in sight."""


class _Feed:
    """Lines for csv.reader; those of a record that went wrong are read once more, but the first."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._again = stream, deque[str]()
        self.taken: list[str] = []  # the lines of the record that is being read
        self.line = 1  # where it begins
        self._size = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else read_line(self._stream)
        if not line:
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        long = isinstance(line, TooLong) or len(self.taken) > MOST_LINES
        if long or self._size > LONGEST_LINE:
            raise _Endless
        return line

    def done(self) -> None:
        self.line += len(self.taken)
        self._begin()

    def _begin(self) -> None:
        self._size = 0
        self.taken.clear()

    def give_back(self) -> None:
        """All but the first line of this record."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.line += 1
        self._begin()


def csv_records(stream: TextIO, columns: Columns) -> Iterator[Cells | Problem]:
    """Unusable, at once, if the header says nothing."""
    csv.field_size_limit(LONGEST_LINE)
    feed = _Feed(stream)
    separator = _separator(stream)
    header = _header(feed, separator)
    fields = columns.of_header(header)
    if "tracking" not in fields:
        raise Unusable(
            "line 1: there is no column for the tracking number, such as Tracking ID; "
            "say with --mapping what it is called."
        )
    return _rows(feed, separator, fields)


def _separator(stream: TextIO) -> str:
    """The mark that parts the header into the most names that we know."""
    first = read_line(stream)
    stream.seek(0)
    parts = {mark: next(csv.reader([first], delimiter=mark), []) for mark in SEPARATORS}
    known = {mark: sum(folded(n) in FIELDS for n in names) for mark, names in parts.items()}
    return max(SEPARATORS, key=lambda mark: (known[mark], len(parts[mark])))


def _header(feed: _Feed, separator: str) -> list[str]:
    try:
        header = next(csv.reader(feed, delimiter=separator, strict=True), [])
    except (csv.Error, _Endless) as error:
        raise Unusable("line 1: the header cannot be read as CSV.") from error
    feed.done()
    if not any(name.strip() for name in header):
        raise Unusable("the file has no header: its first line must name the columns.")
    names = [folded(name) for name in header if folded(name) in FIELDS]
    if twice := next((name for name in header if names.count(folded(name)) > 1), None):
        raise Unusable(f"line 1: the column {twice.strip()[:60]!r} stands there twice.")
    return header


def _rows(feed: _Feed, separator: str, fields: Sequence[str | None]) -> Iterator[Cells | Problem]:
    reader = csv.reader(feed, delimiter=separator, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Endless) as error:
            yield Problem(feed.line, "line", _csv_fault(error, feed))
            feed.give_back()
            reader = csv.reader(feed, delimiter=separator, strict=True)
            continue
        if any("\x00" in line for line in feed.taken):
            yield Problem(feed.line, "line", "has a NUL character")
        elif any(row):
            yield _row(feed, row, fields)
        feed.done()


def _csv_fault(error: Exception, feed: _Feed) -> str:
    if isinstance(error, _Endless):
        if len(feed.taken) > MOST_LINES:
            return f"a quote is not closed within {MOST_LINES:,} lines"
        return f"is longer than {LONGEST_LINE:,} characters"
    if "unexpected end" in str(error):
        return "a quote is not closed before the end of the file"
    return f"is not CSV: {error}"


def _row(feed: _Feed, row: list[str], fields: Sequence[str | None]) -> Cells | Problem:
    more = row[len(fields) :]
    if len(row) < len(fields) or any(cell.strip() for cell in more):
        lines = len(feed.taken)
        until = f" (up to line {feed.line + lines - 1})" if lines > 1 else ""
        return Problem(feed.line, "fields", f"{len(row)} instead of {len(fields)}{until}")
    values: dict[str, object] = {
        name: as_written(cell) for name, cell in zip(fields, row, strict=False) if name
    }
    nested = next((name for name in NESTED if values.get(name)), None)
    if nested:
        return Problem(feed.line, nested, "can be given in JSON lines only")
    return Cells(feed.line, values)
