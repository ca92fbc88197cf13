"""Deadlines against dates that were counted by hand on the calendar of the SKB 3 Menteri.

Days without a working day, Saturdays and Sundays apart:
2024: Nyepi 11 March + 12; Christmas 25 December + 26; 1 January 2025.
2025: Nyepi 29 March + 28; Lebaran 31 March to 4 April + 7; Good Friday 18 April; 1 May;
      Waisak 12 May + 13; Ascension 29 May + 30; Idul Adha 6 June + 9; Christmas 25 December + 26.
2026: 1 January; Nyepi 19 March + 18; Lebaran 20 to 24 March; Good Friday 3 April; Ascension
      14 May + 15; Idul Adha 27 May + 28; 1 June; 17 August; Christmas 25 December + 24.
2027: 1 January; Isra Mi'raj 5 January.
"""

import csv
import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from gateway import jobs
from gateway.settings import ROOT, ConfigError, load
from store.casework.deadlines import DutyClock, Limit, due, used
from store.casework.timezones import zone_of
from store.casework.workdays import Calendar
from store.models import Complaint, ComplaintStatus
from tests.harness import Gateway
from tests.live import write_config

WIB, WITA, WIT = map(ZoneInfo, ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"))
SKB = Calendar()
Span = tuple[datetime, datetime | None]


def at(day: str, clock: str = "10:00", zone: ZoneInfo = WIB) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)


def span(start: str, end: str | None) -> Span:
    return at(start), at(end) if end else None


@pytest.mark.parametrize(
    ("received", "days", "last"),
    [
        # an ordinary week, from Monday 7 September 2026
        ("2026-09-07", 1, "2026-09-08"),  # Tuesday: the day of receipt does not count
        ("2026-09-07", 3, "2026-09-10"),  # Tue Wed Thu
        ("2026-09-07", 5, "2026-09-14"),  # Tue to Fri, Mon
        ("2026-09-07", 14, "2026-09-25"),  # 8-11, 14-18, 21-25
        ("2026-09-10", 3, "2026-09-15"),  # Fri, Mon Tue
        ("2026-09-11", 3, "2026-09-16"),  # Mon Tue Wed
        # what comes on a free day counts as come on the next working day
        ("2026-09-12", 3, "2026-09-17"),  # Saturday as Monday: Tue Wed Thu
        ("2026-09-13", 3, "2026-09-17"),  # Sunday as Monday
        ("2026-08-17", 1, "2026-08-19"),  # Independence Day on a Monday, as Tuesday: Wed
        # Nyepi and Lebaran 2026: 18 to 24 March are free
        ("2026-03-16", 1, "2026-03-17"),
        ("2026-03-16", 3, "2026-03-26"),  # 17, 25, 26
        ("2026-03-17", 5, "2026-03-31"),  # 25, 26, 27, 30, 31
        ("2026-03-18", 1, "2026-03-26"),  # cuti bersama, as Wednesday 25
        ("2026-03-21", 3, "2026-03-30"),  # Lebaran, as Wednesday 25: 26, 27, 30
        ("2026-03-13", 14, "2026-04-10"),  # 16, 17, 25-27, 30-2 April (9), 6-10; Good Friday not
        # Nyepi and Lebaran 2025: 28 March to 7 April are free
        ("2025-03-26", 1, "2025-03-27"),
        ("2025-03-26", 2, "2025-04-08"),
        ("2025-03-27", 1, "2025-04-08"),
        ("2025-03-28", 1, "2025-04-09"),  # as Tuesday 8 April
        ("2025-03-29", 3, "2025-04-11"),  # as Tuesday 8 April: 9, 10, 11
        ("2025-04-06", 5, "2025-04-15"),  # the same: 9, 10, 11, 14, 15
        ("2025-03-17", 14, "2025-04-15"),  # 18-21, 24-27 (8), 8-11 April (12), 14, 15
        ("2025-04-15", 3, "2025-04-21"),  # 16, 17, over Good Friday, 21
        # 4-27 March 18, 8-30 April 16 (34), 2-28 May 17 (51), 2-5 June (55), 10-13 (59), 16
        ("2025-03-03", 60, "2025-06-16"),
        # one cuti bersama between holiday and weekend, and a weekend longer by a Monday
        ("2026-05-13", 1, "2026-05-18"),  # Ascension on 14, cuti bersama on 15
        ("2026-05-26", 2, "2026-06-02"),  # Idul Adha 27 and 28; Fri 29; Pancasila on Mon 1 June
        # Christmas and the end of the year
        ("2024-12-24", 1, "2024-12-27"),
        ("2024-12-24", 4, "2025-01-02"),  # 27, 30, 31, over New Year
        ("2025-12-24", 3, "2025-12-31"),  # 29, 30, 31
        ("2025-12-24", 5, "2026-01-05"),  # 29, 30, 31, 2, 5
        ("2025-12-25", 3, "2026-01-02"),  # as Monday 29: 30, 31, 2
        ("2026-12-23", 4, "2026-12-31"),  # 28, 29, 30, 31
        ("2026-12-31", 1, "2027-01-04"),
        ("2026-12-31", 2, "2027-01-06"),  # 4, over Isra Mi'raj, 6
        # leap day, a Thursday
        ("2024-02-28", 1, "2024-02-29"),
        ("2024-02-28", 3, "2024-03-04"),  # 29, 1, 4
        ("2024-02-29", 14, "2024-03-22"),  # 1, 4-8 (6), 13-15 (9) after Nyepi, 18-22
    ],
)
def test_working_days_skip_weekends_holidays_and_cuti_bersama(received: str, days: int, last: str):
    found = due(Limit(days), at(received), zone=WIB, calendar=SKB)
    assert found.isoformat() == last


