"""What a report is asked about: a period, and what narrows it."""

import csv
import gzip
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from io import StringIO

from store.agencies.directory import LOCAL, Directory
from store.gazetteer import SEED
from store.reports.facts import Words

REGENCY = 5  # characters of the code of a kabupaten or kota
KINDS = ("complaint", "aspiration", "information_request")
CHANNELS = ("sms", "whatsapp", "telegram", "kannel", "open311", "api")
LEVELS = ("kementerian", "lembaga", "pemda", "bumn")
FILTERS = ("area", "agency", "level", "topic", "campaign", "kind", "source")  # of a query
NEAR = 0.6  # share of letters from which a word is a slip for another


class Unusable(ValueError):
    """The question makes no sense; the message says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Complaints received from `start` to `end`, both days included; "" narrows nothing."""

    start: date
    end: date
    area: str = ""  # a province, kabupaten or kota, with all within
    agency: str = ""  # with its units
    level: str = ""
    topic: str = ""  # with its sub-topics
    campaign: str = ""
    kind: str = ""
    source: str = ""

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def before(self) -> "Query | None":
        """The same number of days that went before; None where the calendar has not so many."""
        try:
            span = timedelta(days=self.days)
            return replace(self, start=self.start - span, end=self.end - span)
        except OverflowError:
            return None

    def a_year_before(self) -> "Query | None":
        if self.start.year == date.min.year:
            return None
        return replace(self, start=_a_year_before(self.start), end=_a_year_before(self.end))


def _a_year_before(day: date) -> date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap else day.day)


@cache
def area_names() -> Mapping[str, str]:
    """Provinces, kabupaten and kota by their Kemendagri codes."""
    text = gzip.decompress((SEED / "wilayah.csv.gz").read_bytes()).decode()
    rows = csv.reader(StringIO(text, newline=""))
    next(rows)
    return {code: name for code, name in rows if len(code) <= REGENCY}


def area_name(code: str) -> str:
    name = area_names().get(code, code)
    return f"Provinsi {name}" if len(code) == 2 else name


def check(
    query: Query,
    directory: Directory,
    words: Words,
    *,
    today: date,
    campaigns: Collection[str] = (),
) -> None:
    """Unusable, with what was meant perhaps; `words` are those that complaints have."""
    if query.start > query.end:
        raise Unusable(f"the period ends on {query.end}, before it starts on {query.start}.")
    if query.start > today:
        raise Unusable(f"the period starts on {query.start}, which is yet to come.")
    _check_area(query.area)
    if query.agency and not _is_agency(query.agency, directory, words.of("agency")):
        _unknown("agency", query.agency, directory.suggest(query.agency))
    topics = {*directory.catalogue.categories, *words.of("category")}
    if query.topic and query.topic not in topics:
        _unknown("topic", query.topic, _near_topics(query.topic, directory))
    for what, value, known in (
        ("level", query.level, LEVELS),
        ("kind", query.kind, (*KINDS, *words.of("kind"))),
        ("source", query.source, (*CHANNELS, *words.of("source"))),
        ("campaign", query.campaign, (*campaigns, *words.of("campaign"))),
    ):
        if value and value not in known:
            some = [word for word in dict.fromkeys(known) if word]
            _unknown(what, value, get_close_matches(value, some, cutoff=NEAR) or some[:9])


def _check_area(code: str) -> None:
    if not code or code in area_names():
        return
    if code[:REGENCY] in area_names():
        raise Unusable(f"reports go down to kabupaten and kota: ask for {code[:REGENCY]}.")
    names = {name.casefold(): found for found, name in area_names().items()}
    spoken = [names[name] for name in get_close_matches(code.casefold(), names, cutoff=NEAR)]
    within = [found for found in area_names() if found.startswith(code[:2]) and len(found) > 2]
    near = spoken or get_close_matches(code, within, cutoff=NEAR)
    _unknown("area", code, [f"{found} ({area_name(found)})" for found in near])


def _is_agency(code: str, directory: Directory, seen: Collection[str]) -> bool:
    if code in seen or directory.known(code, area_names()):
        return True
    agency = directory.catalogue.agencies.get(code)
    return agency is not None and agency.level not in LOCAL


def _near_topics(written: str, directory: Directory) -> list[str]:
    categories = directory.catalogue.categories.values()
    names = {each.name.casefold(): each.code for each in categories}
    names |= {each.code.casefold(): each.code for each in categories}
    near = get_close_matches(written.casefold(), names, cutoff=NEAR)
    return list(dict.fromkeys(names[name] for name in near))


def _unknown(what: str, value: str, near: Collection[str]) -> None:
    hint = f" Near it: {', '.join(near)}." if near else ""
    raise Unusable(f"there is no {what} {value!r}.{hint}")
