"""The ministry's reports, made of packed days; what is overdue is asked of the complaints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import ColumnElement, func, literal_column
from sqlmodel import Session, col, select

from store import complaints
from store.agency_models import RollupState
from store.casework.deadlines import DutyClock, Limit
from store.casework.lifecycle import CLOCK_RUNS
from store.models import Complaint
from store.reports import numbers
from store.reports.agencies import Activity, OfAgency, Review, activity, agencies, review
from store.reports.cases import Book, Cases, chosen, level_of, load, received, within
from store.reports.groups import Group, by_source, by_topic
from store.reports.numbers import Counts, Reporters, Satisfaction, Share, Span
from store.reports.query import Query
from store.reports.rollups import ONLY, bounds

TOP = 5  # topics of a summary


@dataclass(frozen=True, slots=True)
class Growth:
    """What was received in an earlier period, and how much more it is now."""

    start: date
    end: date
    before: int
    change: float | None  # 0.2 is a fifth more; None after a period of nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    query: Query
    counts: Counts
    first_response: Span
    completion: Span
    overdue: int
    satisfaction: Satisfaction
    reopened: Share
    reporters: Reporters
    activity: Activity
    previous: Growth | None
    year_before: Growth | None
    topics: Sequence[Group]
    channels: Sequence[Group]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDuty:
    """What a kind of complaint may take and took."""

    duty: str
    limit: Limit | None  # None: a duty that the settings do not know
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    query: Query
    first_response: OfDuty
    completion: Span
    duties: Sequence[OfDuty]


@dataclass(frozen=True, slots=True)
class Overdue:
    """Open complaints of one agency whose deadline is past."""

    agency: str
    count: int
    oldest: date  # deadline


def refreshed_at(session: Session) -> datetime | None:
    """Changes until then are in the reports; None if the rollups were never filled."""
    state = session.get(RollupState, ONLY)
    return state.seen if state else None


def asked_for(book: Book, query: Query) -> Cases:
    """The complaints of a question."""
    return chosen(load(book, query.start, query.end), query, book)


def summary(book: Book, query: Query, *, today: date, zone: ZoneInfo) -> Summary:
    cases = asked_for(book, query)
    return Summary(
        query=query,
        counts=numbers.counts(cases),
        first_response=numbers.first_response(cases),
        completion=numbers.completion(cases),
        overdue=sum(item.count for item in overdue(book, query, today=today, zone=zone)),
        satisfaction=numbers.satisfaction(cases),
        reopened=numbers.reopened(cases),
        reporters=numbers.reporters(book.session, cases),
        activity=activity(book, query),
        previous=_growth(book, query.before(), len(cases)),
        year_before=_growth(book, query.a_year_before(), len(cases)),
        topics=by_topic(cases, book)[:TOP],
        channels=by_source(cases, book),
    )


def _growth(book: Book, earlier: Query | None, now: int) -> Growth | None:
    if earlier is None:
        return None
    before = received(book, earlier)
    change = now / before - 1 if before else None
    return Growth(earlier.start, earlier.end, before, change)


def timing(book: Book, query: Query, clock: DutyClock) -> Timing:
    cases = asked_for(book, query)
    duties = cases.words.of("duty")
    present = [int(number) for number in np.unique(cases.rows["duty"])]
    own = [
        OfDuty(
            duty=duties[number],
            limit=_limit(clock, duties[number], query.campaign),
            span=numbers.completion(cases.where(cases.rows["duty"] == number)),
        )
        for number in present
    ]
    verify = _limit(clock, "verify", query.campaign)
    first = OfDuty(duty="verify", limit=verify, span=numbers.first_response(cases))
    own.sort(key=lambda item: item.duty)
    return Timing(
        query=query, first_response=first, completion=numbers.completion(cases), duties=own
    )


def _limit(clock: DutyClock, duty: str, campaign: str) -> Limit | None:
    return clock.limit(duty, campaign) if duty in clock.limits else None


def overdue(book: Book, query: Query, *, today: date, zone: ZoneInfo) -> list[Overdue]:
    """Of what was received in the period: open now, past its deadline, and waiting for nobody.

    By the agency that has it, "" for 1708 itself; the most first.
    """
    holder = func.coalesce(Complaint.agency, literal_column("''"))
    rows = book.session.exec(
        select(holder, func.count(), func.min(Complaint.deadline))
        .where(
            col(Complaint.status).in_(sorted(CLOCK_RUNS)),
            col(Complaint.deadline) < today,
            *_narrowed(query, book, zone),
        )
        .group_by(holder)
    )
    wanted = book.scope(query.agency)
    found = [
        Overdue(agency, count, oldest)
        for agency, count, oldest in rows
        if not query.agency or wanted(agency)
        if not query.level or level_of(book.directory, agency) == query.level
    ]
    return sorted(found, key=lambda item: (-item.count, item.agency))


def _narrowed(query: Query, book: Book, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    start, _ = bounds(query.start, zone)
    _, end = bounds(query.end, zone)
    created = col(Complaint.created_at)
    received = func.coalesce(created, created)  # else SQLite walks its index, not the open cases'
    found = [received >= start, received < end]
    if query.area:
        found.append(complaints.within(query.area))
    if query.topic:
        found.append(col(Complaint.category).in_(sorted(within(query.topic, book.directory))))
    plain = ("kind", "source", "campaign")
    wanted = {name: value for name in plain if (value := getattr(query, name))}
    return [*found, *(col(getattr(Complaint, name)) == value for name, value in wanted.items())]


def of_agencies(book: Book, query: Query, *, today: date, zone: ZoneInfo) -> list[OfAgency]:
    """Every agency that is connected or has complaints, with what its units have."""
    late = {item.agency: item.count for item in overdue(book, query, today=today, zone=zone)}
    return agencies(book, query, asked_for(book, query), late)


def of_province(book: Book, query: Query, *, today: date, zone: ZoneInfo) -> Review:
    """The governments of the province `query.area`, whatever place their complaints name."""
    anywhere = replace(query, area="")
    late = {item.agency: item.count for item in overdue(book, anywhere, today=today, zone=zone)}
    return review(book, query, asked_for(book, anywhere), late)