@pytest.mark.parametrize(
    ("received", "days", "last"),
    [
        ("2026-09-10", 3, "2026-09-13"),  # a Sunday, all the same
        ("2026-03-17", 5, "2026-03-22"),  # Lebaran too
        ("2026-12-20", 14, "2027-01-03"),  # from a Sunday: 11 days to the 31st, and 3
        ("2026-12-20", 60, "2027-02-18"),  # 11, 31 of January, 18
        ("2028-02-27", 3, "2028-03-01"),  # 28, 29, 1
        ("2027-02-27", 3, "2027-03-02"),  # 28, 1, 2
    ],
)
def test_calendar_days_are_just_counted(received: str, days: int, last: str):
    found = due(Limit(days, "calendar"), at(received), zone=WIB, calendar=SKB)
    assert found.isoformat() == last


@pytest.mark.parametrize(
    ("received", "wib", "wita", "wit"),
    [
        # 3 working days; Wednesday 9 September 2026 in WIB
        (("2026-09-09", "21:59"), "2026-09-14", "2026-09-14", "2026-09-14"),  # Thu Fri Mon
        (("2026-09-09", "22:00"), "2026-09-14", "2026-09-14", "2026-09-15"),  # WIT: Thursday
        (("2026-09-09", "22:59"), "2026-09-14", "2026-09-14", "2026-09-15"),
        (("2026-09-09", "23:00"), "2026-09-14", "2026-09-15", "2026-09-15"),  # WITA: Thursday
        (("2026-09-09", "23:59"), "2026-09-14", "2026-09-15", "2026-09-15"),
        (("2026-09-10", "00:00"), "2026-09-15", "2026-09-15", "2026-09-15"),
        # Friday night is Saturday in the east, and that counts as Monday
        (("2026-09-11", "22:30"), "2026-09-16", "2026-09-16", "2026-09-17"),
        # Sunday night is Monday in the east: Tue Wed Thu for all
        (("2026-09-13", "23:30"), "2026-09-17", "2026-09-17", "2026-09-17"),
        # New Year's Eve: 4, 6, 7 January; in the east New Year, as Monday 4: 6, 7, 8
        (("2026-12-31", "23:30"), "2027-01-07", "2027-01-08", "2027-01-08"),
        # the last working day before Lebaran: 25-27 March; in the east free, as 25: 26, 27, 30
        (("2026-03-17", "22:30"), "2026-03-27", "2026-03-27", "2026-03-30"),
    ],
)
def test_the_day_of_receipt_is_that_of_the_place(
    received: tuple[str, str], wib: str, wita: str, wit: str
):
    moment = at(*received).astimezone(UTC)
    places = ((WIB, wib), (WITA, wita), (WIT, wit))
    for zone, last in places:
        found = due(Limit(3), moment, zone=zone, calendar=SKB)
        assert found.isoformat() == last, zone.key


