"""`lapor import` of a real export of SP4N-LAPOR!: what becomes of it, once and again."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from gateway.reports.reporting import refresh_rollups
from gateway.runtime import Runtime
from store.agency_models import Rollup, RollupState
from store.models import Complaint, DeskState, Disposition, Event, InboxRow, Privacy
from tests.exchange import (
    CASE,
    DESK,
    GOOD,
    HEAD,
    LAST,
    SAMPLE,
    WIB,
    at,
    counts,
    everything,
    jsonl,
    kept,
    lines,
)
from tests.harness import Lapor, rows, sqlite


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
