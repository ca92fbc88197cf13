"""Tables that people write in a spreadsheet and save as CSV: every mistake at once."""

import csv
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

LARGEST = 100_000_000  # bytes of a file
LONGEST = 200  # characters of a field
SHOWN = 40  # characters of a wrong field
YES = frozenset({"1", "ya", "y", "yes", "true", "benar"})
NO = frozenset({"0", "tidak", "t", "n", "no", "false", "salah"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where to look, and what to correct."""

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = f" line {self.line}" if self.line else ""
        return f"{self.file}{place}{f', {self.column}' if self.column else ''}: {self.reason}"


@dataclass
class Sheet:
    """The rows of a file that can be read; what cannot is in `mistakes`."""

    file: str
    columns: frozenset[str] = frozenset()
    rows: list["Row"] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, reason: str, *, line: int = 0, column: str = "") -> None:
        self.mistakes.append(Mistake(self.file, line, column, reason))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file."""

    sheet: Sheet
    line: int
    fields: dict[str, str]

    def text(self, column: str) -> str:
        """Empty for a column that the file has not."""
        return self.fields.get(column, "")

    def get(self, column: str, old: str) -> str:
        """What was there before for a column that the file has not."""
        return self.fields.get(column, old)

    def has(self, column: str) -> bool:
        return column in self.fields

    def wrong(self, column: str, reason: str) -> None:
        self.sheet.wrong(reason, line=self.line, column=column)

    def flag(self, column: str, *, default: bool) -> bool:
        """Yes or no, in Indonesian or English; nothing is the default."""
        word = self.text(column).casefold()
        if word and word not in YES | NO:
            self.wrong(column, f"{shown(word)} is neither ya nor tidak.")
        return default if not word else word in YES


def shown(text: str) -> str:
    """A wrong field as a message quotes it."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")


def read(path: Path, columns: Sequence[str], needed: Collection[str]) -> Sheet:
    """Read the whole file, with , or ; between the fields and a header line."""
    sheet = Sheet(path.name)
    text = text_of(path, sheet)
    if text is None:
        return sheet
    lines = _lines(text, sheet)
    _, head = next(lines, (1, []))
    head = [name.strip().casefold() for name in head]
    if _good_head(head, columns, needed, sheet):
        sheet.columns = frozenset(head)
        sheet.rows = list(_rows(lines, head, sheet))
    return sheet


def _lines(text: str, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line, and where it begins: a field may hold line breaks."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=mark_of(text), strict=True)
    begin = 1
    try:
        for values in reader:
            yield begin, values
            begin = reader.line_num + 1
    except csv.Error as error:
        sheet.wrong(f"{error}.", line=reader.line_num)


def mark_of(text: str) -> str:
    """What stands between the fields: spreadsheets in Indonesia write `;`."""
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


def text_of(path: Path, sheet: Sheet) -> str | None:
    """The whole file; None if it cannot be read, and `sheet` says why."""
    try:
        if path.stat().st_size > LARGEST:
            sheet.wrong(f"is larger than {LARGEST // 1_000_000} MB.")
            return None
        content = path.read_bytes()
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            sheet.wrong("is UTF-16: save it as `CSV UTF-8`.")
        elif content.startswith(b"PK\x03\x04"):
            sheet.wrong("is a workbook (xlsx, ods): save it as `CSV UTF-8`.")
        else:
            return content.decode("utf-8-sig")
    except OSError as error:
        sheet.wrong(f"cannot be read ({error.strerror}).")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        sheet.wrong(
            f"byte {content[error.start]:#x} is not UTF-8: save it as `CSV UTF-8`.", line=line
        )
    return None


def _good_head(
    head: list[str], columns: Sequence[str], needed: Collection[str], sheet: Sheet
) -> bool:
    before = len(sheet.mistakes)
    for name in head:
        if name not in columns:
            sheet.wrong(f"column {shown(name)} is not one of {','.join(columns)}.", line=1)
    for name in columns:
        if head.count(name) > 1:
            sheet.wrong("stands twice.", line=1, column=name)
        if name in needed and name not in head:
            sheet.wrong("is missing.", line=1, column=name)
    return len(sheet.mistakes) == before


def _rows(lines: Iterator[tuple[int, list[str]]], head: list[str], sheet: Sheet) -> Iterator[Row]:
    for line, values in lines:
        if not any(value.strip() for value in values):
            continue
        if len(values) != len(head):
            sheet.wrong(f"{len(values)} fields instead of {len(head)}.", line=line)
            continue
        row = Row(sheet, line, {n: v.strip() for n, v in zip(head, values, strict=True)})
        for name, value in row.fields.items():
            if reason := _unfit(value):
                row.wrong(name, reason)
        yield row


def _unfit(value: str) -> str:
    if len(value) > LONGEST:
        return f"has {len(value)} characters, at most {LONGEST} fit."
    if any(unicodedata.category(mark) in ("Cc", "Cs") for mark in value):
        return "holds a line break or another control character."
    return ""