PROVINCES = {
    "Asia/Jakarta": "11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 61 62",
    "Asia/Makassar": "51 52 53 63 64 65 71 72 73 74 75 76",
    "Asia/Jayapura": "81 82 91 92 93 94 95 96",
}


def test_every_province_has_its_time():
    with gzip.open(ROOT / "store/seed/gazetteer/wilayah.csv.gz", "rt", encoding="utf-8") as file:
        codes = {row["code"] for row in csv.DictReader(file) if len(row["code"]) == 2}
    expected = {code: name for name, line in PROVINCES.items() for code in line.split()}
    assert set(expected) == codes
    nowhere = ZoneInfo("UTC")
    assert {code: zone_of(code, nowhere).key for code in codes} == expected


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("91.71.01.1001", "Asia/Jayapura"),
        ("64.72", "Asia/Makassar"),
        ("61.71.02", "Asia/Jakarta"),
        ("", "UTC"),
        (None, "UTC"),
    ],
)
def test_a_place_has_the_time_of_its_province(place: str | None, name: str):
    assert zone_of(place, ZoneInfo("UTC")).key == name


# 5 working days from Monday 7 September 2026 end on Monday 14: 8, 9, 10, 11, 14.
PAUSES = {
    "9 and 10 are lost": ([("2026-09-08", "2026-09-10")], "2026-09-16"),
    "nothing within a day": ([("2026-09-08", "2026-09-08")], "2026-09-14"),
    "nothing before receipt": ([("2026-09-01", "2026-09-03")], "2026-09-14"),
    "8 of a pause from before": ([("2026-09-04", "2026-09-08")], "2026-09-15"),
    "nothing over a weekend": ([("2026-09-11", "2026-09-13")], "2026-09-14"),
    "the Monday after it": ([("2026-09-11", "2026-09-14")], "2026-09-15"),
    "nothing from the last day on": ([("2026-09-14", "2026-09-17")], "2026-09-14"),
    "nothing after it": ([("2026-09-16", "2026-09-18")], "2026-09-14"),
    "overlapping: 9, 10, 11 once": (
        [("2026-09-08", "2026-09-10"), ("2026-09-09", "2026-09-11")],
        "2026-09-17",
    ),
    "one in the other, the later first": (
        [("2026-09-09", "2026-09-10"), ("2026-09-08", "2026-09-11")],
        "2026-09-17",
    ),
    "the same twice": ([("2026-09-08", "2026-09-10")] * 2, "2026-09-16"),
    "two: 9, 14": (
        [("2026-09-08", "2026-09-09"), ("2026-09-11", "2026-09-14")],
        "2026-09-16",
    ),
    "the second only after the first moved the end": (
        [("2026-09-08", "2026-09-10"), ("2026-09-15", "2026-09-16")],
        "2026-09-17",  # 8, 11, 14, 15, and 16 is lost
    ),
    "still stopped": ([("2026-09-08", None)], "2026-09-14"),
    "once more, still stopped": (
        [("2026-09-08", "2026-09-10"), ("2026-09-11", None)],
        "2026-09-16",
    ),
}


