"""`lapor report`: the published figures come out of data that has them, in every format."""

import csv
import itertools
import json
import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import cli
from gateway.reports.reporting import refresh_rollups
from gateway.reports.words import Change, written
from gateway.runtime import Runtime
from store.agencies.directory import Directory
from store.catalogue import default_catalogue
from store.models import Conversation, Person
from store.reports.cases import Cases, load, open_book
from store.reports.facts import CASE, Words
from store.reports.groups import by_source
from store.reports.numbers import Share, completion, counts
from store.reports.query import Query
from tests.complaints import (
    ANSWERED,
    RECEIVED,
    agency,
    answered,
    complaint,
    desk,
    keep,
    keep_many,
    spec,
)
from tests.harness import Lapor, sqlite

YEAR = ("--from", "2020-01-01", "--to", "2020-12-31")
STATUSES = {"in_process": "in_progress", "untouched": "disposed", "followed_up": "closed"}


@pytest.fixture
def lapor(environ: dict[str, str]) -> Lapor:
    def call(*words: str) -> Result:
        result = CliRunner().invoke(cli, ["report", *words], env=environ)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return call


def asked(lapor: Lapor, *words: str) -> dict[str, Any]:
    result = lapor(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def printed(lapor: Lapor, *words: str) -> str:
    """The output with one blank between words."""
    result = lapor(*words)
    assert result.exit_code == 0, result.output
    return re.sub(r"[ \t]+", " ", result.stdout)


def share(part: int, whole: int, rate: float | None) -> dict[str, object]:
    return {"part": part, "whole": whole, "rate": rate}


# The published figures


def south_sulawesi(rt: Runtime) -> None:
    """The review to 24 August 2020: 22 agencies, 7 of them inactive."""
    for row in spec("sulsel2020"):
        code, area = row["agency"], row["area"]
        keep(rt, agency(code, "pemda_kabupaten", name=row["name"], area=area))
        for part in ("followed_up", "in_process", "untouched", "deferred", "archived"):
            like = complaint(agency=code, place=area, status=STATUSES.get(part, part))
            if part == "followed_up":
                like = answered(code, place=area)
            if number := int(row[part]):
                keep_many(rt, like, number)


SULSEL = ("province", "73", "--from", "2020-01-01", "--to", "2020-08-24")


def test_south_sulawesi_2020(runtime: Runtime, lapor: Lapor):
    south_sulawesi(runtime)
    text = printed(lapor, *SULSEL)
    assert "received 795" in text
    assert "followed up 493" in text
    assert "followed up of received 62.0 % (493 of 795)" in text
    assert "agencies connected 100.0 % (22 of 22)" in text
    assert "agencies active, of connected 68.2 % (15 of 22)" in text

    found = asked(lapor, *SULSEL)
    assert found["complaints"]["rate_of_received"] == share(493, 795, 0.6201)
    silent = [row["code"] for row in found["agencies"] if not row["active"]]
    assert len(silent) == 7
    [jeneponto] = [row for row in found["agencies"] if row["code"] == "PEMKAB_7304"]
    assert (jeneponto["received"], jeneponto["untouched"], jeneponto["overdue"]) == (39, 31, 37)


def lebaran(rt: Runtime) -> None:
    made = []
    for row in spec("lebaran2018"):
        times = {"created_at": datetime(2018, 6, 14, 3, 0, tzinfo=UTC), "status": row["status"]}
        batch = [complaint(**times) for _ in range(int(row["count"]))]
        keep(rt, *batch)
        made += [desk(each, "KEMENHUB", row["state"]) for each in batch if row["state"]]
    keep(rt, *made)


def test_lebaran_2018_adds_up_both_ways(runtime: Runtime, lapor: Lapor):
    lebaran(runtime)
    text = printed(lapor, "--from", "2018-06-08", "--to", "2018-06-24")
    for line in (
        "received 1,607",
        "followed up 1,295",
        "in process 9",
        "untouched 24",
        "archived 278",
        "of them withdrawn 17",
        "deferred 1",
        "followed up of received 80.6 % (1,295 of 1,607)",
        "followed up of received minus archived 97.4 % (1,295 of 1,329)",
    ):
        assert line in text
    assert 1295 + 9 + 24 + 278 + 1 == 1607


@sqlite
def test_social_assistance_in_the_covid_campaign(runtime: Runtime, lapor: Lapor):
    for row in spec("covid2020"):
        keep_many(runtime, complaint(category=row["category"], campaign="covid"), int(row["count"]))
    keep_many(runtime, complaint(category="BANSOS"), 10)  # not of the campaign
    text = printed(lapor, "topics", "--campaign", "covid", *YEAR)
    assert "received 40,939" in text
    [line] = [line for line in text.splitlines() if line.strip().startswith("BANSOS")]
    assert " 22,747 " in line
    assert line.strip().endswith("55.6 %")
    found = asked(lapor, "topics", "--campaign", "covid", *YEAR)
    assert found["top_topics"][0]["code"] == "SOSIAL"
    assert found["top_topics"][0]["share"] == share(22747, 40939, 0.5556)


def test_the_679_connected_agencies(runtime: Runtime, lapor: Lapor):
    rows = [
        agency(f"{row['level']}-{number}", row["level"])
        for row in spec("agencies")
        for number in range(int(row["count"]))
    ]
    units = agency("UNIT", "unit", parent="kementerian-1")
    apart = agency("lembaga-x", "lembaga", connected=False)
    keep(runtime, *rows, units, apart, answered("UNIT"))
    text = printed(lapor, "agencies", *YEAR)
    assert "ministries 1 34 2.9 %" in text
    assert "institutions 0 101 0.0 %" in text
    assert "local governments 0 544 0.0 %" in text
    assert "total 1 679 0.1 %" in text
    found = asked(lapor, "agencies", "--level", "lembaga", *YEAR)
    assert found["activity"][-1]["rate"] == share(0, 101, 0.0)


SAID = {  # how a real export calls what the tables hold
    "closed": "Selesai",
    "answered": "Ditindaklanjuti",
    "commented": "Ditanggapi oleh Pelapor",
    "in_progress": "Proses",
    "archived": "Dihapus",
    "deferred": "Ditunda",
}


def test_lebaran_2018_from_an_export(
    runtime: Runtime, lapor: Lapor, environ: dict[str, str], tmp_path: Path
):
    """The same through `lapor import`: it has no desks, so what is with an agency is untouched."""
    numbers = itertools.count(1_000_000)
    with (tmp_path / "lebaran.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        head = ["Tracking ID", "Isi Laporan Awal", "Status Laporan", "Instansi Terdisposisi"]
        writer.writerow([*head, "Sumber Laporan", "Tanggal Laporan Masuk"])
        for row in spec("lebaran2018"):
            word = SAID.get(row["status"], "Belum Diproses")
            if row["state"] == "working":
                word = "Proses"
            if row["status"] == "withdrawn":
                word = "Dihapus"
            for _ in range(int(row["count"])):
                line = [next(numbers), "Kemacetan di gerbang tol", word, "Kementerian Perhubungan"]
                writer.writerow([*line, "Website", "2018-06-14 10:00"])
    words = ["import", str(tmp_path / "lebaran.csv")]
    result = CliRunner().invoke(cli, words, env=environ)
    assert result.exit_code == 0, result.output
    found = asked(lapor, "--from", "2018-06-08", "--to", "2018-06-24")["complaints"]
    parts = ("followed_up", "in_process", "untouched", "archived", "deferred")
    assert [found[part] for part in parts] == [1295, 9, 24, 278, 1]
    assert found["rate_of_kept"] == share(1295, 1329, 0.9744)


# What the figures mean

KINDS = st.fixed_dictionaries(
    {
        "part": st.integers(0, 6),
        "source": st.integers(0, 3),
        "respond": st.integers(-1, 40),
        "complete": st.integers(-1, 40),
        "rating": st.integers(0, 5),
    }
)


def cases(rows: list[dict[str, int]]) -> Cases:
    """Packed complaints that differ in the given columns."""
    array = np.zeros(len(rows), dtype=CASE)
    for number, row in enumerate(rows):
        for name, value in row.items():
            array[number][name] = value
    return Cases(array, np.zeros(len(rows), dtype=np.int64), Words({}))


@given(st.lists(KINDS, max_size=40))
def test_the_parts_add_up_whatever_the_complaints_are(rows: list[dict[str, int]]):
    found = counts(cases(rows))
    parts = (found.followed_up, found.in_process, found.untouched, found.deferred, found.archived)
    assert sum(parts) == found.received == len(rows)
    assert found.untouched >= found.unforwarded
    assert found.archived >= found.withdrawn
    assert found.of_kept.whole == len(rows) - sum(row["part"] in (5, 6) for row in rows)


@pytest.mark.parametrize(
    ("days", "median", "p90"),
    [
        ([], None, None),
        ([-1, -1], None, None),
        ([0], 0, 0),
        ([3, 1], 1, 3),
        ([1, 2, 3], 2, 3),
        ([1, 2, 3, 4], 2, 4),
        ([1] * 9 + [30], 1, 1),
        ([1] * 8 + [30, 31], 1, 30),
        ([5, 5, 5, -1, 20], 5, 20),
    ],
)
def test_median_and_90th_percentile_are_days_that_occurred(
    days: list[int], median: int | None, p90: int | None
):
    found = completion(cases([{"complete": day} for day in days]))
    assert (found.median, found.p90) == (median, p90)
    assert found.count == sum(day >= 0 for day in days)


def test_how_long_it_took_against_the_limits(runtime: Runtime, lapor: Lapor):
    late = datetime(2020, 3, 27, 3, 0, tzinfo=UTC)
    times = {"verify_by": date(2020, 3, 5), "deadline": date(2020, 3, 20)}
    quick = {"duty": "information", "deadline": date(2020, 3, 9), "verify_by": date(2020, 3, 5)}
    keep(
        runtime,
        answered("KEMENSOS", **times),
        answered("KEMENSOS", **times, responded_at=late, answered_at=late, forwarded_at=late),
        answered("KEMENSOS", **quick),
        complaint(),
    )
    found = asked(lapor, "timing", *YEAR)
    [first] = found["first_response"]
    assert (first["limit"], first["unit"], first["count"]) == (3, "working", 3)
    assert (first["median"], first["p90"], first["in_time"]["part"]) == (0, 18, 2)
    by_duty = {row["duty"]: row for row in found["completion"]}
    assert by_duty["information"]["in_time"] == share(1, 1, 1.0)
    assert by_duty["complaint"]["median"] == 3
    assert by_duty["complaint"]["p90"] == 18
    assert by_duty["total"]["in_time"] == share(2, 3, 0.6667)


def test_overdue_is_open_past_its_deadline_and_not_waiting_for_the_reporter(
    runtime: Runtime, lapor: Lapor
):
    past, coming = date(2020, 3, 20), date.today() + timedelta(days=3)  # noqa: DTZ011
    keep(
        runtime,
        complaint(status="disposed", agency="KEMENSOS", deadline=past),
        complaint(status="in_progress", agency="KEMENSOS", deadline=past - timedelta(days=1)),
        complaint(status="triage", deadline=past),
        complaint(status="deferred", agency="KEMENSOS", deadline=past),
        complaint(status="disposed", agency="KEMENSOS", deadline=coming),
        answered("KEMENSOS"),
        complaint(status="archived", deadline=past),
        complaint(status="disposed", agency="DINAS_PUPR@32.73", place="32.73.01", deadline=past),
        complaint(created_at=datetime(2019, 12, 30, tzinfo=UTC), deadline=past),
    )
    found = asked(lapor, "overdue", *YEAR)
    assert found["complaints"] == {"overdue": 4}
    first = found["agencies"][0]
    assert (first["code"], first["overdue"], first["oldest"]) == ("KEMENSOS", 2, "2020-03-19")
    assert asked(lapor, "overdue", "--area", "32", *YEAR)["complaints"] == {"overdue": 1}
    assert asked(lapor, "overdue", "--level", "pemda", *YEAR)["complaints"] == {"overdue": 1}
    assert asked(lapor, "--agency", "KEMENSOS", *YEAR)["days"]["overdue"] == 2


def test_satisfaction_reopening_and_reporters(runtime: Runtime, lapor: Lapor):
    """Two of the four conversations are one person; an imported complaint has nobody."""
    with runtime.transaction() as session:
        person = Person(created_at=RECEIVED)
        session.add(person)
        session.flush()
        spoken = [
            Conversation(
                channel="sms",
                sender=f"+62812000000{n}",
                person_id=person.key if n < 2 else None,
                updated_at=RECEIVED,
            )
            for n in range(4)
        ]
        session.add_all(spoken)
        session.flush()
        keys = [each.key for each in spoken]
    keep(
        runtime,
        answered("KEMENSOS", conversation_id=keys[0], rating=5),
        answered("KEMENSOS", conversation_id=keys[1], rating=2, reopened=1),
        answered("KEMENSOS", conversation_id=keys[2], rating=4),
        answered("KEMENSOS", conversation_id=keys[2]),
        complaint(conversation_id=keys[3]),
        answered("KEMENSOS"),
    )
    found = asked(lapor, *YEAR)["people"]
    assert found == {
        "reporters": 3,
        "reporters_unknown": 1,
        "asked": 4,
        "answers": 3,
        "rating_mean": 3.6667,
        "satisfied": share(2, 3, 0.6667),
        "reopened": share(1, 5, 0.2),
    }


def test_growth_against_the_period_before_and_the_year_before(runtime: Runtime, lapor: Lapor):
    days = {date(2020, 3, 2): 6, date(2020, 2, 3): 4, date(2019, 3, 4): 5, date(2018, 3, 5): 9}
    for day, number in days.items():
        moment = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
        keep(runtime, *(complaint(created_at=moment) for _ in range(number)))
    found = asked(lapor, "--from", "2020-03-01", "--to", "2020-03-31")["growth"]
    assert found == [
        {
            "period": "previous",
            "from": "2020-01-30",
            "to": "2020-02-29",
            "received": 4,
            "change": 0.5,
        },
        {
            "period": "year_before",
            "from": "2019-03-01",
            "to": "2019-03-31",
            "received": 5,
            "change": 0.2,
        },
    ]
    leap = asked(lapor, "--from", "2020-02-29", "--to", "2020-02-29")["growth"][1]
    assert (leap["from"], leap["received"], leap["change"]) == ("2019-02-28", 0, None)


def test_side_by_side_in_time_shows_empty_months(runtime: Runtime, lapor: Lapor):
    for month in (1, 1, 3):
        keep(runtime, complaint(created_at=datetime(2020, month, 15, tzinfo=UTC)))
    found = asked(lapor, "--by", "month", "--from", "2020-01-10", "--to", "2020-04-30")["groups"]
    assert [(row["code"], row["received"]) for row in found] == [
        ("2020-01-10", 2),
        ("2020-02-01", 0),
        ("2020-03-01", 1),
        ("2020-04-01", 0),
    ]
    weeks = asked(lapor, "--by", "week", "--from", "2020-01-13", "--to", "2020-01-26")["groups"]
    assert [(row["code"], row["received"]) for row in weeks] == [
        ("2020-01-13", 2),
        ("2020-01-20", 0),
    ]


def test_units_count_for_their_agency_and_are_seen_within_it(runtime: Runtime, lapor: Lapor):
    keep(
        runtime,
        agency("UPT_BANDUNG", "unit", parent="KEMENSOS"),
        complaint(agency="UPT_BANDUNG", place="32.73"),
        complaint(agency="KEMENSOS", place="73"),
        complaint(agency="DINAS_PUPR@32.73", place="32.73.02"),
        complaint(agency="DINAS_PUPR@32.04", place="32.04.05"),
        complaint(),
    )

    def codes(*words: str) -> dict[str, int]:
        groups = asked(lapor, *words, *YEAR)["groups"]
        return {row["code"]: row["received"] for row in groups}

    assert codes("--by", "agency") == {"KEMENSOS": 2, "PEMKOT_3273": 1, "PEMKAB_3204": 1, "": 1}
    assert codes("--by", "agency", "--agency", "KEMENSOS") == {"KEMENSOS": 1, "UPT_BANDUNG": 1}
    assert codes("--by", "agency", "--agency", "PEMKOT_3273") == {"DINAS_PUPR@32.73": 1}
    assert codes("--by", "area") == {"32": 3, "73": 1, "": 1}
    assert codes("--by", "area", "--area", "32") == {"32.73": 2, "32.04": 1}
    assert codes("--by", "area", "--area", "32.73") == {"32.73": 2}
    assert asked(lapor, "--level", "pemda", *YEAR)["complaints"]["received"] == 2


def test_channels_and_filters(runtime: Runtime, lapor: Lapor):
    keep(
        runtime,
        complaint(source="sms", kind="aspiration", category="BANSOS"),
        complaint(source="sms", category="COVID"),
        complaint(source="Website", category="SOSIAL"),
    )
    found = asked(lapor, "channels", *YEAR)["channels"]
    assert [(row["code"], row["received"]) for row in found] == [("sms", 2), ("Website", 1)]
    for words, number in (
        (("--source", "Website"), 1),
        (("--kind", "aspiration"), 1),
        (("--topic", "SOSIAL"), 2),  # with its sub-topics
        (("--topic", "BANSOS"), 1),
        (("--source", "telegram"), 0),
    ):
        assert asked(lapor, *words, *YEAR)["complaints"]["received"] == number, words


def test_an_agency_that_answered_for_another_is_active(runtime: Runtime, lapor: Lapor):
    """Also where the complaint was received before the period."""
    case = complaint(
        agency="KEMENSOS", status="in_progress", created_at=RECEIVED - timedelta(days=90)
    )
    keep(runtime, agency("KEMENSOS", "kementerian"), agency("KEMENKES", "kementerian"), case)
    keep(runtime, desk(case, "KEMENSOS", "working"), desk(case, "KEMENKES", "answered", ANSWERED))
    found = asked(lapor, "agencies", "--from", "2020-03-01", "--to", "2020-03-31")
    assert {row["code"]: row["active"] for row in found["agencies"]} == {
        "KEMENSOS": False,
        "KEMENKES": True,
    }


def test_a_province_is_told_of_complaints_that_others_have(runtime: Runtime, lapor: Lapor):
    keep(
        runtime,
        complaint(agency="DINAS_PUPR@73.71"),  # its place was never said
        complaint(agency="KEMENSOS", place="73.71.02"),
        complaint(place="73.06"),
        complaint(agency="KEMENSOS", place="32.73"),
    )
    found = asked(lapor, "province", "73", *YEAR)
    assert found["complaints"]["received"] == 1
    assert found["elsewhere"]["received"] == 2
    assert len(found["agencies"]) == 25  # nobody imported agencies: those of the catalogue
    assert {row["connected"] for row in found["agencies"]} == {None}


# Formats


def test_a_spreadsheet_gets_no_formulas(runtime: Runtime, lapor: Lapor):
    evil = ['=HYPERLINK("http://x.example")', "+1", "-1", "@SUM(A1)", "\tx", "a,b", "biasa"]
    keep(runtime, *(complaint(source=source) for source in evil))
    result = lapor("channels", "--format", "csv", *YEAR)
    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert {row["code"] for row in rows} == {
        '\'=HYPERLINK("http://x.example")',
        "'+1",
        "'-1",
        "'@SUM(A1)",
        "'\tx",
        "a,b",
        "biasa",
    }
    assert {row["share"] for row in rows} == {"0.1429"}


def test_a_summary_as_csv_is_a_line_for_each_figure(runtime: Runtime, lapor: Lapor):
    keep(runtime, answered("KEMENSOS"), complaint())
    rows = list(csv.reader(StringIO(lapor("--format", "csv", *YEAR).stdout)))
    assert rows[0] == ["section", "figure", "value", "of"]
    assert ["complaints", "received", "2", ""] in rows
    assert ["complaints", "rate_of_received", "0.5", "2"] in rows


@sqlite
def test_the_keys_for_programs_stay(runtime: Runtime, lapor: Lapor):
    found = asked(lapor, *YEAR)
    assert {key: set(value) for key, value in found.items() if isinstance(value, dict)} == {
        "filters": set(),
        "complaints": {
            *("received", "followed_up", "in_process", "untouched", "unforwarded", "deferred"),
            *("archived", "withdrawn", "rate_of_received", "rate_of_kept"),
        },
        "days": {
            *("first_response_median", "first_response_p90", "first_response_in_time"),
            *("completion_median", "completion_p90", "completion_in_time", "overdue"),
        },
        "people": {
            *("reporters", "reporters_unknown", "asked", "answers", "rating_mean"),
            *("satisfied", "reopened"),
        },
    }
    lists = {key for key, value in found.items() if isinstance(value, list)}
    assert lists == {"activity", "growth", "topics", "channels", "notes"}
    assert found["report"] == "summary"
    assert (found["from"], found["to"]) == ("2020-01-01", "2020-12-31")
    assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d", found["refreshed_at"])


def test_the_letter_of_follow_up(runtime: Runtime, lapor: Lapor, tmp_path: Path):
    south_sulawesi(runtime)
    keep(
        runtime,
        agency("PEMPROV_73", "pemda_provinsi", area="73"),
        agency("PEMKAB_7326", "pemda_kabupaten", area="73.26", name="<b>Toraja</b> & Utara"),
        complaint(agency="PEMKAB_7326"),
    )
    out = tmp_path / "surat.html"
    words = ("--format", "html", "--number", "005/123/2020", "--signatory", "Dr. Contoh")
    result = lapor(*SULSEL, *words, "--out", str(out))
    assert result.exit_code == 0, result.output
    page = out.read_text("utf-8")
    text = re.sub(r"\s+", " ", page)
    assert ": 005/123/2020" in text
    assert "Bupati dan Wali Kota se-Provinsi Sulawesi Selatan" in text
    assert "1 Januari 2020 sampai dengan 24 Agustus 2020 telah diterima 796 laporan" in text
    assert "493 laporan (61,9% dari seluruh laporan yang diterima)" in text
    assert "Gubernur Sulawesi Selatan," in text
    assert "Dr. Contoh" in text
    assert "Pemerintah Kabupaten Jeneponto (39 laporan)" in text
    assert "Kepulauan Selayar (0 laporan)" not in text  # it had nothing to answer
    assert "&lt;b&gt;Toraja&lt;/b&gt; &amp; Utara" in page
    assert "<b>" not in page
    assert page.count("<tr>") == 4 + 1 + 23 + 1  # the province does not write to itself
    for outside in ("http:", "https:", "src=", "<script", "url("):
        assert outside not in page


@sqlite
@pytest.mark.parametrize("what", ["summary", "agencies", "topics", "channels", "timing", "overdue"])
def test_every_report_on_paper(runtime: Runtime, lapor: Lapor, what: str):
    keep(runtime, agency("KEMENSOS", "kementerian"), answered("KEMENSOS", category="BANSOS"))
    keep(runtime, complaint(source="<i>x</i>", status="disposed", agency="KEMENSOS"))
    page = lapor(what, "--format", "html", *YEAR).stdout
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert "1 Januari 2020 s.d. 31 Desember 2020" in page
    assert "<i>" not in page
    assert "%" not in re.sub(
        r"\d,\d%|90%|width: \d+%|max-width: 100%|text-size-adjust: 100%", "", page
    )


@pytest.mark.parametrize(
    ("value", "english", "indonesian"),
    [
        (1607, "1,607", "1.607"),
        (Share(1295, 1607), "80.6 %", "80,6%"),
        (Share(0, 0), "-", "-"),
        (Share(1, 1), "100.0 %", "100,0%"),
        (Change(0.2), "+20.0 %", "+20,0%"),
        (Change(-0.05), "-5.0 %", "-5,0%"),
        (Change(None), "-", "-"),
        (3.6667, "3.7", "3,7"),
        (None, "-", "-"),
        (True, "yes", "ya"),
        (date(2020, 8, 24), "2020-08-24", "24 Agustus 2020"),
        ("kementerian", "ministries", "kementerian"),
        ("Dinas Contoh", "Dinas Contoh", "Dinas Contoh"),
    ],
)
def test_figures_as_they_are_written(value: Any, english: str, indonesian: str):
    assert written(value, "en") == english
    assert written(value, "id") == indonesian


# Bad input and empty periods


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2020-02-02", "--to", "2020-02-01"), "ends on 2020-02-01, before it starts"),
        (("--from", "2999-01-01", "--to", "2999-02-01"), "which is yet to come"),
        (("--area", "73.99"), "there is no area '73.99'. Near it: 73."),
        (("--area", "73.71.02"), "ask for 73.71"),
        (("--area", "makasar"), "Near it: 73.71 (Kota Makassar)"),
        (("--agency", "KEMENSO"), "there is no agency 'KEMENSO'. Near it: KEMENSOS"),
        (("--agency", "DINAS_PUPR@99.99"), "there is no agency"),
        (("--topic", "BANSO"), "Near it: BANSOS"),
        (("--level", "kementrian"), "Near it: kementerian"),
        (("--kind", "complain"), "Near it: complaint"),
        (("--source", "smss"), "Near it: sms"),
        (("--campaign", "covid"), "there is no campaign 'covid'"),
        (("province",), "lapor report province 73"),
        (("province", "73.71"), "73.71 is no province"),
        (("topics", "73"), "write --area 73"),
        (("topics", "--by", "month"), "--by belongs to summary"),
        (("--by", "day", "--from", "2010-01-01", "--to", "2012-09-27"), "1,000 days at most"),
        (("--by", "month", "--from", "1900-01-01", "--to", "1999-12-31"), "a shorter one"),
        (("--from", "kemarin"), "kemarin"),
        (("salah",), "salah"),
    ],
)
@sqlite
def test_a_question_that_makes_no_sense(
    runtime: Runtime, lapor: Lapor, words: tuple[str, ...], said: str
):
    result = lapor(*words)
    assert result.exit_code == 2
    assert said in re.sub(r"\s+", " ", result.stderr)
    assert result.stdout == ""


