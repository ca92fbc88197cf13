"""`lapor import` and `lapor export`: real files, both databases, and what strangers write."""

import csv
import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel, select

from gateway.cli import cli
from gateway.reports.reporting import refresh_rollups
from gateway.runtime import Runtime
from gateway.settings import ROOT
from store.agency_models import AgencyRow, Rollup, RollupState
from store.catalogue import default_catalogue
from store.exchange import values
from store.exchange.batch import link
from store.exchange.cells import as_written, neutral
from store.exchange.export import mask
from store.exchange.names import Names, national_regions
from store.families import families
from store.models import (
    AuditRow,
    Complaint,
    ComplaintStatus,
    DeskState,
    Disposition,
    Event,
    InboxRow,
    Privacy,
)
from tests.harness import eventually, rows

CASE = {"tracking": 9600001, "text": "Jalan rusak", "created_at": "2025-11-05"}
DESK = {"agency": "DINAS_PUPR@32.73", "state": "waiting", "at": "2025-11-05T09:00:00+07:00"}
SAMPLE = ROOT / "tests" / "fixtures" / "exchange" / "sp4n_sample.csv"
MAPPING = ROOT / "tests" / "fixtures" / "exchange" / "columns.csv"
WIB = ZoneInfo("Asia/Jakarta")
HEAD = "Tracking ID,Isi Laporan Awal,Tanggal Laporan,Status Laporan"
GOOD = '9200001,"Jalan rusak, tolong",2025-11-05,Proses'
LAST = "9200009,Lampu mati,06/11/2025,Selesai"
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # one is enough
Lapor = Callable[..., Result]


@pytest.fixture
def lapor(environ: dict[str, str]) -> Lapor:
    def call(*words: object, say: str | bytes = "") -> Result:
        result = CliRunner().invoke(cli, [str(word) for word in words], input=say, env=environ)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return call


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(content: str | bytes, name: str = "in.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def lines(*given: str) -> str:
    return "\n".join(given) + "\n"


def jsonl(*objects: dict[str, Any]) -> str:
    return lines(*(json.dumps(item) for item in objects))


def counts(result: Result) -> dict[str, int]:
    """What `--json` says became of the lines."""
    found = json.loads(result.stdout)
    names = ("read", "added", "updated", "unchanged", "refused")
    return {name: found[name] for name in names if found[name]}


def kept(rt: Runtime) -> dict[int, Complaint]:
    return {row.tracking: row for row in rows(rt, Complaint)}


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=WIB)


def empty(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())


# --- a real export of SP4N-LAPOR! ----------------------------------------------------------------


def test_an_sp4n_export_becomes_complaints(lapor: Lapor, runtime: Runtime):
    result = lapor("import", SAMPLE, "--json")
    assert (result.exit_code, counts(result)) == (0, {"read": 30, "added": 30})
    assert json.loads(result.stdout)["ignored_columns"] == ["Nama Pelapor"]
    found = kept(runtime)
    seen = {
        tracking: (
            *(row.kind, row.status, row.category, row.agency, row.place, row.source),
            row.created_at.astimezone(WIB).strftime("%d %H:%M"),
        )
        for tracking, row in found.items()
    }
    assert [seen[number] for number in (9100001, 9100004, 9100005, 9100008, 9100030)] == [
        ("complaint", "closed", "PUPR", "DINAS_PUPR@32.73", "32.73.02", "Website", "05 08:15"),
        ("complaint", "commented", "SOSIAL", "KEMENSOS", "32.05", "SMS", "05 00:00"),
        ("aspiration", "triage", "PUPR", None, "35.78.05", "Website", "06 07:45"),
        ("complaint", "disposed", "PENDIDIKAN", "DISDIK_PROV@32", "32.71", "Website", "06 12:00"),
        ("complaint", "in_progress", "PERHUBUNGAN", "PEMKOT_8271", "82.71", "Website", "14 08:00"),
    ]
    assert {row.inbox_id for row in found.values()} == {None}
    assert {row.conversation_id for row in found.values()} == {None}
    assert found[9100003].text == "Setiap hujan air masuk rumah.\nMohon saluran dibersihkan."
    assert found[9100025].privacy == Privacy.CONFIDENTIAL  # a whistle-blower


