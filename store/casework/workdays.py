"""The days on which government works, and the file that corrects them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from io import StringIO
from pathlib import Path

FREE_CATEGORIES = ("public", "government")  # libur nasional and cuti bersama
DAY = timedelta(days=1)
COLUMNS = ["date", "kind", "name"]
FREE, WORKING = "free", "working"


class CalendarError(Exception):
    """The file of free and working days cannot be used; `lines` has every mistake."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@lru_cache(maxsize=64)
def free_days(year: int) -> frozenset[date]:
    """What the package knows: of years without an SKB 3 Menteri estimates, and no cuti bersama."""
    from holidays import country_holidays  # 0.1 s that reading a message does not need

    return frozenset(country_holidays("ID", years=year, categories=FREE_CATEGORIES))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days of Indonesia: the package `holidays`, and days that are known better."""

    free: frozenset[date] = frozenset()
    working: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        if day in self.free or day in self.working:
            return day in self.working  # a Saturday too: work that was moved there
        return day.weekday() < 5 and day not in free_days(day.year)

    def working_from(self, day: date) -> date:
        """The day itself, or the first working day after it."""
        while not self.is_working(day):
            day += DAY
        return day

    def add(self, day: date, days: int) -> date:
        """So many working days later; a free day counts as the end of the working day before."""
        while days > 0:
            day += DAY
            days -= self.is_working(day)
        return day

    def back(self, today: date, days: int) -> date:
        """The first day of which `days` working days later is not past."""
        day = today
        while self.add(day - DAY, days) >= today:
            day -= DAY
        return day


def read_calendar(path: Path) -> Calendar:
    """A calendar with the days of a CSV `date,kind,name`; CalendarError lists every bad line."""
    kinds: dict[date, str] = {}
    mistakes = []
    for where, fields in _lines(_text(path), path.name):
        try:
            day, kind = _day(fields)
            if day in kinds:
                raise ValueError(f"{day} stands there twice")
            kinds[day] = kind
        except ValueError as error:
            mistakes.append(f"{where}: {error}.")
    if mistakes:
        raise CalendarError(mistakes)
    free, working = (
        frozenset(day for day, kind in kinds.items() if kind == wanted)
        for wanted in (FREE, WORKING)
    )
    return Calendar(free=free, working=working)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CalendarError([f"{path}: cannot be read ({error.strerror})."]) from error
    except UnicodeDecodeError as error:
        raise CalendarError([f"{path.name}: is not UTF-8 text."]) from error


def _lines(text: str, name: str) -> Iterator[tuple[str, list[str]]]:
    """Every row under the heading that is not blank, and where it stands."""
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        if [field.strip() for field in next(rows, [])] != COLUMNS:
            raise CalendarError([f"{name} line 1: must be the heading {','.join(COLUMNS)}."])
        for fields in rows:
            if any(field.strip() for field in fields):
                yield f"{name} line {rows.line_num}", [field.strip() for field in fields]
    except csv.Error as error:
        raise CalendarError([f"{name} line {rows.line_num}: {error}."]) from error


def _day(fields: list[str]) -> tuple[date, str]:
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(fields)} fields instead of {len(COLUMNS)}")
    day, kind, _ = fields
    if kind not in (FREE, WORKING):
        raise ValueError(f"kind {kind!r} is neither {FREE} nor {WORKING}")
    try:
        return date.fromisoformat(day), kind
    except ValueError as error:
        raise ValueError(f"{day!r} is not a date like 2027-03-11") from error