@pytest.mark.parametrize(("pauses", "last"), PAUSES.values(), ids=PAUSES.keys())
def test_days_of_waiting_for_the_citizen_do_not_count(
    pauses: list[tuple[str, str | None]], last: str
):
    spans = [span(*pause) for pause in pauses]
    found = due(Limit(5), at("2026-09-07"), zone=WIB, calendar=SKB, pauses=spans)
    assert found.isoformat() == last


@pytest.mark.parametrize(
    ("limit", "received", "pause", "last"),
    [
        # 5 from Monday 24 March 2025: 25, 26, 27, and after Lebaran 8, 9 April
        (Limit(5), "2025-03-24", ("2025-03-25", "2025-03-25"), "2025-04-09"),
        # over Lebaran: 27 March, 8 and 9 April are lost; 25, 26, 10, 11, 14 count
        (Limit(5), "2025-03-24", ("2025-03-26", "2025-04-09"), "2025-04-14"),
        # within Lebaran nothing is lost
        (Limit(5), "2025-03-24", ("2025-03-27", "2025-04-07"), "2025-04-09"),
        # Christmas 2025: 29 is lost; 30, 31, 2 January
        (Limit(3), "2025-12-24", ("2025-12-25", "2025-12-29"), "2026-01-02"),
        # over New Year: 31 and 2 are lost; 29, 30, 5
        (Limit(3), "2025-12-24", ("2025-12-30", "2026-01-02"), "2026-01-05"),
        # over the leap day: 29 and 1 are lost; 4, 5, 6
        (Limit(3), "2024-02-28", ("2024-02-28", "2024-03-01"), "2024-03-06"),
        # calendar days: 60 from 24 March 2025 are 23 May; 14 days later with free days and all
        (Limit(60, "calendar"), "2025-03-24", ("2025-03-26", "2025-04-09"), "2025-06-06"),
        # Saturday and Sunday count there, so they are lost there: 17 becomes 19
        (Limit(10, "calendar"), "2026-09-07", ("2026-09-11", "2026-09-13"), "2026-09-19"),
    ],
)
def test_pauses_over_holidays(limit: Limit, received: str, pause: tuple[str, str], last: str):
    found = due(limit, at(received), zone=WIB, calendar=SKB, pauses=[span(*pause)])
    assert found.isoformat() == last


def test_a_pause_begins_on_the_day_of_the_place():
    pauses = [(at("2026-09-08", "22:30"), at("2026-09-10"))]
    moment = at("2026-09-07")
    # 9 and 10 are lost; in the east it began on 9, so only 10
    assert due(Limit(5), moment, zone=WIB, calendar=SKB, pauses=pauses) == date(2026, 9, 16)
    assert due(Limit(5), moment, zone=WIT, calendar=SKB, pauses=pauses) == date(2026, 9, 15)


@pytest.mark.parametrize(
    ("received", "until", "pauses", "working", "calendar"),
    [
        ("2026-09-07", "2026-09-07", [], 0, 0),
        ("2026-09-07", "2026-09-08", [], 1, 1),
        ("2026-09-07", "2026-09-11", [], 4, 4),
        ("2026-09-07", "2026-09-12", [], 5, 5),  # done on Saturday counts as done on Monday
        ("2026-09-07", "2026-09-13", [], 5, 6),
        ("2026-09-07", "2026-09-14", [], 5, 7),
        ("2026-09-12", "2026-09-13", [], 0, 1),  # both as Monday
        ("2026-09-12", "2026-09-14", [], 0, 2),
        ("2026-09-12", "2026-09-15", [], 1, 3),
        ("2025-03-27", "2025-04-02", [], 1, 6),  # Lebaran: as Tuesday 8 April
        ("2025-03-27", "2025-04-08", [], 1, 12),
        ("2025-12-24", "2026-01-05", [], 5, 12),  # 29, 30, 31, 2, 5
        ("2026-09-07", "2026-09-11", [("2026-09-08", "2026-09-10")], 2, 2),  # 8, 11
        ("2026-09-07", "2026-09-11", [("2026-09-08", None)], 1, 1),  # stopped ever since
        ("2026-09-07", "2026-09-01", [], 0, 0),
    ],
)
def test_the_days_that_a_duty_took(
    received: str,
    until: str,
    pauses: list[tuple[str, str | None]],
    working: int,
    calendar: int,
):
    spans = [span(*pause) for pause in pauses]
    moments = at(received), at(until)
    assert used("working", *moments, zone=WIB, calendar=SKB, pauses=spans) == working
    assert used("calendar", *moments, zone=WIB, calendar=SKB, pauses=spans) == calendar