@pytest.mark.parametrize(
    ("tracking", "dates"),
    [
        # Wed 5 Nov 2025: 14 working days are 25 Nov, 3 are 10 Nov.
        (9100001, (date(2025, 11, 25), date(2025, 11, 10))),
        (9100006, (date(2025, 11, 13), date(2025, 11, 11))),  # information: 5 of Thu 6 Nov
        (9100010, (date(2025, 11, 12), date(2025, 11, 12))),  # no agency: 3 of Fri 7 Nov
    ],
)
@sqlite
def test_deadlines_that_the_file_does_not_have(
    lapor: Lapor, runtime: Runtime, tracking: int, dates: tuple[date, date]
):
    lapor("import", SAMPLE)
    row = kept(runtime)[tracking]
    assert (row.deadline, row.verify_by) == dates


@sqlite
def test_the_dates_of_an_export_become_its_history(lapor: Lapor, runtime: Runtime):
    lapor("import", SAMPLE)
    row = kept(runtime)[9100004]
    happened = [
        (event.kind, event.actor, event.at, event.detail, event.published)
        for event in rows(runtime, Event)
        if event.complaint_id == row.id
    ]
    garut = "DINSOS@32.05"
    assert happened == [
        ("received", "citizen", at(2025, 11, 5), {}, True),
        ("disposed", "import", at(2025, 11, 6), {"agency": "KEMENSOS"}, True),
        ("disposed", "import", at(2025, 11, 6), {"agency": garut}, True),
        ("answered", "import", at(2025, 11, 8), {"agency": "KEMENSOS"}, True),
    ]
    desks = [d for d in rows(runtime, Disposition) if d.complaint_id == row.id]
    assert [(d.agency, d.state) for d in desks] == [
        ("KEMENSOS", DeskState.WORKING),
        (garut, DeskState.WORKING),
    ]
    assert (row.forwarded_at, row.responded_at, row.answered_at, row.closed_at) == (
        *(at(2025, 11, 6), at(2025, 11, 8), at(2025, 11, 8)),
        None,
    )


@sqlite
def test_unknown_names_are_warnings_and_their_words_are_kept(lapor: Lapor, runtime: Runtime):
    result = lapor("import", SAMPLE, "--json")
    assert json.loads(result.stdout)["warnings"] == {"agency": 1, "category": 1, "place": 1}
    found = kept(runtime)
    assert [(found[n].agency, found[n].category, found[n].place) for n in (9100016, 9100017)] == [
        (None, "TIK", "93.01"),
        ("PDAM@33.74", None, "33.74.11"),
    ]
    assert found[9100018].place == "32"
    assert [found[n].candidates for n in (9100016, 9100017, 9100018, 9100001)] == [
        {"imported": {"agency": "Instansi Khayalan Nusantara"}},
        {"imported": {"category": "Kategori Khayalan"}},
        {"imported": {"place": "Jawa Barat / Kota Atlantis"}},
        {},
    ]


def test_the_same_file_again_changes_nothing(lapor: Lapor, runtime: Runtime):
    lapor("import", SAMPLE)
    before = everything(runtime)
    assert counts(lapor("import", SAMPLE, "--json")) == {"read": 30, "unchanged": 30}
    assert everything(runtime) == before


def everything(rt: Runtime) -> dict[str, list[tuple[Any, ...]]]:
    with rt.engine.connect() as connection:
        return {
            name: [
                tuple(row) for row in connection.execute(text(f"SELECT * FROM {name} ORDER BY id"))
            ]
            for name in ("complaint", "event", "disposition")
        }


