"""Deadlines in working or calendar days; the days themselves are settings."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from holidays import country_holidays

FREE_CATEGORIES = ("public", "government")  # libur nasional and cuti bersama


@lru_cache(maxsize=32)
def free_days(year: int) -> frozenset[date]:
    """Public holidays and collective leave of Indonesia in one year (package `holidays`)."""
    return frozenset(country_holidays("ID", years=year, categories=FREE_CATEGORIES))


def is_working(day: date) -> bool:
    return day.weekday() < 5 and day not in free_days(day.year)


@lru_cache(maxsize=512)
def add_days(start: date, days: int, *, unit: str) -> date:
    """The last day on which a duty of `days` is in time; the day of receipt does not count."""
    if unit == "calendar":
        return start + timedelta(days=days)
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= is_working(day)
    return day


def deadline(duty: str, received: date, *, days: Mapping[str, int], unit: str) -> date:
    """When a duty (verify, information, complaint, inspection) falls due."""
    return add_days(received, days[duty], unit=unit)
