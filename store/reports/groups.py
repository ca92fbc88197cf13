"""Complaints side by side: by time, agency, area, topic or source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from store.reports.agencies import agency_name
from store.reports.cases import Book, Cases, Numbers, homes
from store.reports.facts import area_code
from store.reports.numbers import Counts, Share, counts_by
from store.reports.query import Query, Unusable, area_name

PROVINCE = 100  # area numbers of one province
UNKNOWN = "unknown"  # a name that gateway.reports.words says in both languages
DAY = timedelta(days=1)
MOST_STEPS = 1000  # of time: days of nearly three years


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Complaints that have something in common; `key` is "" where that is not known."""

    key: str
    name: str
    counts: Counts
    of_all: Share  # complaints of the question


def by(what: str, cases: Cases, book: Book, query: Query) -> list[Group]:
    """Groups of a question: time in its order with its empty steps, the rest by size.

    Unusable if time has more than MOST_STEPS.
    """
    if what in TIMES:
        if query.days > MOST_STEPS * STEPS[what]:
            raise Unusable(
                f"by {what} a period is {MOST_STEPS * STEPS[what]:,} days at most, not"
                f" {query.days:,}: ask for a shorter one or for longer steps."
            )
        return _by_time(cases, query, TIMES[what])
    return PLAIN[what](cases, book, query)


def _by_time(cases: Cases, query: Query, start_of: Callable[[date], date]) -> list[Group]:
    days = [query.start + DAY * number for number in range(query.days)]
    starts = sorted({start_of(day) for day in days})
    position = {start: at for at, start in enumerate(starts)}
    table = np.array([position[start_of(day)] for day in days], dtype=np.int64)
    groups = table[cases.days - query.start.toordinal()]
    keys = [max(start, query.start).isoformat() for start in starts]
    return _groups(cases, groups, keys, keys)


def _by_agency(cases: Cases, book: Book, query: Query) -> list[Group]:
    """Agencies with what their units have; of one agency its units."""
    if query.agency:
        codes = [*cases.words.of("agency")]
        groups = cases.column("agency")
    else:
        groups, codes = homes(cases, book)
    return _sized(cases, groups, codes, [agency_name(book, code) for code in codes])


def _by_area(cases: Cases, book: Book, query: Query) -> list[Group]:  # noqa: ARG001 - one shape
    """Provinces; of a province its kabupaten and kota."""
    areas = cases.column("area")
    if not query.area:
        areas = areas // PROVINCE * PROVINCE
    numbers, groups = np.unique(areas, return_inverse=True)
    codes = [area_code(int(number)) for number in numbers]
    return _sized(cases, groups, codes, [area_name(code) or UNKNOWN for code in codes])


def by_topic(cases: Cases, book: Book, query: Query | None = None) -> list[Group]:  # noqa: ARG001
    codes = [*cases.words.of("category")]
    return _sized(cases, cases.column("category"), codes, [_topic(book, code) for code in codes])


def by_top_topic(cases: Cases, book: Book) -> list[Group]:
    """The same with sub-topics under the topic above them."""
    categories = book.directory.catalogue.categories
    positions: dict[str, int] = {}
    table = []
    for code in cases.words.of("category"):
        found = categories.get(code)
        above = found.parent[0] if found and found.parent else code
        table.append(positions.setdefault(above, len(positions)))
    groups = np.array(table, dtype=np.int64)[cases.rows["category"]]
    codes = list(positions)
    return _sized(cases, groups, codes, [_topic(book, code) for code in codes])


def _topic(book: Book, code: str) -> str:
    found = book.directory.catalogue.categories.get(code)
    return found.name if found else code or UNKNOWN


def by_source(cases: Cases, book: Book, query: Query | None = None) -> list[Group]:  # noqa: ARG001
    sources = [*cases.words.of("source")]
    return _sized(cases, cases.column("source"), sources, [word or UNKNOWN for word in sources])


def _sized(cases: Cases, groups: Numbers, keys: Sequence[str], names: Sequence[str]) -> list[Group]:
    """The most complaints first, and none without any."""
    found = [group for group in _groups(cases, groups, keys, names) if group.counts.received]
    return sorted(found, key=lambda group: (-group.counts.received, group.name))


def _groups(
    cases: Cases, groups: Numbers, keys: Sequence[str], names: Sequence[str]
) -> list[Group]:
    counted = counts_by(cases, groups, len(keys))
    return [
        Group(key=key, name=name, counts=found, of_all=Share(found.received, len(cases)))
        for key, name, found in zip(keys, names, counted, strict=True)
    ]


TIMES: Mapping[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - DAY * day.weekday(),
    "month": lambda day: day.replace(day=1),
}
STEPS: Mapping[str, int] = {"day": 1, "week": 7, "month": 30}  # days
PLAIN: Mapping[str, Callable[[Cases, Book, Query], list[Group]]] = {
    "agency": _by_agency,
    "area": _by_area,
    "topic": by_topic,
    "source": by_source,
}
WAYS = (*TIMES, *PLAIN)