def test_what_changed_in_the_file_is_updated_once(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    lapor("import", SAMPLE)
    later = SAMPLE.read_text("utf-8").replace(
        "Proses,Jawa Barat,Kab. Bandung,Soreang,05-11-2025 10:00,06-11-2025 08:00,,,",
        "Selesai,Jawa Barat,Kab. Bandung,Soreang,05-11-2025 10:00,06-11-2025 08:00,"
        "10-11-2025 09:00,20-11-2025 09:00,",
    )
    for expected in ({"read": 30, "updated": 1, "unchanged": 29}, {"read": 30, "unchanged": 30}):
        assert counts(lapor("import", write(later), "--json")) == expected
    row = kept(runtime)[9100003]
    assert (row.status, row.responded_at, row.answered_at, row.closed_at) == (
        *("closed", at(2025, 11, 10, 9), at(2025, 11, 10, 9), at(2025, 11, 20, 9)),
    )
    events = [event.kind for event in rows(runtime, Event) if event.complaint_id == row.id]
    assert events == ["received", "disposed", "answered", "closed"]
    desk = next(d for d in rows(runtime, Disposition) if d.complaint_id == row.id)
    assert (desk.state, desk.answered_at) == (DeskState.ANSWERED, at(2025, 11, 10, 9))


@sqlite
def test_a_short_file_updates_statuses_only(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    lapor("import", SAMPLE)
    result = lapor("import", write("No Laporan;Status\n#9100005;Diarsipkan\n9999999;Proses\n"))
    assert result.exit_code == 1
    assert "line 3: text: is missing, and the complaint is not known yet" in result.stderr
    row = kept(runtime)[9100005]
    assert (row.status, row.text) == ("archived", "Mohon dibangun taman bermain anak di lapangan.")
    kinds = [event.kind for event in rows(runtime, Event) if event.complaint_id == row.id]
    assert kinds == ["received", "archived"]


def test_a_complaint_of_a_message_belongs_to_no_file(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    now = datetime(2025, 11, 5, tzinfo=UTC)
    with runtime.transaction() as session:
        message = InboxRow(
            channel="sms",
            provider_id="SM1",
            sender="+6281200000001",
            text="Jalan rusak",
            received_at=now,
            stored_at=now,
            due_at=now,
        )
        session.add(message)
        session.flush()
        session.add(
            Complaint(
                tracking=9200001,
                inbox_id=message.id,
                text="Jalan rusak",
                kind="complaint",
                deadline=date(2025, 11, 25),
                created_at=now,
                updated_at=now,
            )
        )
    result = lapor("import", write(lines(HEAD, GOOD, LAST)))
    assert result.exit_code == 1
    assert "line 2: tracking: is that of a complaint which came by a message" in result.stderr
    assert kept(runtime)[9200001].text == "Jalan rusak"
    assert sorted(kept(runtime)) == [9200001, 9200009]


@sqlite
def test_what_an_officer_corrected_here_is_not_undone(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    lapor("import", SAMPLE)
    with runtime.transaction() as session:
        row = session.get(Complaint, kept(runtime)[9100001].id)
        assert row
        row.category = "JALAN_RUSAK"
        detail = {"field": "category", "was": "PUPR", "now": "JALAN_RUSAK"}
        session.add(
            Event(
                complaint_id=row.key,
                kind="corrected",
                actor="operator",
                at=datetime(2025, 12, 1, tzinfo=UTC),
                detail=detail,
            )
        )
    assert counts(lapor("import", SAMPLE, "--json")) == {"read": 30, "unchanged": 30}
    assert kept(runtime)[9100001].category == "JALAN_RUSAK"


def put(rt: Runtime, *, event: Event | None = None, **values: Any) -> None:
    """Change the complaint 9600001 here, as an officer does."""
    with rt.transaction() as session:
        row = session.get_one(Complaint, kept(rt)[9600001].id)
        for name, value in values.items():
            setattr(row, name, value)
        if event:
            event.complaint_id = row.key
            session.add(event)


MARKED: dict[str, tuple[dict[str, Any], bool]] = {
    "text": ({"text": "Jembatan rusak"}, False),
    "category": ({"category": "PUPR"}, False),
    "place": ({"place": "32.73.02"}, False),
    "pin": ({"lat": -6.9, "lon": 107.6}, False),
    "privacy": ({"privacy": "anonim"}, False),
    "only the status": ({"status": "in_progress"}, True),
}


@pytest.mark.parametrize(("new", "compared"), MARKED.values(), ids=MARKED)
@sqlite
def test_a_matter_that_a_file_changed_is_compared_again(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], new: dict[str, Any], compared: bool
):
    lapor("import", write(jsonl(CASE), "in.jsonl"))
    put(runtime, compared=True)
    assert counts(lapor("import", write(jsonl(CASE | new), "in.jsonl"), "--json"))["updated"] == 1
    assert kept(runtime)[9600001].compared is compared


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("corrected", {"field": "category", "was": "PUPR", "now": "SOSIAL"}),
        ("reclassified", {"was": {"duty": "complaint"}, "now": {"duty": "inspection"}}),
    ],
)
@sqlite
def test_a_deadline_that_an_officer_moved_is_not_moved_back(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], kind: str, detail: dict[str, Any]
):
    desk = DESK | {"deadline": "2025-11-25"}
    dates = {"duty": "complaint", "deadline": "2025-11-25", "verify_by": "2025-11-10"}
    file = write(jsonl(CASE | dates | {"dispositions": [desk]}), "in.jsonl")
    lapor("import", file)
    moved = date(2026, 2, 3)
    event = Event(kind=kind, actor="Admin Contoh", at=datetime(2025, 12, 1, tzinfo=UTC))
    event.detail = detail
    put(runtime, event=event, duty="inspection", deadline=moved, verify_by=moved)
    with runtime.transaction() as session:
        for row in rows(runtime, Disposition):
            session.get_one(Disposition, row.id).deadline = moved
    other = DESK | {"agency": "PEMKOT_3273", "deadline": "2025-11-25"}
    desks_only = {"tracking": 9600001, "dispositions": [desk, other]}
    recounted = {"tracking": 9600001, "created_at": "2025-11-04", "kind": "aspiration"}
    lapor("import", file)
    lapor("import", write(jsonl(desks_only), "desks.jsonl"))
    lapor("import", write(jsonl(recounted), "recounted.jsonl"))
    row = kept(runtime)[9600001]
    assert (row.kind, row.duty, row.deadline, row.verify_by) == (
        *("aspiration", "inspection", moved, moved),
    )
    assert [desk.deadline for desk in rows(runtime, Disposition)] == [moved, moved]