@pytest.mark.parametrize("form", ["table", "csv", "json", "html"])
@pytest.mark.parametrize(
    "what",
    [
        *(("summary",), ("agencies",), ("topics",), ("channels",), ("timing",), ("overdue",)),
        *(("province", "73"), ("summary", "--by", "week"), ("summary", "--by", "agency")),
    ],
)
@sqlite
def test_a_period_without_complaints_is_a_report_of_zeros(
    runtime: Runtime, lapor: Lapor, what: tuple[str, ...], form: str
):
    result = lapor(*what, "--format", form, *YEAR)
    assert result.exit_code == 0, result.output


def test_no_complaints_is_said(runtime: Runtime, lapor: Lapor):
    text = printed(lapor, *YEAR)
    assert "There are no complaints in this period." in text
    assert "received 0" in text
    assert "followed up of received - (0 of 0)" in text


@sqlite
def test_a_file_that_cannot_be_written(runtime: Runtime, lapor: Lapor, tmp_path: Path):
    result = lapor("--format", "csv", "--out", str(tmp_path / "missing" / "x.csv"), *YEAR)
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_stale_figures_are_shown_when_they_will_do(runtime: Runtime, lapor: Lapor):
    keep(runtime, complaint())
    assert asked(lapor, "--stale-ok", *YEAR)["refreshed_at"] is None
    assert asked(lapor, *YEAR)["complaints"]["received"] == 1
    keep(runtime, complaint(updated_at=datetime.now(UTC)))
    assert asked(lapor, "--stale-ok", *YEAR)["complaints"]["received"] == 1
    assert asked(lapor, *YEAR)["complaints"]["received"] == 2


