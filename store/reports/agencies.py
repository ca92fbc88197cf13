"""Which agencies take part, which of them answer, and the review of a province."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from store.agencies.directory import Unit
from store.reports.cases import Book, Cases, answered_by, chosen, home_of, homes, own_level
from store.reports.numbers import Counts, Share, counts, counts_by
from store.reports.query import LEVELS, REGENCY, Query, area_names

NOBODY = "no_agency"  # the name of what no agency has; gateway.reports.words says it


@dataclass(frozen=True, slots=True)
class Activity:
    """Active agencies (they answered something in the period) of those connected, by level."""

    levels: Mapping[str, Share]

    @property
    def total(self) -> Share:
        shares = self.levels.values()
        return Share(sum(each.part for each in shares), sum(each.whole for each in shares))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAgency:
    code: str
    name: str
    level: str
    area: str  # of a local government
    connected: bool | None  # None: nobody imported it
    active: bool
    counts: Counts
    overdue: int = 0

    @property
    def silent(self) -> bool:
        """It has complaints and answered nothing in the period."""
        return not self.active and self.counts.received > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A province: its own government and those of its kabupaten and kota."""

    area: str
    agencies: Sequence[OfAgency]
    elsewhere: Counts  # of complaints from the province that other agencies have, or nobody

    @property
    def counts(self) -> Counts:
        return sum((agency.counts for agency in self.agencies), Counts())

    @property
    def overdue(self) -> int:
        return sum(agency.overdue for agency in self.agencies)

    @property
    def connected(self) -> Share:
        known = [agency for agency in self.agencies if agency.connected is not None]
        return Share(sum(bool(agency.connected) for agency in known), len(known))

    @property
    def active(self) -> Share:
        """Of those that are connected, as far as that is known."""
        able = [agency for agency in self.agencies if agency.connected is not False]
        return Share(sum(agency.active for agency in able), len(able))


def connected(book: Book, query: Query) -> list[Unit]:
    """The agencies that take part, as they were imported; units of theirs are not counted."""
    within = book.scope(query.agency) if query.agency else None
    return [
        unit
        for unit in book.directory.units.values()
        if unit.connected and (level := own_level(book.directory, unit.code))
        if not query.level or level == query.level
        if not query.area or _inside(unit.area, query.area)
        if within is None or within(unit.code)
    ]


def _inside(area: str, whole: str) -> bool:
    return area == whole or area.startswith(f"{whole}.")


def active(book: Book, query: Query) -> set[str]:
    """The agencies that answered something in the period, themselves or by a unit."""
    answered = answered_by(book, query.start, query.end)
    return {home_of(book.directory, code) for code in answered}


def activity(book: Book, query: Query) -> Activity:
    answered, found = active(book, query), connected(book, query)
    levels: dict[str, Share] = {}
    for level in LEVELS:
        own = [unit.code for unit in found if own_level(book.directory, unit.code) == level]
        if own:
            levels[level] = Share(sum(code in answered for code in own), len(own))
    return Activity(levels)


def agencies(book: Book, query: Query, cases: Cases, overdue: Mapping[str, int]) -> list[OfAgency]:
    """All that are connected or have complaints of the question, the most complaints first."""
    rows = _Rows(book, query, cases, overdue)
    codes = {unit.code for unit in connected(book, query)} | rows.with_cases()
    found = [rows.of(code) for code in codes]
    return sorted(found, key=lambda row: (-row.counts.received, row.name))


def review(book: Book, query: Query, cases: Cases, overdue: Mapping[str, int]) -> Review:
    """`cases` and `overdue` are those of the period from everywhere; `query.area` a province."""
    rows = _Rows(book, query, cases, overdue)
    members = _members(book, query.area)
    return Review(
        area=query.area,
        agencies=[rows.of(code) for code in members],
        elsewhere=rows.left(frozenset(members)),
    )


def _members(book: Book, province: str) -> list[str]:
    """The governments that were imported, else those of the catalogue, by their areas."""
    governments = book.directory.governments
    inside = sorted((area, code) for code, area in governments.items() if _inside(area, province))
    imported = [code for _, code in inside if code in book.directory.units]
    return imported or [code for _, code in inside]


class _Rows:
    """What each agency has, its units included."""

    def __init__(self, book: Book, query: Query, cases: Cases, overdue: Mapping[str, int]) -> None:
        self._book, self._query, self._cases = book, query, cases
        self._overdue = overdue_by_home(book, overdue)
        self._active = active(book, query)
        self._groups, codes = homes(cases, book)
        self._codes = codes
        self._counts = dict(zip(codes, counts_by(cases, self._groups, len(codes)), strict=True))

    def with_cases(self) -> set[str]:
        return {code for code, found in self._counts.items() if code and found.received}

    def of(self, code: str) -> OfAgency:
        unit = self._book.directory.units.get(code)
        return OfAgency(
            code=code,
            name=agency_name(self._book, code),
            level=own_level(self._book.directory, code),
            area=self._book.directory.governments.get(code, ""),
            connected=unit.connected if unit else None,
            active=code in self._active,
            counts=self._counts.get(code, Counts()),
            overdue=self._overdue.get(code, 0),
        )

    def left(self, members: frozenset[str]) -> Counts:
        """Of the complaints from the area those that none of these has."""
        outside = np.array([code not in members for code in self._codes], dtype=np.bool_)
        others = self._cases.where(outside[self._groups])
        area = Query(start=self._query.start, end=self._query.end, area=self._query.area)
        return counts(chosen(others, area, self._book))


def overdue_by_home(book: Book, found: Mapping[str, int]) -> Mapping[str, int]:
    """Units' overdue complaints as those of the agencies above them."""
    total: Counter[str] = Counter()
    for code, count in found.items():
        total[home_of(book.directory, code)] += count
    return total


def agency_name(book: Book, code: str) -> str:
    """An office at a place has the name of its type and of the place; "" is no agency yet."""
    if not code:
        return NOBODY
    name = book.directory.name(code)
    if name or "@" not in code:
        return name or code
    kind, _, area = code.partition("@")
    of_type = book.directory.name(kind)
    return f"{of_type} {area_names().get(area[:REGENCY], area)}" if of_type else code
