"""`lapor export`: what it shows, and that all of it comes back."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.runtime import Runtime
from store.exchange.cells import as_written, neutral
from store.exchange.export import mask
from store.models import Complaint, Disposition
from tests.exchange import DESK, SAMPLE, counts, empty, jsonl
from tests.harness import Lapor, rows, sqlite

WHOLE = {
    "tracking": 9300001,
    "source": "telegram",
    "status": "in_progress",
    "kind": "complaint",
    "privacy": "anonim",
    "urgent": True,
    "headline": "Jalan amblas",
    "text": 'Jalan amblas.\r\n\'=1+1 "kutip"; koma, \ttab\U0001f6a7',
    "category": "JALAN_RUSAK",
    "agency": "DINAS_PUPR@32.73",
    "place": "32.73.02.1001",
    "address": "-Jl. Contoh 1",
    "lat": -6.9175,
    "lon": 107.6191,
    "duty": "inspection",
    "campaign": None,
    "deadline": "2026-02-03",
    "verify_by": None,
    "clock_at": "2025-11-20T08:00:00.000001+07:00",
    "parent": 9300002,
    "archive_reason": None,
    "created_at": "2025-11-05T08:15:00.123456+07:00",
    "forwarded_at": "2025-11-05T08:16:00+07:00",
    "responded_at": "2025-11-10T08:16:00+07:00",
    "answered_at": "2025-11-12T08:16:00+07:00",
    "closed_at": None,
    "reopened": 1,
    "rating": 2,
    "alarm": 1,
    "pauses": [["2025-11-06T00:00:00+00:00", "2025-11-07T00:00:00+00:00"]],
    "candidates": {"categories": [["JALAN_RUSAK", 98.5]], "agencies": [], "places": []},
    "dispositions": [
        {
            "agency": "PEMKOT_3273",
            "actor": "system",
            "reason": "jalan kota",
            "state": "forwarded",
            "deadline": "2026-02-01",
            "at": "2025-11-05T08:16:00+07:00",
            "answered_at": None,
        },
        {
            "agency": "DINAS_PUPR@32.73",
            "actor": "Admin Contoh",
            "reason": "",
            "state": "working",
            "deadline": "2026-02-03",
            "at": "2025-11-05T09:00:00+07:00",
            "answered_at": "2025-11-12T08:16:00+07:00",
        },
    ],
    "events": [
        {
            "kind": kind,
            "actor": actor,
            "at": f"2025-11-{day:02}T08:16:00+07:00",
            "text": said,
            "detail": detail,
        }
        for day, kind, actor, said, detail in [
            (5, "received", "citizen", "", {}),
            (5, "forwarded", "Admin Contoh", "ke dinas", {"agency": "DINAS_PUPR@32.73"}),
            (10, "answered", "Admin Contoh", "Akan ditambal.", {"agency": "DINAS_PUPR@32.73"}),
            (20, "reopened", "citizen", "Belum!", {}),
            (21, "corrected", "Admin Contoh", "", {"field": "place", "was": None, "now": "32.73"}),
        ]
    ],
}
PARENT = {
    "tracking": 9300002,
    "text": "Jalan amblas juga",
    "created_at": "2025-11-04T08:00:00+07:00",
    "forwarded_at": "2025-11-04T08:00:00+07:00",
    "agency": "DINAS_PUPR@32.73",
}


def test_json_lines_carry_everything_there_and_back(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], tmp_path: Path
):
    assert lapor("import", write(jsonl(WHOLE, PARENT), "in.jsonl")).exit_code == 0
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    lapor("export", first)
    child = json.loads(first.read_text("utf-8").splitlines()[0])
    linked = child["events"].pop()
    assert (linked["kind"], linked["detail"]) == ("linked", {"tracking": 9300002})
    assert child == WHOLE
    again = lapor("import", first, "--json")
    assert counts(again) == {"read": 2, "unchanged": 2}
    empty(runtime)
    lapor("import", first)
    lapor("export", second)
    assert second.read_text("utf-8") == first.read_text("utf-8")


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.jsonl", "out.jsonl.gz"])
def test_an_export_taken_in_elsewhere_gives_the_same_export(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], tmp_path: Path, name: str
):
    lapor("import", SAMPLE)
    lapor("import", write(jsonl(WHOLE, PARENT), "in.jsonl"))
    lapor("export", tmp_path / name)
    empty(runtime)
    assert counts(lapor("import", tmp_path / name, "--json")) == {"read": 32, "added": 32}
    shutil.copy(tmp_path / name, tmp_path / "before")
    lapor("export", tmp_path / name)
    assert (tmp_path / name).read_bytes() == (tmp_path / "before").read_bytes()
    assert counts(lapor("import", tmp_path / name, "--json")) == {"read": 32, "unchanged": 32}


@sqlite
def test_a_pipe_from_one_to_the_other(lapor: Lapor, runtime: Runtime):
    lapor("import", SAMPLE)
    out = lapor("export", "-", "--json")
    assert json.loads(out.stderr) == {"written": 30}
    empty(runtime)
    assert lapor("import", "-", say=out.stdout_bytes).exit_code == 0
    assert lapor("export", "-").stdout == out.stdout


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
).filter(str.strip)


@given(st.text())
@example("'=1+1")
@example("''-")
@example("-6.9")
def test_an_apostrophe_put_on_is_taken_off(cell: str):
    assert as_written(neutral(cell)) == cell


@given(st.text(alphabet="'=+-@\t\r\n0aＡ＝"))
def test_no_cell_begins_like_a_formula_but_numbers(cell: str):
    made = neutral(cell)
    assert made[:1] not in ("=", "@", "\t", "\r") or not made
    assert made[:1] not in ("+", "-") or made.lstrip("+-").replace(".", "").isdecimal()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
@example(texts=["=1+1", "'=1", "-1", "a\rb", 'x"y', "\n\n=x", "'", "\ufeffa", " a ", "a\r\n"])
def test_any_text_comes_back_to_the_letter(
    lapor: Lapor, runtime: Runtime, tmp_path: Path, form: str, texts: list[str]
):
    empty(runtime)
    now = datetime(2025, 11, 5, tzinfo=UTC)
    with runtime.transaction() as session:
        for number, said in enumerate(texts, 9_400_000):
            row = {"tracking": number, "text": said, "kind": "complaint", "source": "Website"}
            session.add(Complaint(**row, deadline=now.date(), created_at=now, updated_at=now))
    out = tmp_path / f"out.{form}"
    lapor("export", out, "--unmasked", "--reason", "test")
    empty(runtime)
    lapor("import", out)
    assert [row.text for row in rows(runtime, Complaint)] == texts


@sqlite
def test_a_masked_export_that_comes_back_hides_nothing_here(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], tmp_path: Path
):
    said = "Nama saya Budi, hubungi 081200000001, NIK 3273014101900001"
    desks = [DESK | {"deadline": "2025-11-25", "reason": "alasan rahasia"}]
    item = {"tracking": 9500001, "text": said, "created_at": "2025-11-05"}
    secret = {**item, "tracking": 9500002, "privacy": "rahasia", "place": "32.73.02"}
    secret |= {"dispositions": desks}
    lapor("import", write(jsonl(item, secret), "in.jsonl"))
    out = tmp_path / "out.jsonl"
    lapor("export", out)
    assert counts(lapor("import", out, "--json")) == {"read": 2, "unchanged": 2}
    assert [(row.text, row.place) for row in rows(runtime, Complaint)] == [
        (said, None),
        (said, "32.73.02"),
    ]
    assert [desk.reason for desk in rows(runtime, Disposition)] == ["alasan rahasia"]


# --- what an export shows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "public_text", "secret_text"),
    [
        ((), "Hubungi [telepon]", ""),
        (("--unmasked",), "Hubungi 081200000001", ""),
        (("--confidential",), "Hubungi [telepon]", "Laporan rahasia [telepon]"),
        (
            ("--unmasked", "--confidential"),
            "Hubungi 081200000001",
            "Laporan rahasia 081200000002",
        ),
    ],
)
@sqlite
def test_secrets_leave_only_when_asked_for(
    lapor: Lapor,
    write: Callable[..., Path],
    tmp_path: Path,
    options: tuple[str, ...],
    public_text: str,
    secret_text: str,
):
    secret = "Laporan rahasia 081200000002"
    event = {"kind": "follow_up", "actor": "citizen", "at": "2025-11-06", "text": secret}
    public = {"tracking": 1000001, "text": "Hubungi 081200000001", "created_at": "2025-11-05"}
    hidden = {**public, "tracking": 1000002, "text": secret, "privacy": "rahasia"}
    hidden |= {"address": "Jl. Contoh", "lat": -6.9, "lon": 107.6, "events": [event]}
    lapor("import", write(jsonl(public, hidden), "in.jsonl"))
    reason = ("--reason", "audit") if options else ()
    out = tmp_path / "out.jsonl"
    assert lapor("export", out, *options, *reason).exit_code == 0
    first, second = map(json.loads, out.read_text("utf-8").splitlines())
    assert first["text"] == public_text
    assert (second["text"], second["events"][0]["text"]) == (secret_text, secret_text)
    assert (second["address"], second["lat"]) == (
        ("Jl. Contoh", -6.9) if secret_text else ("", None)
    )


@pytest.mark.parametrize("option", ["--unmasked", "--confidential"])
@sqlite
def test_who_wants_secrets_says_why(lapor: Lapor, tmp_path: Path, option: str):
    result = lapor("export", tmp_path / "out.csv", option)
    assert (result.exit_code, "need --reason" in result.stderr) == (2, True)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("NIK saya 3273014101900001", "NIK saya [NIK]"),
        ("kirim ke budi@contoh.invalid", "kirim ke [surel]"),
        ("Nama saya Budi Contoh", "Nama saya [nama]"),
        ("Saya Ingin melapor", "Saya Ingin melapor"),
        ("rekening 1234567890 a.n. Budi", "rekening [nomor bank] a.n. [nama]"),
        ("DINAS_PUPR@32.04", "DINAS_PUPR@32.04"),
        ({"was": "hub 081200000001", "now": ["PEMKAB_3204"]}, None),
    ],
)
def test_private_words_are_masked_and_codes_are_not(said: Any, shown: Any):
    assert mask(said) == (shown or {"was": "hub [telepon]", "now": ["PEMKAB_3204"]})


@given(st.text(alphabet="0812 rekNIK+@.a-nmB", max_size=60))
def test_a_masked_text_has_nothing_left_to_mask(said: str):
    assert mask(mask(said)) == mask(said)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--since", "2025-11-14"), [27, 28, 29, 30]),
        (("--until", "2025-11-05"), [1, 2, 3, 4]),
        (("--since", "2025-11-08", "--until", "2025-11-10"), [12, 13, 14]),
        (("--area", "32.73"), [1, 2]),
        (("--area", "51"), [7]),
        (("--status", "archived", "--status", "deferred"), [9, 10, 11]),
        (("--source", "SMS", "--source", "Instagram"), [4, 6, 18, 27]),
        (("--agency", "DINSOS@32.05"), [4]),
        (("--agency", "PEMKAB_3205"), [4, 15]),
        (("--agency", "DISHUB@32.73", "--status", "closed"), []),
    ],
)
@sqlite
def test_filters(lapor: Lapor, tmp_path: Path, options: tuple[str, ...], found: list[int]):
    lapor("import", SAMPLE)
    out = tmp_path / "out.csv"
    assert lapor("export", out, *options).exit_code == 0
    with out.open(newline="", encoding="utf-8") as file:
        assert [int(row["tracking"]) - 9_100_000 for row in csv.DictReader(file)] == found


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("out.csv", "--agency", "DISHUP@32.73"), "is no code of an agency"),
        (("out.csv", "--agency", "DISHUB@99.73"), "is no code of an agency"),
        (("out.csv", "--since", "05/11/2025"), "is no date"),
        (("out.xlsx",), "say --format"),
        (("missing/out.csv",), "cannot be written"),
    ],
)
@sqlite
def test_an_export_that_cannot_be_meant(
    lapor: Lapor, tmp_path: Path, words: tuple[str, ...], reason: str
):
    result = lapor("export", tmp_path / words[0], *words[1:])
    assert (result.exit_code, reason in result.stderr) == (2, True)
    assert list(tmp_path.glob("out*")) == []


@sqlite
def test_an_export_has_no_formula_no_name_and_its_owner_alone_reads_it(
    lapor: Lapor, tmp_path: Path
):
    lapor("import", SAMPLE)
    out = tmp_path / "out.csv"
    lapor("export", out)
    content = out.read_text("utf-8")
    with io.StringIO(content, newline="") as file:
        cells = {row["tracking"]: row for row in csv.DictReader(file)}
    assert cells["9100020"]["text"].startswith("'=HYPERLINK")
    assert "Pelapor Contoh" not in content
    assert out.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob("*.part"))
