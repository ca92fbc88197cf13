"""Deadlines against dates that were counted by hand on the calendar of the SKB 3 Menteri."""

from datetime import date

import pytest

from store.deadlines import add_days, deadline, is_working

DAYS = {"verify": 3, "information": 5, "complaint": 14, "inspection": 60}


@pytest.mark.parametrize(
    ("received", "days", "last"),
    [
        # an ordinary week: Monday 7 September 2026
        (date(2026, 9, 7), 3, date(2026, 9, 10)),
        (date(2026, 9, 7), 5, date(2026, 9, 14)),
        (date(2026, 9, 7), 14, date(2026, 9, 25)),
        # weekends do not count: Thursday, Friday, Saturday, Sunday
        (date(2026, 9, 10), 3, date(2026, 9, 15)),
        (date(2026, 9, 11), 3, date(2026, 9, 16)),
        (date(2026, 9, 12), 3, date(2026, 9, 16)),
        (date(2026, 9, 13), 3, date(2026, 9, 16)),
        # Nyepi and Lebaran 2026: 18 to 24 March are free (cuti bersama 18, 20, 23, 24)
        (date(2026, 3, 16), 1, date(2026, 3, 17)),
        (date(2026, 3, 16), 3, date(2026, 3, 26)),
        (date(2026, 3, 17), 1, date(2026, 3, 25)),
        (date(2026, 3, 17), 5, date(2026, 3, 31)),
        (date(2026, 3, 21), 3, date(2026, 3, 27)),
        (date(2026, 3, 13), 14, date(2026, 4, 10)),  # and Good Friday on 3 April
        # one cuti bersama between holiday and weekend: Ascension, 14 and 15 May
        (date(2026, 5, 13), 1, date(2026, 5, 18)),
        # Idul Adha 27 May with cuti bersama 28 May, Pancasila on Monday 1 June
        (date(2026, 5, 26), 1, date(2026, 5, 29)),
        (date(2026, 5, 26), 2, date(2026, 6, 2)),
        # Independence Day on a Monday
        (date(2026, 8, 14), 1, date(2026, 8, 18)),
        # Christmas on a Friday, cuti bersama on Thursday, and over the end of the year
        (date(2026, 12, 23), 1, date(2026, 12, 28)),
        (date(2026, 12, 23), 4, date(2026, 12, 31)),
        (date(2026, 12, 23), 5, date(2027, 1, 4)),
        (date(2026, 12, 31), 1, date(2027, 1, 4)),
    ],
)
def test_working_days_skip_weekends_holidays_and_cuti_bersama(
    received: date, days: int, last: date
):
    assert add_days(received, days, unit="working") == last
    assert is_working(last)


@pytest.mark.parametrize(
    ("received", "days", "last"),
    [
        (date(2026, 9, 10), 3, date(2026, 9, 13)),  # a Sunday, all the same
        (date(2026, 3, 17), 5, date(2026, 3, 22)),
        (date(2026, 12, 20), 14, date(2027, 1, 3)),
        (date(2026, 12, 20), 60, date(2027, 2, 18)),
        (date(2028, 2, 27), 3, date(2028, 3, 1)),  # a leap year
    ],
)
def test_calendar_days_are_just_counted(received: date, days: int, last: date):
    assert add_days(received, days, unit="calendar") == last


@pytest.mark.parametrize(
    ("duty", "working", "calendar"),
    [
        ("verify", date(2026, 9, 10), date(2026, 9, 10)),
        ("information", date(2026, 9, 14), date(2026, 9, 12)),
        ("complaint", date(2026, 9, 25), date(2026, 9, 21)),
        ("inspection", date(2026, 11, 30), date(2026, 11, 6)),
    ],
)
def test_each_duty_has_its_days(duty: str, working: date, calendar: date):
    monday = date(2026, 9, 7)
    assert deadline(duty, monday, days=DAYS, unit="working") == working
    assert deadline(duty, monday, days=DAYS, unit="calendar") == calendar


def test_a_duty_without_days_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        deadline("someday", date(2026, 9, 7), days=DAYS, unit="working")
