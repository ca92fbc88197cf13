"""A report as sections of named figures: one shape for tables, CSV, JSON and paper."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.reports.words import Change, Value
from store.reports.agencies import Activity, OfAgency, Review
from store.reports.groups import Group
from store.reports.numbers import Counts, Share
from store.reports.query import FILTERS, Query
from store.reports.reports import Growth, OfDuty, Overdue, Summary, Timing

PARTS = ("received", "followed_up", "in_process", "untouched", "deferred", "archived")
RATES = ("rate_of_received", "rate_of_kept")
BESIDE = (*PARTS, *RATES)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of the same columns; a `single` one has one row, which is read from top to bottom."""

    key: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    single: bool = False

    def for_people(self) -> "Section":
        """Without codes that are names already."""
        doubled = self.columns[:2] == ("code", "name") and all(
            code in ("", name) for code, name, *_ in self.rows
        )
        if not doubled:
            return self
        return replace(self, columns=self.columns[1:], rows=[row[1:] for row in self.rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    report: str
    query: Query
    refreshed_at: datetime | None
    sections: Sequence[Section]
    notes: Sequence[str] = ()  # keys of sentences


def as_object(document: Document) -> dict[str, object]:
    """For programs; docs/reports.md explains the keys, which stay."""
    query = document.query
    return {
        "report": document.report,
        "from": query.start,
        "to": query.end,
        "filters": {name: value for name in FILTERS if (value := getattr(query, name))},
        "refreshed_at": document.refreshed_at,
        **{section.key: _plain_section(section) for section in document.sections},
        "notes": list(document.notes),
    }


def _plain_section(section: Section) -> object:
    rows = [
        {name: _plain(value) for name, value in zip(section.columns, row, strict=True)}
        for row in section.rows
    ]
    return rows[0] if section.single else rows


def _plain(value: Value) -> object:
    match value:
        case Share(part, whole):
            rate = None if value.rate is None else round(value.rate, 4)
            return {"part": part, "whole": whole, "rate": rate}
        case Change(rate):
            return None if rate is None else round(rate, 4)
        case float():
            return round(value, 4)
    return value


def _single(key: str, figures: Mapping[str, Value]) -> Section:
    return Section(key, tuple(figures), [tuple(figures.values())], single=True)


def _figures(counts: Counts) -> dict[str, Value]:
    return {
        "received": counts.received,
        "followed_up": counts.followed_up,
        "in_process": counts.in_process,
        "untouched": counts.untouched,
        "unforwarded": counts.unforwarded,
        "deferred": counts.deferred,
        "archived": counts.archived,
        "withdrawn": counts.withdrawn,
        "rate_of_received": counts.of_received,
        "rate_of_kept": counts.of_kept,
    }


def complaints(counts: Counts, key: str = "complaints") -> Section:
    return _single(key, _figures(counts))


def _beside(counts: Counts) -> tuple[Value, ...]:
    figures = _figures(counts)
    return tuple(figures[name] for name in BESIDE)


def summary(found: Summary) -> list[Section]:
    return [
        complaints(found.counts),
        _days(found),
        _people(found),
        activity(found.activity),
        _growth({"previous": found.previous, "year_before": found.year_before}),
        groups("topics", found.topics),
        groups("channels", found.channels),
    ]


def _days(found: Summary) -> Section:
    first, whole = found.first_response, found.completion
    return _single(
        "days",
        {
            "first_response_median": first.median,
            "first_response_p90": first.p90,
            "first_response_in_time": first.in_time,
            "completion_median": whole.median,
            "completion_p90": whole.p90,
            "completion_in_time": whole.in_time,
            "overdue": found.overdue,
        },
    )


def _people(found: Summary) -> Section:
    satisfaction = found.satisfaction
    return _single(
        "people",
        {
            "reporters": found.reporters.known,
            "reporters_unknown": found.reporters.unknown,
            "asked": satisfaction.asked,
            "answers": satisfaction.answers,
            "rating_mean": satisfaction.mean,
            "satisfied": satisfaction.good,
            "reopened": found.reopened,
        },
    )


def _growth(earlier: Mapping[str, Growth | None]) -> Section:
    rows = [
        (name, each.start, each.end, each.before, Change(each.change))
        for name, each in earlier.items()
        if each
    ]
    return Section("growth", ("period", "from", "to", "received", "change"), rows)


def activity(found: Activity) -> Section:
    """By level, and a last line for all."""
    levels = {**found.levels, "total": found.total} if found.levels else {}
    rows = [(level, share.part, share.whole, share) for level, share in levels.items()]
    return Section("activity", ("level", "active", "connected", "rate"), rows)


def groups(key: str, found: Iterable[Group]) -> Section:
    rows = [(each.key, each.name, *_beside(each.counts), each.of_all) for each in found]
    return Section(key, ("code", "name", *BESIDE, "share"), rows)


def agencies(found: Iterable[OfAgency]) -> Section:
    rows = [
        (
            *(each.code, each.name, each.level, each.connected, each.active),
            *_beside(each.counts),
            each.overdue,
        )
        for each in found
    ]
    columns = ("code", "name", "level", "connected", "active", *BESIDE, "overdue")
    return Section("agencies", columns, rows)


def timing(found: Timing) -> list[Section]:
    columns = ("duty", "limit", "unit", "count", "median", "p90", "in_time")
    whole = found.completion
    total = ("total", None, "", whole.count, whole.median, whole.p90, whole.in_time)
    return [
        Section("first_response", columns, [_duty(found.first_response)]),
        Section("completion", columns, [*map(_duty, found.duties), total]),
    ]


def _duty(item: OfDuty) -> tuple[Value, ...]:
    days, unit = (item.limit.days, item.limit.unit) if item.limit else (None, "")
    span = item.span
    return (item.duty, days, unit, span.count, span.median, span.p90, span.in_time)


def overdue(found: Sequence[Overdue], names: Mapping[str, str]) -> list[Section]:
    rows: list[tuple[str, str, int, date]] = [
        (each.agency, names[each.agency], each.count, each.oldest) for each in found
    ]
    total = sum(each.count for each in found)
    return [
        _single("complaints", {"overdue": total}),
        Section("agencies", ("code", "name", "overdue", "oldest"), rows),
    ]


def province(found: Review) -> list[Section]:
    first = {"connected_rate": found.connected, "active_rate": found.active}
    return [
        _single("complaints", {**first, **_figures(found.counts)}),
        agencies(found.agencies),
        complaints(found.elsewhere, "elsewhere"),
    ]