def test_a_long_table_is_cut_for_people_only(runtime: Runtime, lapor: Lapor):
    keep(runtime, *(complaint(source=f"asal {number:02}") for number in range(30)))
    text = printed(lapor, "channels", "--top", "5", *YEAR)
    assert "asal 04" in text
    assert "asal 05" not in text
    assert "25 more: --top 0" in text
    assert "asal 29" in printed(lapor, "channels", "--top", "0", *YEAR)
    assert len(asked(lapor, "channels", "--top", "5", *YEAR)["channels"]) == 30


def test_words_that_came_while_a_report_is_made_are_known(runtime: Runtime):
    keep(runtime, complaint(source="asal 1"))
    refresh_rollups(runtime)
    with runtime.reading() as session:
        book = open_book(session, Directory.load(session, default_catalogue()))
        assert book.words.of("source") == ["", "asal 1"]
        keep(runtime, complaint(source="asal 2", updated_at=datetime.now(UTC)))
        refresh_rollups(runtime)
        found = by_source(load(book, date(2020, 3, 1), date(2020, 3, 31)), book)
    assert {group.key for group in found} <= {"asal 1", "asal 2"}


def test_a_period_before_all_calendars():
    query = Query(start=date(1, 1, 1), end=date(1, 1, 31))
    assert query.before() is None
    assert query.a_year_before() is None