def test_a_time_without_a_zone_has_no_day():
    with pytest.raises(ValueError, match="zone"):
        due(Limit(3), datetime(2026, 9, 7, 10), zone=WIB, calendar=SKB)  # noqa: DTZ001


# What every table above is a case of.

days_of = st.integers(min_value=0, max_value=80)
units = st.sampled_from(["working", "calendar"])
zones = st.sampled_from([WIB, WITA, WIT])
moments = st.timedeltas(timedelta(), timedelta(days=1150)).map(
    lambda after: datetime(2023, 12, 1, tzinfo=UTC) + after
)
waits = st.tuples(moments, st.timedeltas(timedelta(), timedelta(days=40))).map(
    lambda found: (found[0], found[0] + found[1])
)


@given(units, days_of, moments, moments, zones)
def test_more_days_and_a_later_receipt_are_never_due_earlier(unit, days, one, two, zone):
    def last(days: int, received: datetime) -> date:
        return due(Limit(days, unit), received, zone=zone, calendar=SKB)

    assert last(days, one) < last(days + 1, one)
    assert last(days, min(one, two)) <= last(days, max(one, two))


@given(units, days_of, moments, st.lists(waits, max_size=4), waits, zones)
def test_a_pause_never_makes_a_deadline_earlier(unit, days, received, pauses, more, zone):
    limit = Limit(days, unit)
    few = due(limit, received, zone=zone, calendar=SKB, pauses=pauses)
    assert few <= due(limit, received, zone=zone, calendar=SKB, pauses=[*pauses, more])
    assert few == due(limit, received, zone=zone, calendar=SKB, pauses=pauses[::-1])


@given(days_of, moments, st.lists(waits, max_size=3), zones)
def test_a_deadline_in_working_days_is_a_working_day(days, received, pauses, zone):
    last = due(Limit(days), received, zone=zone, calendar=SKB, pauses=pauses)
    assert last.weekday() < 5
    assert SKB.is_working(last)


@given(units, days_of, moments, moments, zones)
def test_who_is_in_time_by_the_deadline_is_in_time_by_the_days_used(
    unit, days, received, until, zone
):
    last = due(Limit(days, unit), received, zone=zone, calendar=SKB)
    took = used(unit, received, until, zone=zone, calendar=SKB)
    assert (took <= days) == (until.astimezone(zone).date() <= last)


@given(units, days_of, moments, moments, st.lists(waits, max_size=3), zones)
def test_with_pauses_nobody_in_time_used_more_than_the_limit(
    unit, days, received, until, pauses, zone
):
    last = due(Limit(days, unit), received, zone=zone, calendar=SKB, pauses=pauses)
    if until.astimezone(zone).date() <= last:
        assert used(unit, received, until, zone=zone, calendar=SKB, pauses=pauses) <= days


# The file that corrects the calendar.

Loads = Callable[..., DutyClock]


@pytest.fixture
def clock_of(tmp_path: Path) -> Loads:
    """The clock of the shipped settings with other `deadlines`."""

    def build(**changes: object) -> DutyClock:
        return load(write_config(tmp_path / "config.yaml", deadlines=changes), {}).clock

    return build


