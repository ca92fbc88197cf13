"""How long a duty may take and how long it took; the limits themselves are settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from store.casework.timezones import all_zones, zone_of
from store.casework.workdays import DAY, Calendar

Unit = Literal["working", "calendar"]
Duty = Literal[
    "verify",
    "information",
    "complaint",
    "inspection",
    "close",
    "ombudsman",
]
Pause = tuple[datetime, datetime | None]  # we wait for the citizen from then, until then
Stop = tuple[date, date]  # a pause in days


@dataclass(frozen=True, slots=True)
class Limit:
    days: int
    unit: Unit = "working"


def due(
    limit: Limit,
    received: datetime,
    *,
    zone: ZoneInfo,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
) -> date:
    """The last day in time, counted from the day after receipt; it may be past: then it is overdue.

    In working days, what comes on a free day counts as come on the next working day.
    The days after that on which a pause starts, up to the one on which it ends, do not count.
    A pause without an end moves nothing yet: whoever shows the deadline says that it is stopped.
    A case that is reopened or reclassified is counted again from the same receipt.
    """
    ended = [(start, end) for start, end in pauses if end is not None]
    stops = tuple((local_day(start, zone), local_day(end, zone)) for start, end in ended)
    return _last_day(limit, local_day(received, zone), stops, calendar)


def used(
    unit: Unit,
    received: datetime,
    until: datetime,
    *,
    zone: ZoneInfo,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
) -> int:
    """The days that a duty took, counted as `due` counts; a pause without an end still lasts.

    What is done on a free day counts as done on the next working day, so that nobody is in time
    by this count who is late by the deadline.
    """
    stops = tuple(
        (local_day(start, zone), local_day(end, zone) if end else date.max) for start, end in pauses
    )
    return _elapsed(unit, local_day(received, zone), local_day(until, zone), stops, calendar)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone has no day")
    return moment.astimezone(zone).date()


@lru_cache(maxsize=8192)
def _last_day(limit: Limit, start: date, stops: tuple[Stop, ...], calendar: Calendar) -> date:
    day = _counted_as(start, limit.unit, calendar)
    left = limit.days
    while left > 0:
        day += DAY
        left -= _counts(day, limit.unit, stops, calendar)
    return day


@lru_cache(maxsize=8192)
def _elapsed(
    unit: Unit, start: date, end: date, stops: tuple[Stop, ...], calendar: Calendar
) -> int:
    start, end = (_counted_as(day, unit, calendar) for day in (start, end))
    days = (start + timedelta(days=number + 1) for number in range((end - start).days))
    return sum(_counts(day, unit, stops, calendar) for day in days)


def _counted_as(day: date, unit: Unit, calendar: Calendar) -> date:
    return calendar.working_from(day) if unit == "working" else day


def _counts(day: date, unit: Unit, stops: tuple[Stop, ...], calendar: Calendar) -> bool:
    if any(start < day <= end for start, end in stops):
        return False
    return unit == "calendar" or calendar.is_working(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyClock:
    """The limits of this deployment and the calendar that they are counted on."""

    limits: Mapping[str, Limit]
    campaigns: Mapping[str, Mapping[str, Limit]]  # limits that replace those above
    calendar: Calendar
    zone: ZoneInfo  # of a complaint whose place is not known
    warn_before: int  # working days
    escalate: tuple[int, int]  # working days after a deadline: to the coordinator, to 1708

    def limit(self, duty: str, campaign: str | None = None) -> Limit:
        return self.campaigns.get(campaign or "", {}).get(duty) or self.limits[duty]

    def due(
        self,
        duty: str,
        received: datetime,
        *,
        place: str | None = None,
        pauses: Sequence[Pause] = (),
        campaign: str | None = None,
    ) -> date:
        limit, zone = self.limit(duty, campaign), zone_of(place, self.zone)
        return due(limit, received, zone=zone, calendar=self.calendar, pauses=pauses)

    def used(
        self,
        duty: str,
        received: datetime,
        until: datetime,
        *,
        place: str | None = None,
        pauses: Sequence[Pause] = (),
        campaign: str | None = None,
    ) -> int:
        unit, zone = self.limit(duty, campaign).unit, zone_of(place, self.zone)
        return used(unit, received, until, zone=zone, calendar=self.calendar, pauses=pauses)

    def warn_until(self, today: date) -> date:
        """The last deadline that is warned of today."""
        return self.calendar.add(today, self.warn_before)

    def over_before(self, duty: str, now: datetime) -> datetime:
        """What began before this moment, and never paused, is overdue wherever its place is."""
        zones = {self.zone, *all_zones()}
        return min(self._over_before(self.limits[duty], now, zone) for zone in zones)

    def _over_before(self, limit: Limit, now: datetime, zone: ZoneInfo) -> datetime:
        today = local_day(now, zone)
        day = today - timedelta(days=limit.days)
        while _last_day(limit, day, (), self.calendar) >= today:
            day -= DAY
        return datetime.combine(day + DAY, time(), zone)