@sqlite
def test_the_day_that_a_complaint_left_is_packed_again(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    item = CASE | {"created_at": "2025-11-05 00:30"}  # in WIB: in UTC it is still the 4th
    far = CASE | {"tracking": 9600002, "created_at": "2025-11-12"}
    lapor("import", write(jsonl(item, far), "in.jsonl"))
    refresh_rollups(runtime)
    with runtime.reading() as session:
        seen = session.exec(select(RollupState.seen)).one()
    lapor("import", write(jsonl(item | {"created_at": "2025-11-07"}), "in.jsonl"))
    assert {row.day: row.stale for row in rows(runtime, Rollup)} == {
        date(2025, 11, 5): 1,
        date(2025, 11, 12): 0,
    }
    with runtime.reading() as session:
        assert session.exec(select(RollupState.seen)).one() == seen  # nothing else is skipped


# --- families ------------------------------------------------------------------------------------


def cases(**parents: int | dict[str, Any]) -> str:
    """Complaints 9600001 ... by their last digit: `_2=1` has the first for its parent."""
    found = []
    for name, told in parents.items():
        more = {"parent": 9_600_000 + told} if isinstance(told, int) and told else told or {}
        found.append(CASE | {"tracking": 9_600_000 + int(name[1:])} | dict(more))
    return jsonl(*found)


def parents(rt: Runtime) -> dict[int, int]:
    """By last digits: child -> parent."""
    by_key = {row.id: row.tracking - 9_600_000 for row in rows(rt, Complaint)}
    return {by_key[row.id]: by_key[row.parent_id] for row in rows(rt, Complaint) if row.parent_id}


def links(rt: Runtime) -> list[tuple[int, str, int, bool]]:
    by_key = {row.id: row.tracking - 9_600_000 for row in rows(rt, Complaint)}
    return [
        (by_key[e.complaint_id], e.kind, e.detail["tracking"] - 9_600_000, e.published)
        for e in rows(rt, Event)
        if e.kind in ("linked", "unlinked")
    ]


FAMILIES: dict[str, tuple[str, dict[int, int]]] = {
    "a child": (cases(_1=0, _2=1), {2: 1}),
    "the parent is a member": (cases(_1=0, _2=1, _3=2), {2: 1, 3: 1}),
    "the child has members": (cases(_3=2, _2=1, _1=0), {2: 1, 3: 1}),
    "a circle": (cases(_1=3, _2=1, _3=2), {1: 3, 2: 3}),
    "itself": (cases(_1=1), {}),
    "a secret parent": (cases(_1={"privacy": "rahasia"}, _2=1), {}),
    "a secret child": (cases(_1=0, _2={"privacy": "rahasia", "parent": 9600001}), {}),
    "a withdrawn parent": (cases(_1={"status": "withdrawn"}, _2=1), {}),
    "an archived parent": (cases(_1={"status": "archived"}, _2=1), {}),
    "an archived child": (cases(_1=0, _2={"status": "archived", "parent": 9600001}), {}),
}


@pytest.mark.parametrize(("content", "family"), FAMILIES.values(), ids=FAMILIES)
@sqlite
def test_a_file_makes_families_by_their_rules(
    lapor: Lapor,
    runtime: Runtime,
    write: Callable[..., Path],
    content: str,
    family: dict[int, int],
):
    file = write(content, "in.jsonl")
    lapor("import", file)
    assert parents(runtime) == family
    before = everything(runtime)
    lapor("import", file)
    assert everything(runtime) == before


def test_a_family_of_a_file_is_told_in_its_history_and_to_nobody(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    lapor("import", write(cases(_1=0, _2=1), "in.jsonl"))
    assert sorted(links(runtime)) == [(1, "linked", 2, True), (2, "linked", 1, True)]


@sqlite
def test_why_a_child_stays_as_it_is_is_said(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    lapor("import", write(cases(_1={"privacy": "rahasia"}, _2=0), "in.jsonl"))
    said: list[tuple[int, str]] = []
    with runtime.transaction() as session:
        pairs = {9600002: 9600001, 9600001: 9699999}
        done = link(session, pairs, now=runtime.now(), warn=lambda *words: said.append(words))
    assert (done, said) == (
        (0, 1),
        [(9600002, "complaint 9600001 is confidential: it belongs to no family")],
    )


@pytest.mark.parametrize("to", [None, 9600003])
def test_what_an_officer_decided_on_a_family_is_not_undone(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], to: int | None
):
    file = write(cases(_1=0, _2=1, _3=0), "in.jsonl")
    lapor("import", file)
    found = kept(runtime)
    with runtime.transaction() as session:
        child = session.get_one(Complaint, found[9600002].id)
        if to:
            other = session.get_one(Complaint, found[to].id)
            families.link(session, child, other, actor="Admin Contoh", now=runtime.now())
        else:
            families.unlink(session, child, actor="Admin Contoh", now=runtime.now())
    before = everything(runtime)
    lapor("import", file)
    assert parents(runtime) == ({2: 3} if to else {})
    assert everything(runtime) == before


LEAVING: dict[str, tuple[dict[str, Any], dict[int, int]]] = {
    "a secret member": ({"tracking": 9600002, "privacy": "rahasia"}, {3: 1}),
    "an archived member": ({"tracking": 9600002, "status": "archived"}, {3: 1}),
    "a withdrawn member": ({"tracking": 9600002, "status": "withdrawn"}, {3: 1}),
    "a secret head": ({"tracking": 9600001, "privacy": "rahasia"}, {3: 2}),
    "an answered member": ({"tracking": 9600002, "status": "answered"}, {2: 1, 3: 1}),
}


@pytest.mark.parametrize(("new", "family"), LEAVING.values(), ids=LEAVING)
def test_who_becomes_secret_or_is_over_by_a_file_leaves_its_family(
    lapor: Lapor,
    runtime: Runtime,
    write: Callable[..., Path],
    new: dict[str, Any],
    family: dict[int, int],
):
    lapor("import", write(cases(_1=0, _2=1, _3=1), "in.jsonl"))
    assert counts(lapor("import", write(jsonl(new), "new.jsonl"), "--json"))["updated"] == 1
    assert parents(runtime) == family
    assert all(published for *_, published in links(runtime))
    parted = [(of, other) for of, kind, other, _ in links(runtime) if kind == "unlinked"]
    assert bool(parted) is (family != {2: 1, 3: 1})


# --- files that are wrong ------------------------------------------------------------------------

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


# --- there and back ------------------------------------------------------------------------------

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
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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


# --- broken off ----------------------------------------------------------------------------------

MANY = 20_000


@pytest.fixture
def many(write: Callable[..., Path]) -> Path:
    body = (
        f"{1_000_000 + n},Jalan rusak {n},2025-11-05,Selesai,Kementerian Sosial,2025-11-06"
        for n in range(MANY)
    )
    return write(lines(f"{HEAD},Instansi,Tanggal Disposisi", *body), "many.csv")


def test_an_import_that_was_killed_is_finished_by_starting_it_again(
    lapor: Lapor, runtime: Runtime, environ: dict[str, str], many: Path
):
    program = [sys.executable, "-c", "from gateway.cli import main; main()"]
    process = subprocess.Popen(
        [*program, "import", str(many)],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    engine = create_engine(environ["DATABASE_URL"])

    def stored() -> int:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM complaint")).scalar_one())

    eventually(stored, "the first batch is in", seconds=60)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    before = stored()
    engine.dispose()
    assert 0 < before < MANY
    again = counts(lapor("import", many, "--json"))
    assert again == {"read": MANY, "added": MANY - before, "unchanged": before}
    with runtime.engine.connect() as connection:
        for table, number in (("complaint", MANY), ("event", 2 * MANY), ("disposition", MANY)):
            found = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            assert (table, found) == (table, number)


# --- cells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "when"),
    [
        ("2025-11-05", at(2025, 11, 5)),
        ("2025-11-05 14:30", at(2025, 11, 5, 14, 30)),
        ("2025-11-05T14:30:15.25Z", datetime(2025, 11, 5, 14, 30, 15, 250_000, UTC)),
        ("2025-11-05T14:30:15+0900", at(2025, 11, 5, 12, 30, 15)),
        ("05/11/2025", at(2025, 11, 5)),
        ("5/1/2025 7:05", at(2025, 1, 5, 7, 5)),
        ("05-11-2025 14:30", at(2025, 11, 5, 14, 30)),
        ("05.11.2025 14.30.10", at(2025, 11, 5, 14, 30, 10)),
        ("5 November 2025", at(2025, 11, 5)),
        ("Rabu, 5 November 2025 pukul 14.30 WIB", at(2025, 11, 5, 14, 30)),
        ("Jum'at, 15 Agt 2025", at(2025, 8, 15)),
        ("17 Agustus 2025, 10:00 WIT", at(2025, 8, 17, 8)),
        ("29 Feb 2024 23:59 WITA", at(2024, 2, 29, 22, 59)),
    ],
)
def test_dates_as_they_are_written(cell: str, when: datetime):
    assert values.moment(cell, WIB)[0] == when


@pytest.mark.parametrize(
    "cell",
    ["29/02/2025", "2025-13-01", "11/05/25", "45966", "5 Nopember", "besok", "2025-11-05 25:00"],
)
def test_what_is_no_date(cell: str):
    with pytest.raises(values.Wrong):
        values.moment(cell, WIB)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Belum Terverifikasi", "triage"),
        ("Belum Terdisposisi", "triage"),
        ("Terdisposisi ke Dinas Perhubungan", "disposed"),
        ("Belum Ditindaklanjuti", "disposed"),
        ("PROSES", "in_progress"),
        ("Ditindaklanjuti  oleh Instansi", "answered"),
        ("Ditanggapi oleh Pelapor", "commented"),
        ("Selesai", "closed"),
        ("Selesai otomatis dalam 10 hari", "closed"),
        ("Ditunda", "deferred"),
        ("Diarsipkan", "archived"),
        ("Dihapus", "archived"),
        ("in_progress", "in_progress"),
    ],
)
def test_statuses_as_sp4n_shows_them(said: str, status: str):
    assert values.status(said) == ComplaintStatus(status)