def test_a_file_makes_days_free_and_working(tmp_path: Path, clock_of: Loads):
    file = tmp_path / "libur.csv"
    file.write_text(
        "date,kind,name\n"
        "2026-09-09,free,Pilkada\n"
        "\n"
        '2026-09-12, working ,"Saturday, for Wednesday"\n'
        "2026-08-17,working,\n"
    )
    clock = clock_of(holidays_file=str(file))
    # from Monday 7: 8, 10, 11, and Saturday 12 instead of Wednesday 9
    assert clock.due("verify", at("2026-09-07")) == date(2026, 9, 11)
    assert clock.due("information", at("2026-09-07")) == date(2026, 9, 14)
    # received on that Saturday: it is a day of receipt like others; 14, 15, 16
    assert clock.due("verify", at("2026-09-12")) == date(2026, 9, 16)
    # a holiday of the package that is none: Friday 14 August, 17, 18, 19
    assert clock.due("verify", at("2026-08-14")) == date(2026, 8, 19)
    # calendar days do not care: 60 from Monday 7 September are 23, 31, 6
    assert clock.due("ombudsman", at("2026-09-07")) == date(2026, 11, 6)


def test_an_estimated_lebaran_is_corrected(tmp_path: Path, clock_of: Loads):
    """The package puts Lebaran 2028 on 27 and 28 February; let the SKB say 28 and 29."""
    file = tmp_path / "libur.csv"
    rows = ("2028-02-25,working,", "2028-02-28,free,Lebaran", "2028-02-29,free,Lebaran")
    after = (f"2028-03-{day:02},working," for day in (1, 2, 3))
    file.write_text("\n".join(["date,kind,name", *rows, *after]), encoding="utf-8-sig")
    clock = clock_of(holidays_file=str(file))
    assert clock.due("verify", at("2028-02-25")) == date(2028, 3, 3)  # 1, 2, 3 March
    assert clock.due("ombudsman", at("2028-02-27")) == date(2028, 4, 27)  # 2, 31, 27


HEAD = "date,kind,name\n"
LATIN = "date,kind,name\n2027-03-09,free,Id\u00e9\n".encode("latin-1")
WRONG_FILES = {
    "every bad line": (
        (
            HEAD + "2027-03-09,free,Cuti bersama\n"
            "09/03/2027,free,Lebaran\n"
            "2027-02-30,free,Lebaran\n"
            "2027-03-10,libur,Lebaran\n"
            "2027-03-11,free\n"
            "2027-03-09,working,\n"
        ).encode(),
        [
            "libur.csv line 3: '09/03/2027' is not a date like 2027-03-11.",
            "libur.csv line 4: '2027-02-30' is not a date like 2027-03-11.",
            "libur.csv line 5: kind 'libur' is neither free nor working.",
            "libur.csv line 6: 2 fields instead of 3.",
            "libur.csv line 7: 2027-03-09 stands there twice.",
        ],
    ),
    "semicolons": (
        b"date;kind;name\n2027-03-09;free;Lebaran\n",
        ["libur.csv line 1: must be the heading date,kind,name."],
    ),
    "empty": (b"", ["libur.csv line 1: must be the heading date,kind,name."]),
    "not UTF-8": (LATIN, ["libur.csv: is not UTF-8 text."]),
    "a quote without its end": (
        HEAD.encode() + b'2027-03-09,free,"Lebaran\n',
        ["libur.csv line 2: unexpected end of data."],
    ),
}


@pytest.mark.parametrize(("content", "expected"), WRONG_FILES.values(), ids=WRONG_FILES.keys())
def test_a_wrong_file_stops_the_start_with_every_mistake(
    tmp_path: Path, clock_of: Loads, content: bytes, expected: list[str]
):
    file = tmp_path / "libur.csv"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        clock_of(holidays_file=str(file))
    prefix = "config.yaml: deadlines.holidays_file: "
    assert str(caught.value).splitlines() == [prefix + line for line in expected]


