"""`lapor import`: files that are wrong, and what strangers write."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.runtime import Runtime
from store.models import AuditRow, Complaint, Privacy
from tests.exchange import GOOD, HEAD, LAST, MAPPING, SAMPLE, at, counts, everything, kept, lines
from tests.harness import Lapor, rows, sqlite

HOSTILE = {
    "too few fields": ("9200002,Teks,2025-11-05", "line 3: fields: 3 instead of 4"),
    "too many fields": ("9200002,Teks,2025-11-05,Proses,lagi", "line 3: fields: 5 instead of 4"),
    "a quote never closed": (
        '9200002,"Teks,2025-11-05,Proses',
        "line 3: line: a quote is not closed before the end of the file",
    ),
    "a letter after a quote": ('9200002,"Teks"x,2025-11-05,Proses', "line 3: line: is not CSV"),
    "a NUL": ("9200002,Te\0ks,2025-11-05,Proses", "line 3: line: has a NUL character"),
    "a cell of 10 MB": (
        f"9200002,{'x' * 10_000_000},2025-11-05,Proses",
        "line 3: line: is longer than 4,000,000 characters",
    ),
    "a text of 200 kB": (
        f"9200002,{'x' * 200_000},2025-11-05,Proses",
        "line 3: text: is longer than 100,000 characters",
    ),
    "the same number twice": (GOOD, "line 3: tracking: 9200001 stands in this file more than once"),
    "no number": (",Teks,2025-11-05,Proses", "line 3: tracking: is missing"),
    "no number but a word": ("abc,Teks,2025-11-05,Proses", "line 3: tracking: is not a number"),
    "a number of Excel": ("9.2E+06,Teks,2025-11-05,Proses", "line 3: tracking: is not a number"),
    "a negative number": ("-9200002,Teks,2025-11-05,Proses", "line 3: tracking: is not a number"),
    "no text": ("9200002,   ,2025-11-05,Proses", "line 3: text: is missing"),
    "no date": ("9200002,Teks,,Proses", "line 3: created_at: is missing"),
    "31 February": (
        "9200002,Teks,31/02/2025,Proses",
        "line 3: created_at: '31/02/2025' is no date",
    ),
    "the year 25": ("9200002,Teks,05/11/25,Proses", "line 3: created_at: '05/11/25' is no date"),
    "tomorrow's world": ("9200002,Teks,2999-01-01,Proses", "line 3: created_at: is in the future"),
    "no status": ("9200002,Teks,2025-11-05,Entah", "line 3: status: 'Entah' is no status"),
}


@pytest.mark.parametrize(("line", "reason"), HOSTILE.values(), ids=HOSTILE)
@sqlite
def test_a_bad_line_is_refused_with_its_reason_and_the_others_are_kept(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], line: str, reason: str
):
    path = write(lines(HEAD, GOOD, line, LAST))
    result = lapor("import", path, "--errors", path.with_name("wrong.csv"), "--json")
    assert result.exit_code == 1
    assert counts(result) == {"read": 3, "added": 2, "refused": 1}
    assert [said for said in result.stderr.splitlines() if reason in said] != []
    assert sorted(kept(runtime)) == [9200001, 9200009]
    with path.with_name("wrong.csv").open(newline="") as file:
        (found,) = csv.DictReader(file)
    assert reason.startswith(f"line {found['line']}: {found['column']}: ")


@sqlite
def test_lines_are_counted_as_an_editor_counts_them(lapor: Lapor, write: Callable[..., Path]):
    first = '9200001,"satu\n\ndua\r\ntiga",2025-11-05,Proses'
    result = lapor("import", write(lines(HEAD, first, "x,Teks,2025-11-05,Proses")))
    assert "line 6: tracking: is not a number" in result.stderr


@sqlite
def test_every_fault_of_a_line_is_told_and_the_line_counted_once(
    lapor: Lapor, write: Callable[..., Path]
):
    result = lapor("import", write(lines(HEAD, "x,Teks,kemarin,Entah")), "--json")
    assert [said.split(":")[1].strip() for said in result.stderr.splitlines()] == [
        *("tracking", "status", "created_at")
    ]
    assert counts(result) == {"read": 1, "refused": 1}


HOSTILE_JSON = {
    "an array": ("[1]", "line 2: line: is not a JSON object"),
    "half an object": ('{"tracking": 1', "line 2: line: is not JSON: Expecting"),
    "a thousand brackets": ("[" * 100_000, "line 2: line: is not JSON that can be read"),
    "NaN": ('{"tracking": 9200002, "lat": NaN}', "line 2: line: is not JSON that can be read"),
    "a NUL": ('{"tracking": 9200002, "text": "\\u0000"}', "line 2: line: has a NUL or half"),
    "half a character": ('{"tracking": 9200002, "text": "\\ud83d"}', "line 2: line: has a NUL or"),
    "a list for a text": (
        '{"tracking": 9200002, "text": ["a"]}',
        "line 2: text: must be one value",
    ),
    "one degree": ('{"tracking": 9200002, "lat": 1}', "line 2: lat: lat and lon: one without"),
    "a strange event": (
        '{"tracking": 9200002, "events": [{"kind": "x y", "actor": "a", "at": "2025-11-05"}]}',
        "line 2: events: number 1 is not an event",
    ),
    "an unknown desk": (
        '{"tracking": 9200002, "dispositions": [{"agency": "TIDAK_ADA", "state": "waiting", '
        '"at": "2025-11-05", "deadline": "2025-11-09"}]}',
        "line 2: dispositions: names an agency that this deployment does not have",
    ),
    "closed before it came": (
        '{"tracking": 9200002, "text": "a", "created_at": "2025-11-05", "closed_at": "2025-11-04"}',
        "line 2: closed_at: is before the report came in",
    ),
}


@pytest.mark.parametrize(("line", "reason"), HOSTILE_JSON.values(), ids=HOSTILE_JSON)
@sqlite
def test_a_bad_object_is_refused_and_the_others_are_kept(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], line: str, reason: str
):
    good = '{{"tracking": {}, "text": "Jalan rusak", "created_at": "2025-11-05"}}'
    path = write(lines(good.format(9200001), line, good.format(9200009)), "in.jsonl")
    result = lapor("import", path, "--json")
    assert (result.exit_code, counts(result)) == (1, {"read": 3, "added": 2, "refused": 1})
    assert reason in result.stderr
    assert sorted(kept(runtime)) == [9200001, 9200009]


BODY = lines(HEAD, "9200001,Café rusak,2025-11-05,Proses")
UNUSABLE = {
    "Windows-1252": (BODY.encode("cp1252"), "line 2, byte 72 of the file: this is not UTF-8 text"),
    "UTF-16": (BODY.encode("utf-16"), "not UTF-8 but UTF-16: say --encoding utf-16"),
    "UTF-16 without a mark": (BODY.encode("utf-16-le"), "say --encoding utf-16"),
    "nothing": (b"", "the file has no header"),
    "no tracking number": (b"Judul,Isi\na,b\n", "there is no column for the tracking number"),
    "two of them": (b"Tracking ID,tracking_id\n1,2\n", "'Tracking ID' stands there twice"),
    "broken gzip": (gzip.compress(BODY.encode())[:-12], "the file is damaged"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "line 1, byte 1 of the file: this is not UTF-8"),
}


@pytest.mark.parametrize(("content", "reason"), UNUSABLE.values(), ids=UNUSABLE)
@sqlite
def test_a_file_that_cannot_be_used_is_one_sentence_and_changes_nothing(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], content: bytes, reason: str
):
    result = lapor("import", write(content))
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1
    assert rows(runtime, Complaint) == []
    assert rows(runtime, AuditRow) == []


@sqlite
def test_a_wrong_byte_late_in_the_file_is_found_before_anything_is_written(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    many = [f"{9_000_000 + n},Jalan rusak,2025-11-05,Proses" for n in range(9_000)]
    result = lapor("import", write(lines(HEAD, *many).encode() + b"9300000,Caf\xe9,2025-11-05,x\n"))
    assert "line 9002, byte " in result.stderr
    assert rows(runtime, Complaint) == []


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"\xef\xbb\xbf" + BODY.encode(), ()),
        (BODY.encode("cp1252"), ("--encoding", "windows-1252")),
        (BODY.encode("utf-16"), ("--encoding", "utf-16")),
        (BODY.replace(",", ";").encode(), ()),
        (BODY.replace(",", "\t").replace("\n", "\r\n").encode(), ()),
        (gzip.compress(BODY.encode()), ()),
        (BODY.upper().replace("CAFÉ RUSAK", "Café rusak").encode(), ()),
        (BODY.replace("Tracking ID", " tracking_id ").encode(), ()),
    ],
    ids=["BOM", "1252", "utf-16", "semicolons", "tabs", "gzip", "capitals", "blanks"],
)
@sqlite
def test_ways_to_write_the_same_file(
    lapor: Lapor,
    runtime: Runtime,
    write: Callable[..., Path],
    content: bytes,
    options: tuple[str, ...],
):
    assert lapor("import", write(content), *options).exit_code == 0
    (row,) = rows(runtime, Complaint)
    assert (row.tracking, row.text, row.status) == (9200001, "Café rusak", "in_progress")


@pytest.mark.parametrize("word", ["utf-99", "hex", "rot13"])
@sqlite
def test_an_encoding_that_is_none_is_refused(lapor: Lapor, write: Callable[..., Path], word: str):
    result = lapor("import", write(BODY), "--encoding", word)
    assert (result.exit_code, "is no encoding" in result.stderr) == (2, True)


@sqlite
def test_a_mapping_says_what_columns_mean(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    theirs = "No. Tiket,Keluhan,Masuk,Keterangan,Lainnya\n77001,Jalan rusak,2025-11-05,rahasia,x\n"
    result = lapor("import", write(theirs), "--mapping", MAPPING, "--json")
    assert json.loads(result.stdout)["ignored_columns"] == ["Lainnya"]
    (row,) = rows(runtime, Complaint)
    assert (row.tracking, row.text, row.created_at) == (77001, "Jalan rusak", at(2025, 11, 5))


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ("Tiket,nomor\n", "'nomor' is none of our fields"),
        ("Tiket\n", "write their column, a comma, our field"),
    ],
)
@sqlite
def test_a_mapping_that_is_wrong_stops_the_import(
    lapor: Lapor, write: Callable[..., Path], mapping: str, reason: str
):
    result = lapor("import", write(BODY), "--mapping", write(mapping, "map.csv"))
    assert (result.exit_code, reason in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("header", "cell", "privacy"),
    [
        ("Rahasia", "Ya", Privacy.CONFIDENTIAL),
        ("Anonim", "ya", Privacy.ANONYMOUS),
        ("Anonim", "tidak", Privacy.PUBLIC),
        ("Kerahasiaan", "RAHASIA", Privacy.CONFIDENTIAL),
        ("Kerahasiaan", "", Privacy.PUBLIC),
    ],
)
@sqlite
def test_what_is_secret_stays_secret(
    lapor: Lapor,
    runtime: Runtime,
    write: Callable[..., Path],
    header: str,
    cell: str,
    privacy: Privacy,
):
    lapor("import", write(lines(f"{HEAD},{header}", f"{GOOD},{cell}")))
    (row,) = rows(runtime, Complaint)
    assert row.privacy == privacy


@pytest.mark.parametrize("words", [("--dry-run",), ()])
def test_a_dry_run_says_the_same_and_writes_nothing(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], words: tuple[str, ...]
):
    lapor("import", write(lines(HEAD, GOOD)))
    before = (everything(runtime), len(rows(runtime, AuditRow)))
    changed = GOOD.replace("Proses", "Selesai")
    path = write(lines(HEAD, changed, LAST, "x,Teks,2025-11-05,Proses"))
    result = lapor("import", path, "--json", *words)
    assert counts(result) == {"read": 3, "added": 1, "updated": 1, "refused": 1}
    after = (everything(runtime), len(rows(runtime, AuditRow)))
    assert (before == after) is bool(words)


def test_imports_and_exports_are_written_down(lapor: Lapor, runtime: Runtime, tmp_path: Path):
    lapor("import", SAMPLE)
    lapor("export", tmp_path / "out.csv", "--area", "32.73")
    reason = ("--reason", "moved")
    lapor("export", tmp_path / "out.jsonl", "--unmasked", "--confidential", *reason)
    found = [(row.action, row.reason, row.detail) for row in rows(runtime, AuditRow)]
    assert found == [
        ("import", "", {"file": "sp4n_sample.csv"}),
        ("import.done", "", {"file": "sp4n_sample.csv", "added": 30, "updated": 0, "refused": 0}),
        ("export", "", {"file": "out.csv", "area": "32.73"}),
        ("export", "moved", {"file": "out.jsonl", "confidential": True, "unmasked": True}),
    ]
