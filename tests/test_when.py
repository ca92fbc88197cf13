"""Times as people write them: the words, and the day or the days they mean."""

import csv
from datetime import date

import pytest
from holidays import country_holidays

from gateway.settings import ROOT
from parsers.when import when_of
from store.understander import load_tables

TODAY = date(2026, 11, 20)  # a Friday
FIXTURE = ROOT / "tests" / "fixtures" / "understanding" / "when.csv"
TABLES = ROOT / "parsers" / "tables"
TIMES = load_tables().times


def rows() -> list[dict[str, str]]:
    with FIXTURE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["text"])
def test_words_and_days(row: dict[str, str]):
    expected = (row["words"], row["date"] or None) if row["words"] else None
    assert when_of(row["text"], TODAY, TIMES) == expected


OTHER_DAYS = {  # what the table cannot hold: another day of reading
    ("sejak lebaran", date(2026, 3, 1)): ("sejak lebaran", "2025-03-31/2026-03-01"),
    ("sudah sebulan", date(2026, 3, 31)): ("sudah sebulan", "2026-02-28/2026-03-31"),
    ("tgl 31 lalu", date(2026, 3, 1)): ("tgl 31 lalu", "2026-01-31"),
    ("tgl 29 februari", date(2026, 3, 1)): ("tgl 29 februari", "2024-02-29"),
    ("tgl 5/12", date(2024, 11, 21)): ("tgl 5/12", "2023-12-05"),
    ("tanggal 31/02/2024", TODAY): ("tanggal 31/02/2024", None),
    ("tgl 0", TODAY): None,
    ("senin lalu", date(2026, 11, 16)): ("senin lalu", "2026-11-09"),
    ("hari senin", date(2026, 11, 16)): ("hari senin", "2026-11-16"),
    ("malam minggu", date(2026, 11, 15)): ("malam minggu", "2026-11-14"),
    ("sudah 999 tahun", TODAY): ("sudah 999 tahun", "1027-11-20/2026-11-20"),
    ("sudah 999 tahun", date(900, 1, 1)): ("sudah 999 tahun", "0001-01-01/0900-01-01"),
    ("sejak lebaran", date(1990, 1, 1)): ("sejak lebaran", None),
}


@pytest.mark.parametrize(("asked", "expected"), OTHER_DAYS.items())
def test_other_days(asked: tuple[str, date], expected: tuple[str, str | None] | None):
    assert when_of(*asked, TIMES) == expected


def test_without_today_no_day_is_guessed():
    assert when_of("mati sejak kemarin", None, TIMES) == ("sejak kemarin", None)


def test_a_clear_time_wins_over_a_doubtful_one_before_it():
    text = "buka jam 8 pagi, tapi mati dua hari. rusak sejak senin"
    assert when_of(text, TODAY, TIMES) == ("sejak senin", "2026-11-16/2026-11-20")


def test_every_word_has_one_role():
    with (TABLES / "times.csv").open(encoding="utf-8", newline="") as file:
        words = [row["word"] for row in csv.DictReader(file)]
    assert len(words) == len(set(words))


FEASTS = {  # as the package holidays names them
    "idul fitri": "Hari Raya Idul Fitri",
    "idul adha": "Hari Raya Idul Adha",
    "imlek": "Tahun Baru Imlek",
    "nyepi": "Hari Suci Nyepi",
    "waisak": "Hari Raya Waisak",
    "maulid": "Maulid Nabi Muhammad",
}


@pytest.mark.parametrize("feast", FEASTS)
def test_feasts_are_those_of_the_calendar_of_deadlines(feast: str):
    days = country_holidays("ID", years=range(2019, 2031), language="id")
    known = [day for day, name in days.items() if FEASTS[feast] in name and "kedua" not in name]
    table = [day for day in TIMES.feasts[feast] if 2019 <= day.year <= 2030]
    assert table == sorted(known)