# The settings.


def test_the_shipped_limits():
    clock = load(ROOT / "config.yaml", {}).clock
    assert clock.limits == {
        "verify": Limit(3, "working"),
        "information": Limit(5, "working"),
        "complaint": Limit(14, "working"),
        "inspection": Limit(60, "working"),
        "close": Limit(10, "working"),
        "ombudsman": Limit(60, "calendar"),
    }
    assert (clock.warn_before, clock.campaigns, clock.zone.key) == (1, {}, "Asia/Jakarta")


def test_a_bare_number_is_working_days(clock_of: Loads):
    clock = clock_of(verify=4, complaint={"days": 20, "unit": "calendar"})
    assert clock.limits["verify"] == Limit(4, "working")
    assert clock.limits["complaint"] == Limit(20, "calendar")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verify": 0}, "verify.days: input should be greater than or equal to 1."),
        ({"verify": True}, "verify.days: input should be a valid integer."),
        ({"verify": "three"}, "verify.days: input should be a valid integer."),
        ({"verify": {"unit": "lunar"}}, "verify.unit: input should be 'working' or 'calendar'."),
        ({"verify": {"dais": 3}}, "verify.dais: unknown key, check its spelling."),
        ({"someday": 3}, "someday: unknown key, check its spelling."),
        ({"warn_before": -1}, "warn_before: input should be greater than or equal to 0."),
        ({"campaigns": {"covid": {"liason": 2}}}, "campaigns.covid.liason.[key]: input should be "),
        ({"campaigns": {"covid": {"verify": 0}}}, "campaigns.covid.verify.days: input should be"),
        ({"holidays_file": "no.csv"}, "holidays_file: no.csv: cannot be read (No such file"),
    ],
)
def test_a_wrong_setting_is_named(clock_of: Loads, changes: dict[str, object], words: str):
    with pytest.raises(ConfigError) as caught:
        clock_of(**changes)
    [line] = str(caught.value).splitlines()
    assert line.startswith(f"config.yaml: deadlines.{words}")


@pytest.mark.parametrize(
    ("campaign", "duty", "last"),
    [
        # from Friday 11 September 2026; SE MenPANRB 53/2020: 1 day and 2 days
        ("covid", "verify", "2026-09-14"),
        ("covid", "information", "2026-09-15"),
        ("covid", "complaint", "2026-10-01"),  # 14 as ever: 14-18, 21-25, 28-30, 1
        ("banjir", "verify", "2026-09-16"),  # a campaign without limits of its own
        (None, "verify", "2026-09-16"),
        (None, "information", "2026-09-18"),
    ],
)
def test_a_campaign_has_limits_of_its_own(
    clock_of: Loads, campaign: str | None, duty: str, last: str
):
    clock = clock_of(campaigns={"covid": {"verify": 1, "information": 2}})
    assert clock.due(duty, at("2026-09-11"), campaign=campaign).isoformat() == last


def test_a_campaign_may_count_in_another_unit(clock_of: Loads):
    clock = clock_of(campaigns={"banjir": {"complaint": {"days": 4, "unit": "calendar"}}})
    moments = at("2026-09-11"), at("2026-09-14")  # Friday, Monday
    assert clock.due("complaint", moments[0], campaign="banjir") == date(2026, 9, 15)
    assert clock.used("complaint", *moments, campaign="banjir") == 3
    assert clock.used("complaint", *moments) == 1


def test_a_clock_knows_the_time_of_the_place(clock_of: Loads):
    clock = clock_of()
    moment = at("2026-09-09", "22:30")  # Thursday in Jayapura
    assert clock.due("verify", moment) == date(2026, 9, 14)
    assert clock.due("verify", moment, place="32.73") == date(2026, 9, 14)
    assert clock.due("verify", moment, place="91.71") == date(2026, 9, 15)
    assert clock.used("verify", moment, at("2026-09-10"), place="32.73") == 1
    assert clock.used("verify", moment, at("2026-09-10"), place="91.71") == 0