@pytest.fixture(scope="module")
def names() -> Names:
    unit = AgencyRow(
        code="KEMENSOS/BANSOS",
        name="Direktorat Bansos",
        updated_at=datetime(2025, 1, 1, tzinfo=UTC),
    )
    return Names(default_catalogue(), [unit], national_regions())


@pytest.mark.parametrize(
    ("said", "place", "code"),
    [
        ("KEMENSOS", "", "KEMENSOS"),
        ("kemensos", "", "KEMENSOS"),
        ("Kementerian  Sosial", "", "KEMENSOS"),
        ("Direktorat Bansos", "", "KEMENSOS/BANSOS"),
        ("KEMENSOS/BANSOS", "", "KEMENSOS/BANSOS"),
        ("Pemerintah Provinsi DKI Jakarta", "", "PEMPROV_31"),
        ("Pemkab. Bandung", "", "PEMKAB_3204"),
        ("Dinas Perhubungan Kota Bandung", "", "DISHUB@32.73"),
        ("Dinas Perhubungan Pemerintah Kota Bandung", "", "DISHUB@32.73"),
        ("Dinas Perhubungan Bandung", "", ""),  # Kab. or Kota
        ("Dishub", "32.73.02", "DISHUB@32.73"),
        ("Dishub", "32", ""),
        ("Dishub", "", ""),
        ("DISHUB@32.73", "", "DISHUB@32.73"),
        ("DISHUB@99.99", "", ""),
        ("DISHUB", "", ""),  # one stands in each kabupaten: which?
        ("Instansi Khayalan", "32.73", ""),
    ],
)
def test_agencies_by_code_name_and_place(names: Names, said: str, place: str, code: str):
    assert names.agency(said, place) == code


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (("Jawa Barat", "Kota Bandung", "Coblong"), ("32.73.02", True)),
        (("PROV. JAWA BARAT", "KAB. BANDUNG", "Kec. Soreang"), ("32.04.37", True)),
        (("", "Kota Bandung", "Coblong", "Kel. Dago"), ("32.73.02.1004", True)),
        (("Daerah Istimewa Yogyakarta", "Bantul"), ("34.02", True)),
        (("DKI Jakarta", "Kota Jakarta Pusat"), ("31.71", True)),
        (("Papua", "Kabupaten Merauke"), ("93.01", True)),  # Papua Selatan since 2022
        (("Jawa Barat", "Bandung"), ("32", False)),
        (("Jawa Barat", "", "Coblong"), ("32", False)),
        (("Atlantis",), ("", False)),
    ],
)
def test_regions_by_exact_name(names: Names, parts: tuple[str, ...], found: tuple[str, bool]):
    assert names.regions.find(*parts) == found
