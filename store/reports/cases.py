"""The packed complaints that a report is about, as arrays."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from sqlalchemy import func
from sqlmodel import Session, col, select

from store.agencies.directory import Directory
from store.agencies.scope import Scope
from store.agency_models import Rollup, RollupState
from store.reports.facts import ANSWER, CASE, Words, area_number, unpacked
from store.reports.query import FILTERS, LEVELS, Query
from store.reports.rollups import ONLY

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cases:
    """Complaints by column, each with its day of receipt; `words` says what its numbers mean."""

    rows: npt.NDArray[np.void]
    days: Numbers  # date.toordinal
    words: Words

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> npt.NDArray[np.int64]:
        return self.rows[name].astype(np.int64)

    def where(self, mask: Mask) -> "Cases":
        return Cases(self.rows[mask], self.days[mask], self.words)

    def between(self, start: date, end: date) -> "Cases":
        first, last = np.searchsorted(self.days, (start.toordinal(), end.toordinal() + 1))
        return Cases(self.rows[first:last], self.days[first:last], self.words)


@dataclass(frozen=True)
class Book:
    """What codes mean here: read once for a report."""

    directory: Directory
    session: Session

    @property
    def words(self) -> Words:
        """As they are now: read after the rollups, they have all words that those use."""
        found = self.session.exec(select(col(RollupState.words)).where(RollupState.id == ONLY))
        return Words(found.first() or {})

    def scope(self, agency: str) -> Callable[[str], bool]:
        """Whether an agency is this one or one of its units; other governments are neither."""
        return Scope.within(self.directory, agency).own.reaches


def open_book(session: Session, directory: Directory) -> Book:
    return Book(directory, session)


def load(book: Book, start: date, end: date) -> Cases:
    """All complaints received in these days, in the order of the days."""
    statement = select(col(Rollup.day), col(Rollup.cases)).where(
        col(Rollup.day) >= start, col(Rollup.day) <= end
    )
    found = book.session.exec(statement.order_by(col(Rollup.day))).all()
    counts = [len(packed) // CASE.itemsize for _, packed in found]
    days = np.repeat(np.array([day.toordinal() for day, _ in found], dtype=np.int64), counts)
    return Cases(unpacked((packed for _, packed in found), CASE), days, book.words)


def received(book: Book, query: Query) -> int:
    """How many; without a filter their records are not even read, only how long they are."""
    if any(getattr(query, name) for name in FILTERS):
        return len(chosen(load(book, query.start, query.end), query, book))
    statement = select(func.sum(func.length(col(Rollup.cases)))).where(
        col(Rollup.day) >= query.start, col(Rollup.day) <= query.end
    )
    return int(book.session.exec(statement).one() or 0) // CASE.itemsize


def answered_by(book: Book, start: date, end: date) -> set[str]:
    """The agencies that answered anything in these days, whenever it was received."""
    statement = select(col(Rollup.answers)).where(col(Rollup.day) <= end)
    answers = unpacked(book.session.exec(statement), ANSWER)
    inside = (answers["day"] >= start.toordinal()) & (answers["day"] <= end.toordinal())
    known = book.words.of("agency")
    return {known[number] for number in np.unique(answers["agency"][inside])}


def chosen(cases: Cases, query: Query, book: Book) -> Cases:
    """Those that the question is about, whatever its period."""
    mask: Mask | None = None
    for found in _masks(cases, query, book):
        mask = found if mask is None else mask & found
    return cases if mask is None else cases.where(mask)


def _masks(cases: Cases, query: Query, book: Book) -> Iterable[Mask]:
    if query.area:
        first = area_number(query.area)
        last = first if first % 100 else first + 99
        yield (cases.rows["area"] >= first) & (cases.rows["area"] <= last)
    if query.agency:
        yield _those(cases, "agency", book.scope(query.agency))
    if query.level:
        yield _those(cases, "agency", lambda code: level_of(book.directory, code) == query.level)
    if query.topic:
        topics = within(query.topic, book.directory)
        yield _those(cases, "category", topics.__contains__)
    for name in ("kind", "source", "campaign"):
        if wanted := getattr(query, name):
            yield _those(cases, name, wanted.__eq__)


def _those(cases: Cases, name: str, wanted: Callable[[str], bool]) -> Mask:
    """A word is looked at once, not once for each complaint."""
    known = cases.words.of(name)
    table = np.array([bool(word) and wanted(word) for word in known], dtype=np.bool_)
    mask: Mask = table[cases.rows[name]]
    return mask


def within(topic: str, directory: Directory) -> frozenset[str]:
    """A topic with its sub-topics."""
    categories = directory.catalogue.categories.values()
    below = (each.code for each in categories if each.parent and each.parent[0] == topic)
    return frozenset({topic, *below})


def level_of(directory: Directory, code: str) -> str:
    """kementerian, lembaga, pemda or bumn; of a unit that of the agency above it."""
    return own_level(directory, home_of(directory, code)) or ("pemda" if "@" in code else "")


def own_level(directory: Directory, code: str) -> str:
    """ "" for what is no agency of its own: units, types of local offices."""
    unit, agency = directory.units.get(code), directory.catalogue.agencies.get(code)
    written = (unit.level if unit else "") or (agency.level if agency else "")
    level = written.partition("_")[0]
    return level if level in LEVELS else ""


def home_of(directory: Directory, code: str) -> str:
    """The agency that a unit or an office at a place belongs to; itself if it is one."""
    found, seen = code, {""}
    while found not in seen and not own_level(directory, found):
        seen.add(found)
        found = directory.parent_of(found)
    return found or code


def homes(cases: Cases, book: Book) -> tuple[Numbers, list[str]]:
    """For each complaint the position of its agency in a list of agencies, units left out."""
    codes: dict[str, int] = {}
    table = [
        codes.setdefault(home_of(book.directory, code), len(codes))
        for code in cases.words.of("agency")
    ]
    return np.array(table, dtype=np.int64)[cases.rows["agency"]], list(codes)
