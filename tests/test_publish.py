"""Who is told what happened: once each, in the right words, and not what is secret."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event as event_listener
from sqlmodel import Session

from gateway import deliver
from gateway.publish import publish_events
from gateway.runtime import Runtime
from store import notices, subscriptions
from store.agency_models import AgencyRow, Role
from store.casework import feed
from store.models import (
    ComplaintStatus,
    Conversation,
    DeskState,
    Event,
    OutboxLane,
    OutboxRow,
    OutboxStatus,
    Privacy,
)
from tests.events import KAB, ROADS, SOCIAL, add, case, desk, disposed, event, officer, program
from tests.harness import NOON, Clock, at_once, rows

UNIT = "DINAS_PUPR@32.04/BINA_MARGA"
COORDINATOR, LIAISON, NATIONAL, MONITOR = (
    Role.COORDINATOR,
    Role.LIAISON,
    Role.NATIONAL,
    Role.MONITOR,
)
NIGHT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 22:00 WIB
MORNING = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)  # 07:00 WIB


@pytest.fixture
def rt(runtime: Runtime, reader: Any, clock: Clock) -> Runtime:
    other = dataclasses.replace(runtime, now=clock)
    vars(other)["reader"] = reader
    return other


def publish(rt: Runtime) -> int:
    """As the scheduler does, and once more: nothing is told twice."""
    told = publish_events(rt)
    assert publish_events(rt) == 0
    return told


def letters(rt: Runtime) -> list[OutboxRow]:
    return rows(rt, OutboxRow)


def told(rt: Runtime) -> list[tuple[str, str]]:
    """Who was told, and the first line."""
    return [(row.recipient.split("@")[0], row.text.split("\n")[0]) for row in letters(rt)]


def people(rt: Runtime) -> None:
    """A unit, its office, their government, and the nation, each with somebody."""
    officer(rt, "dinas")
    officer(rt, "atasan", KAB, COORDINATOR)
    officer(rt, "provinsi", "PEMPROV_32", COORDINATOR)
    officer(rt, "sosial", SOCIAL)
    officer(rt, "nasional", "", NATIONAL)
    officer(rt, "pengamat", ROADS, MONITOR)


def test_a_new_case_is_told_to_its_desk_with_all_that_is_needed_to_open_it(rt: Runtime):
    people(rt)
    disposed(rt, urgent=True)
    assert publish(rt) == 1
    (row,) = letters(rt)
    assert row.text == (
        "Laporan baru 9000001 untuk Dinas PU Kabupaten Bandung, dijawab paling lambat 4 Des 2026.\n"
        "Topik: Jalan rusak / berlubang\n"
        "Tempat: Kec. Cileunyi, Kabupaten Bandung\n"
        "Ditandai mendesak.\n"
        "Buka: https://1708.example/console/complaints/9000001"
    )
    assert (row.channel, row.recipient, row.kind) == ("email", "dinas@agency.example", "officer")
    assert (row.lane, row.status, row.due_at) == (OutboxLane.NOTICE, OutboxStatus.QUEUED, NOON)
    assert "Ujang" not in row.text
    assert "kata pelapor" not in row.text


@pytest.mark.parametrize(
    ("kind", "detail", "who"),
    [
        ("disposed", {"agency": ROADS}, ["dinas"]),
        ("forwarded", {"agency": UNIT, "from": ROADS}, ["dinas"]),  # the unit has nobody
        ("follow_up", {}, ["dinas"]),
        ("extended", {}, ["dinas"]),
        ("resumed", {}, ["dinas"]),
        ("commented", {}, ["dinas"]),
        ("reopened", {}, ["dinas"]),
        ("withdrawn", {}, ["dinas"]),
        ("burst", {"count": 40, "agencies": [ROADS, SOCIAL]}, ["dinas", "sosial"]),
        ("due_soon", {"agency": ROADS}, ["dinas"]),
        ("overdue", {"agency": ROADS}, ["dinas"]),
        ("overdue_coordinator", {"agency": ROADS}, ["atasan"]),
        ("overdue_coordinator", {"agency": SOCIAL}, ["nasional"]),  # nobody coordinates it
        ("overdue_national", {"agency": ROADS}, ["nasional"]),
        ("ombudsman", {"agency": ROADS}, ["atasan", "dinas", "nasional"]),
        ("returned", {"agency": ROADS}, ["nasional"]),
        ("escalated", {}, ["nasional"]),
        ("answered", {"agency": ROADS}, []),
        ("started", {"agency": ROADS}, []),
        ("received", {}, []),
        ("rated", {}, []),
        ("closed", {}, []),
    ],
)
def test_each_event_has_its_audience(
    rt: Runtime, kind: str, detail: dict[str, Any], who: list[str]
):
    people(rt)
    complaint = case(rt, agency=ROADS)
    desk(rt, complaint)
    event(rt, complaint, kind, **detail)
    assert publish(rt) == 1
    assert sorted(name for name, _ in told(rt)) == who
    assert all(words and words.isascii() for _, words in told(rt))


def test_a_returned_case_is_told_to_the_agency_that_has_it_now(rt: Runtime):
    people(rt)
    complaint = case(rt, agency=KAB)
    desk(rt, complaint, ROADS, state=DeskState.RETURNED)
    desk(rt, complaint, KAB)
    event(rt, complaint, "returned", agency=ROADS)
    publish(rt)
    assert told(rt) == [
        ("atasan", "Laporan 9000001 dikembalikan Dinas PU Kabupaten Bandung: bukan wewenangnya.")
    ]


def test_an_alarm_is_for_the_desks_that_have_not_answered(rt: Runtime):
    people(rt)
    complaint = case(rt, agency=SOCIAL)
    desk(rt, complaint, SOCIAL, state=DeskState.ANSWERED)
    desk(rt, complaint, ROADS, state=DeskState.WORKING)
    event(rt, complaint, "overdue")
    event(rt, complaint, "overdue_coordinator")
    publish(rt)
    assert told(rt) == [
        ("dinas", "Laporan 9000001 terlambat: batasnya 4 Des 2026."),
        (
            "atasan",
            "Laporan 9000001 belum dijawab Dinas PU Kabupaten Bandung, batasnya 4 Des 2026.",
        ),
    ]


@pytest.mark.parametrize("kind", ["due_soon", "overdue", "overdue_coordinator"])
def test_that_we_are_late_ourselves_is_told_to_national_officers(rt: Runtime, kind: str):
    people(rt)
    complaint = case(rt, status=ComplaintStatus.TRIAGE)
    event(rt, complaint, kind)
    event(rt, complaint, "follow_up")
    publish(rt)
    assert [name for name, _ in told(rt)] == ["nasional"]
    assert "  " not in letters(rt)[0].text


def test_a_desk_without_officers_is_that_of_the_one_above_it_as_imported(rt: Runtime):
    add(rt, AgencyRow(code="SEKSI_A", name="Seksi A", parent=UNIT, updated_at=NOON))
    officer(rt, "atasan", KAB, COORDINATOR)
    officer(rt, "provinsi", "PEMPROV_32", COORDINATOR)
    disposed(rt, agency="SEKSI_A")
    publish(rt)
    assert told(rt) == [
        ("atasan", "Laporan baru 9000001 untuk Seksi A, dijawab paling lambat 4 Des 2026.")
    ]


def test_several_agencies_are_told_what_concerns_them(rt: Runtime):
    people(rt)
    complaint = case(rt, agency=ROADS)
    desk(rt, complaint, ROADS)
    desk(rt, complaint, SOCIAL, deadline=date(2026, 11, 27))
    event(rt, complaint, "disposed", agency=SOCIAL)
    event(rt, complaint, "follow_up")
    publish(rt)
    assert [(row.recipient, row.text.split("\n")[:2]) for row in letters(rt)] == [
        (
            "dinas@agency.example",
            [
                "Pelapor menambah keterangan pada laporan 9000001.",
                "Topik: Jalan rusak / berlubang",
            ],
        ),
        (
            "sosial@agency.example",
            [
                "Laporan baru 9000001 untuk Kementerian Sosial, dijawab paling lambat 27 Nov 2026.",
                "Pelapor menambah keterangan pada laporan 9000001.",
            ],
        ),
    ]


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        ("disposed", ["dinas"]),
        ("overdue_coordinator", ["atasan"]),
        ("overdue_national", ["nasional"]),
    ],
)
def test_of_a_confidential_case_only_that_it_waits(rt: Runtime, kind: str, who: list[str]):
    people(rt)
    complaint = case(rt, agency=ROADS, privacy=Privacy.CONFIDENTIAL, urgent=True)
    desk(rt, complaint)
    event(rt, complaint, kind, agency=ROADS)
    publish(rt)
    assert told(rt) == [(name, "Ada laporan rahasia yang menunggu Anda.") for name in who]
    assert letters(rt)[0].text.split("\n")[1:] == [
        "Buka: https://1708.example/console/complaints/9000001"
    ]


def test_an_office_that_a_secret_report_accuses_hears_nothing(rt: Runtime):
    """It was on that desk for a moment, until the reporter said that it is secret."""
    people(rt)
    complaint = case(rt, privacy=Privacy.CONFIDENTIAL, status=ComplaintStatus.TRIAGE)
    desk(rt, complaint, ROADS, state=DeskState.RETURNED)
    event(rt, complaint, "disposed", agency=ROADS)
    event(rt, complaint, "withheld", agency=ROADS)
    event(rt, complaint, "follow_up")
    assert publish(rt) == 3
    assert told(rt) == []


def test_who_did_it_is_not_told(rt: Runtime):
    officer(rt, "satu")
    officer(rt, "dua")
    complaint = case(rt)
    desk(rt, complaint)
    event(rt, complaint, "forwarded", actor="Satu", agency=ROADS)
    publish(rt)
    assert [name for name, _ in told(rt)] == ["dua"]


def test_each_officer_in_the_language_and_on_the_channels_of_their_choice(rt: Runtime):
    officer(rt, "both", language="en", telegram="812000001", channels=["telegram", "email"])
    officer(rt, "none", channels=[])
    officer(rt, "gone", active=False)
    officer(rt, "no-address", telegram="", channels=["telegram"])
    disposed(rt)
    publish(rt)
    first = "New complaint 9000001 for Dinas PU Kabupaten Bandung, to be answered by 4 Dec 2026."
    assert [(row.channel, row.recipient, row.text.split("\n")[0]) for row in letters(rt)] == [
        ("telegram", "812000001", first),
        ("email", "both@agency.example", first),
    ]


def test_a_channel_that_is_not_there_keeps_nothing_waiting(rt: Runtime):
    officer(rt, "dinas", telegram="812000001", channels=["email", "telegram"])
    telegram_only = {"telegram": rt.adapters["telegram"]}
    disposed(rt)
    publish(dataclasses.replace(rt, adapters=telegram_only))
    assert [row.channel for row in letters(rt)] == ["telegram"]


def test_many_cases_at_once_are_one_message(rt: Runtime):
    officer(rt, "dinas")
    for number in range(1, 6):
        disposed(rt, number)
    publish(rt)
    assert len(letters(rt)) == 5  # as many as the setting allows
    for number in range(6, 31):
        disposed(rt, number)
    secret = case(rt, 31, privacy=Privacy.CONFIDENTIAL)
    event(rt, secret, "overdue", agency=ROADS)
    publish(rt)
    *_, row = letters(rt)
    lines = row.text.split("\n")
    assert len(letters(rt)) == 6
    assert lines[0] == "26 kabar tentang 26 laporan."
    assert lines[1].startswith("- Laporan baru 9000006 untuk ")
    assert lines[-2:] == ["dan 6 lainnya.", "Buka: https://1708.example/console/complaints"]
    assert "9000031" not in row.text


def test_of_a_flood_the_head_of_the_family_is_told_once(rt: Runtime):
    officer(rt, "dinas")
    head = disposed(rt)
    for number in range(2, 5):
        child = disposed(rt, number, parent_id=head.key)
        event(rt, child, "linked", tracking=head.tracking, reason="burst")
    event(rt, head, "burst", count=4, agencies=[ROADS])
    publish(rt)
    assert [row.text.split("\n")[:2] for row in letters(rt)] == [
        [
            "Laporan baru 9000001 untuk Dinas PU Kabupaten Bandung, "
            "dijawab paling lambat 4 Des 2026.",
            "4 laporan tentang hal yang sama digabung pada laporan 9000001.",
        ]
    ]


def test_a_member_of_a_family_at_another_agency_is_told_there(rt: Runtime):
    officer(rt, "sosial", SOCIAL)
    head = disposed(rt)
    disposed(rt, 2, SOCIAL, parent_id=head.key)
    publish(rt)
    assert [name for name, _ in told(rt)] == ["sosial"]


# --- once, whatever happens ----------------------------------------------------------------------


def test_events_that_nobody_wants_are_settled_and_come_back_to_nobody(rt: Runtime):
    disposed(rt)
    assert publish(rt) == 1
    officer(rt, "later")
    program(rt)
    assert publish(rt) == 0
    assert letters(rt) == []


def test_imported_history_is_told_to_nobody(rt: Runtime):
    officer(rt, "dinas")
    complaint = case(rt)
    desk(rt, complaint)
    event(rt, complaint, "disposed", published=True, agency=ROADS)
    assert publish(rt) == 0
    assert letters(rt) == []


class Died(BaseException):
    """The worker was killed here."""


@pytest.mark.parametrize("step", ["read", "post"])
def test_a_publisher_that_dies_has_told_nothing_and_the_next_tells_all(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch, step: str
):
    officer(rt, "dinas")
    program(rt)
    disposed(rt)
    real = getattr(feed, step)

    def dies(*values: Any, **more: Any) -> Any:
        real(*values, **more)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(feed, step, dies)
        with pytest.raises(Died):
            publish_events(rt)
    assert letters(rt) == []
    assert publish(rt) == 1
    assert sorted(row.channel for row in letters(rt)) == ["email", "webhook"]


def test_publishers_that_race_tell_each_event_once(rt: Runtime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.publish.BATCH", 7)
    officer(rt, "dinas")
    program(rt)
    complaint = case(rt)
    desk(rt, complaint)
    add(
        rt,
        *(
            Event(complaint_id=complaint.key, kind="follow_up", actor="citizen", at=NOON)
            for _ in range(100)
        ),
    )
    settled = at_once(4, lambda _: publish_events(rt))
    assert sum(settled) == 100
    hooks = [row.dedupe for row in letters(rt) if row.channel == "webhook"]
    assert sorted(hooks) == sorted(f"event-{number}-sub-1" for number in range(1, 101))
    assert all(row.published for row in rows(rt, Event))


def plan_of(rt: Runtime, ask: Callable[[Session], object]) -> str:
    """How the database carries out the first statement of `ask`, where only an index will do."""
    asked: list[tuple[Any, ...]] = []
    with rt.transaction() as session:
        connection = session.connection()
        event_listener.listen(
            rt.engine,
            "before_cursor_execute",
            lambda *told: asked.append(told[2:4]),
            once=True,
        )
        ask(session)
        explain = "EXPLAIN QUERY PLAN "
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
            explain = "EXPLAIN "
        words, values = asked[0]
        return str(connection.exec_driver_sql(explain + words, values).fetchall())


@pytest.mark.parametrize("ask", [feed.waiting, lambda session: feed.claim(session, limit=5)])
def test_the_untold_are_found_without_reading_the_told(rt: Runtime, ask: Callable[[Any], object]):
    """A partial index serves only those who ask in its own words."""
    complaint = case(rt)
    told = {"complaint_id": complaint.key, "kind": "rated", "actor": "x", "at": NOON}
    add(rt, *(Event(**told, published=True) for _ in range(200)))
    assert "ix_event_unpublished" in plan_of(rt, ask)


def test_each_publish_looks_for_what_a_dead_worker_left_without_reading_what_was_sent(rt: Runtime):
    def ask(session: Session) -> object:
        return subscriptions.held(session, attempts=20)

    assert "ix_outbox_trouble" in plan_of(rt, ask)


def test_a_replay_reads_neither_what_happened_before_nor_all_that_waits(rt: Runtime):
    assert "ix_event_at" in plan_of(rt, lambda session: feed.first_since(session, NOON))
    waiting = plan_of(
        rt, lambda session: subscriptions.on_their_way(session, ["event-1-sub-1"], ())
    )
    assert "uq_outbox_dedupe" in waiting or "sqlite_autoindex_outbox" in waiting
    batch = plan_of(rt, lambda session: feed.since(session, NOON, beyond=7, limit=5))
    assert "ix_event_at" not in batch


# --- an officer is no citizen --------------------------------------------------------------------


def citizen(rt: Runtime, chat: str, **more: Any) -> Conversation:
    person = Conversation(channel="telegram", sender=chat, updated_at=NOON, **more)
    add(rt, person)
    return person


@pytest.mark.parametrize("wants", [{"notices": False}, {"blocked": True}])
def test_who_refuses_notices_as_a_citizen_is_told_as_an_officer(
    rt: Runtime, wants: dict[str, bool]
):
    officer(rt, "dinas", telegram="812000001", channels=["telegram"])
    citizen(rt, "812000001", **wants)
    disposed(rt)
    publish(rt)
    deliver.drain_outbox(rt, until=60 + clock_start())
    assert [(row.status, row.code) for row in letters(rt)] == [("sent", "")]


def clock_start() -> float:
    import time

    return time.monotonic()


def test_stop_takes_back_what_the_citizen_waits_for_and_no_duty(rt: Runtime):
    officer(rt, "dinas", telegram="812000001", channels=["telegram"])
    person = citizen(rt, "812000001")
    complaint = disposed(rt)
    publish(rt)
    with rt.transaction() as session:
        rules = rt.settings.notice_rules
        notices.notify(
            session,
            person,
            kind="answered",
            text="Laporan dijawab",
            dedupe="event-99",
            now=NOON,
            rules=rules,
            complaint_id=complaint.key,
        )
        notices.cancel_notices(session, "telegram", "812000001", code="stopped")
    assert [(row.kind, row.status) for row in letters(rt)] == [
        ("officer", "queued"),
        ("answered", "cancelled"),
    ]


def test_telegram_sleeps_at_night_and_mail_does_not(rt: Runtime, clock: Clock):
    clock.now = NIGHT
    officer(rt, "dinas", telegram="812000001", channels=["email", "telegram"])
    program(rt)
    disposed(rt)
    publish(rt)
    due = {row.channel: row.due_at for row in letters(rt)}
    assert due == {"email": NIGHT, "telegram": MORNING, "webhook": NIGHT}
    deliver.tidy(rt)
    with rt.transaction() as session:
        session.connection().exec_driver_sql("UPDATE outbox SET due_at = created_at")
    deliver.tidy(rt)
    due = {row.channel: row.due_at for row in letters(rt)}
    assert due == {"email": NIGHT, "telegram": MORNING, "webhook": NIGHT}
    email_only = {"email": rt.adapters["email"]}
    deliver.drain_outbox(dataclasses.replace(rt, adapters=email_only), until=60 + clock_start())
    assert {row.channel: str(row.status) for row in letters(rt)} == {
        "email": "sent",
        "telegram": "queued",
        "webhook": "queued",
    }