def test_a_case_that_is_reclassified_or_reopened_is_counted_from_its_receipt(clock_of: Loads):
    """14 days become 5, which are over: the deadline says so, and is not put off."""
    clock, received = clock_of(), at("2026-09-07")
    pauses = [span("2026-09-08", "2026-09-10")]
    assert clock.due("complaint", received, pauses=pauses) == date(2026, 9, 29)
    assert clock.due("information", received, pauses=pauses) == date(2026, 9, 16)


def test_a_duty_without_days_is_a_mistake_of_ours(clock_of: Loads):
    with pytest.raises(KeyError):
        clock_of().due("someday", at("2026-09-07"))


@pytest.mark.parametrize(
    ("today", "before", "last"),
    [
        ("2026-09-07", 1, "2026-09-08"),
        ("2026-09-11", 1, "2026-09-14"),  # Friday warns of the weekend and of Monday
        ("2026-09-12", 1, "2026-09-14"),
        ("2026-09-13", 2, "2026-09-15"),
        ("2025-03-27", 1, "2025-04-08"),  # before Lebaran
        ("2026-09-11", 0, "2026-09-11"),
    ],
)
def test_deadlines_are_warned_of_working_days_before(
    clock_of: Loads, today: str, before: int, last: str
):
    clock = clock_of(warn_before=before)
    assert clock.warn_until(date.fromisoformat(today)).isoformat() == last


@pytest.mark.parametrize(
    ("now", "before"),
    [
        # 10 working days from Monday 7 September 2026 end on Monday 21
        (at("2026-09-22"), at("2026-09-08", "00:00", WIT)),
        (at("2026-09-23"), at("2026-09-09", "00:00", WIT)),
        # 21 is not over yet in WIB: only what came by Friday 4, due on 18; 5 and 6 are as 7
        (at("2026-09-21", "23:30"), at("2026-09-05", "00:00")),
        (at("2026-09-20"), at("2026-09-05", "00:00", WIT)),
        # Lebaran 2025: from Wednesday 19 March 20, 21, 24-27, 8-11 April
        (at("2025-04-11", "21:00"), at("2025-03-19", "00:00", WIT)),
        (at("2025-04-12"), at("2025-03-20", "00:00", WIT)),
    ],
)
def test_what_is_over_everywhere(clock_of: Loads, now: datetime, before: datetime):
    assert clock_of().over_before("close", now) == before


def test_an_answer_closes_its_complaint_when_its_days_are_over_everywhere(gateway: Gateway):
    gateway.say("Jalan rusak parah di Kec. Coblong Kota Bandung")
    with gateway.rt.transaction() as session:
        [complaint] = session.exec(select(Complaint))
        complaint.status = ComplaintStatus.ANSWERED
        complaint.answered_at = at("2026-11-20")  # Friday: 23-27 November, 30 to 4 December
    for now, status in (
        (at("2026-12-04", "23:30"), ComplaintStatus.ANSWERED),
        (at("2026-12-05", "00:00"), ComplaintStatus.CLOSED),
    ):
        gateway.clock.now = now
        jobs.close_unanswered()
        [complaint] = gateway.rows(Complaint)
        assert complaint.status == status


def test_the_desk_counts_from_now_unless_it_is_told_more(gateway: Gateway):
    gateway.clock.now = at("2026-09-09", "22:30")
    desk = gateway.rt.desk()
    assert desk.due("verify") == date(2026, 9, 14)
    assert desk.due("verify", place="91.71") == date(2026, 9, 15)
    paused = [span("2026-09-08", "2026-09-10")]
    assert desk.due("information", received=at("2026-09-07"), pauses=paused) == date(2026, 9, 16)
