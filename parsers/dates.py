"""Days of the calendar for what people say, counted back from a day that is given."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

Range = tuple[date, date]  # first and last day
DAY = timedelta(days=1)
THIRDS = ((1, 10), (11, 20), (21, 31))  # awal, pertengahan, akhir of a month
SEASONS = ((1, 4), (5, 8), (9, 12))  # months, of a year


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, last_of_month(year, month + 1).day))


def days_before(day: date, days: int) -> date:
    return day - days * DAY if days < (day - date.min).days else date.min


def last_of_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - DAY


def month_range(year: int, month: int) -> Range:
    return date(year, month, 1), last_of_month(year, month)


def year_range(year: int) -> Range:
    return date(year, 1, 1), date(year, 12, 31)


def latest_month(month: int, today: date) -> Range:
    """This month or the latest one of that number."""
    return month_range(today.year - (month > today.month), month)


def latest(month: int, day: int, today: date) -> date | None:
    """The latest such day that is not to come; None if there is no such day."""
    for year in range(today.year, today.year - 8, -1):  # 29 February
        found = made(year, month, day)
        if found and found <= today:
            return found
    return None


def latest_numbered(day: int, today: date) -> date | None:
    """The latest day of that number, in this or an earlier month."""
    for back in range(4):
        month = months_before(today.replace(day=1), back)
        found = made(month.year, month.month, day)
        if found and found <= today:
            return found
    return None


def latest_weekday(weekday: int, today: date) -> date:
    """Today or one of the six days before; Monday is 0."""
    return today - ((today.weekday() - weekday) % 7) * DAY


def latest_feast(days: Sequence[date], today: date) -> date | None:
    return max((day for day in days if day <= today), default=None)


def third(number: int, within: Range) -> Range:
    """Beginning, middle or end, 1 to 3, of a month or of a year."""
    first, last = within
    if first.month == last.month:
        start, end = THIRDS[number - 1]
        return first.replace(day=start), first.replace(day=min(end, last.day))
    start, end = SEASONS[number - 1]
    return first.replace(month=start), last_of_month(first.year, end)


def written(text: str) -> date | None:
    """`5/11/2026`, `05-11-26` or `2026-11-05`; None if there is no such day."""
    one, two, three = (int(part) for part in re.split(r"[/.-]", text))
    if one > 31:  # the year comes first
        return made(one, two, three)
    return made(three if three > 99 else 2000 + three, two, one)


def made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
