"""The daily message of officers: what is new on their desks, once a working day, or nothing."""

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.digests import send_digests
from gateway.publish import publish_events
from gateway.runtime import Runtime
from store.agency_models import Role
from store.models import ComplaintStatus, DeskState, OutboxRow, Privacy
from tests.events import KAB, ROADS, SOCIAL, case, desk, disposed, officer
from tests.harness import NOON, Clock, at_once, rows

BEFORE = datetime(2026, 11, 19, 0, 29, tzinfo=UTC)  # a minute before the hour of Thursday
YESTERDAY = datetime(2026, 11, 19, 7, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)  # 07:30 WIB
MONDAY = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)


@pytest.fixture
def rt(runtime: Runtime, reader: Any, clock: Clock) -> Runtime:
    clock.now = FRIDAY
    other = dataclasses.replace(runtime, now=clock)
    vars(other)["reader"] = reader
    return other


def send(rt: Runtime) -> list[str]:
    """Today's digests; run again, with and without the queue's memory, nobody gets another."""
    before = len(rows(rt, OutboxRow))
    sent = send_digests(rt)
    assert send_digests(rt) == 0
    rt.redis.flushall()
    assert send_digests(rt) == 0
    texts = [row.text for row in rows(rt, OutboxRow)]
    assert len(texts) == before + sent
    return texts[before:]


def yesterday(rt: Runtime, number: int, agency: str = ROADS, **more: Any) -> None:
    """A case that came to a desk yesterday afternoon, unless something else is said."""
    values = {"at": YESTERDAY} | {
        name: more.pop(name) for name in ("at", "deadline", "state") if name in more
    }
    complaint = case(rt, number, agency=agency, **more)
    desk(rt, complaint, agency, **values)


def test_a_digest_has_what_is_new_what_is_due_and_how_much_waits(rt: Runtime):
    officer(rt, "dinas", digest=True)
    yesterday(rt, 1)
    yesterday(rt, 2, category=None, place=None)
    yesterday(rt, 3, privacy=Privacy.CONFIDENTIAL)
    yesterday(rt, 4, at=BEFORE, deadline=date(2026, 11, 20))  # today
    yesterday(rt, 5, at=BEFORE, deadline=date(2026, 11, 23))  # the next working day
    yesterday(rt, 6, at=BEFORE, deadline=date(2026, 11, 24))
    yesterday(rt, 7, at=BEFORE, deadline=date(2026, 11, 19))  # late since this morning
    yesterday(rt, 8, at=BEFORE, deadline=date(2026, 11, 18))  # told the day before
    yesterday(
        rt,
        9,
        at=BEFORE,
        state=DeskState.WORKING,
        status=ComplaintStatus.COMMENTED,
        updated_at=YESTERDAY,
    )
    yesterday(rt, 10, state=DeskState.ANSWERED, status=ComplaintStatus.ANSWERED)
    yesterday(rt, 11, status=ComplaintStatus.WITHDRAWN)
    yesterday(
        rt,
        12,
        at=BEFORE,
        deadline=date(2026, 11, 19),
        state=DeskState.DEFERRED,  # its clock stands still
        status=ComplaintStatus.DEFERRED,
    )
    yesterday(rt, 13, SOCIAL)
    where = "Jalan rusak / berlubang, Kec. Cileunyi, Kabupaten Bandung"
    assert send(rt) == [
        "Ringkasan 20 Nov 2026: 3 baru, 2 segera jatuh tempo, 1 baru terlambat.\n"
        "Laporan baru:\n"
        f"- 9000001, {where} (4 Des 2026)\n"
        "- 9000002 (4 Des 2026)\n"
        "- Laporan rahasia (4 Des 2026)\n"
        "Segera jatuh tempo:\n"
        f"- 9000004, {where} (20 Nov 2026)\n"
        f"- 9000005, {where} (23 Nov 2026)\n"
        "Baru terlambat:\n"
        f"- 9000007, {where} (19 Nov 2026)\n"
        "Ditanggapi pelapor:\n"
        f"- 9000009, {where} (4 Des 2026)\n"
        "Belum dijawab: 10, di antaranya terlambat: 2.\n"
        "Buka: https://1708.example/console/complaints"
    ]


def test_nothing_new_is_no_message(rt: Runtime):
    officer(rt, "dinas", digest=True)
    yesterday(rt, 1, at=BEFORE)
    yesterday(rt, 2, at=BEFORE, deadline=date(2026, 11, 2))  # late for long
    assert send(rt) == []


@pytest.mark.parametrize(
    ("now", "sent"),
    [
        (datetime(2026, 11, 20, 0, 29, tzinfo=UTC), 0),
        (datetime(2026, 11, 20, 0, 30, tzinfo=UTC), 1),
        (datetime(2026, 11, 20, 16, 59, tzinfo=UTC), 1),  # late is better than never
        (datetime(2026, 11, 21, 1, 0, tzinfo=UTC), 0),  # Saturday
        (datetime(2026, 12, 25, 1, 0, tzinfo=UTC), 0),  # a holiday
    ],
)
def test_a_digest_comes_on_a_working_day_from_its_hour_on(
    rt: Runtime, clock: Clock, now: datetime, sent: int
):
    clock.now = now
    officer(rt, "dinas", digest=True)
    yesterday(rt, 1)
    assert len(send(rt)) == sent


def test_the_next_one_goes_on_where_the_last_one_ended(rt: Runtime, clock: Clock):
    officer(rt, "dinas", digest=True)
    yesterday(rt, 1)
    (first,) = send(rt)
    clock.now = MONDAY
    yesterday(rt, 2, at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC))  # on Saturday
    (second,) = send(rt)
    assert ("9000001" in first, "9000001" in second, "9000002" in second) == (True, False, True)


def test_a_day_on_which_nothing_ran_is_made_up_for(rt: Runtime, clock: Clock):
    officer(rt, "dinas", digest=True)
    yesterday(rt, 1)
    send(rt)
    yesterday(rt, 2, at=NOON)
    clock.now = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)  # nothing ran on Monday
    (text,) = send(rt)
    assert "9000002" in text


def test_who_sees_whose_desks(rt: Runtime):
    officer(rt, "dinas", digest=True)
    officer(rt, "atasan", KAB, Role.COORDINATOR, digest=True)
    officer(rt, "provinsi", "PEMPROV_32", Role.COORDINATOR, digest=True)
    officer(rt, "nasional", "", Role.NATIONAL, digest=True)
    yesterday(rt, 1)
    yesterday(rt, 2, KAB)
    yesterday(rt, 3, SOCIAL)
    case(rt, 4, status=ComplaintStatus.TRIAGE, updated_at=YESTERDAY)
    send(rt)
    found = {
        row.recipient.split("@")[0]: sorted(
            number for number in (1, 2, 3, 4) if f"900000{number}" in row.text
        )
        for row in rows(rt, OutboxRow)
    }
    assert found == {"dinas": [1], "atasan": [1, 2], "nasional": [1, 2, 3, 4]}


def test_long_lists_are_cut_and_counted(rt: Runtime):
    officer(rt, "dinas", digest=True, language="en")
    for number in range(1, 26):
        yesterday(rt, number)
    (text,) = send(rt)
    lines = text.split("\n")
    assert lines[0] == "Digest of 20 Nov 2026: 25 new, 0 due soon, 0 newly late."
    assert sum(line.startswith("- ") for line in lines) == 20
    assert lines[22:24] == ["and 5 more.", "Not answered yet: 25, of these late: 0."]


def test_who_chose_a_digest_gets_no_single_messages(rt: Runtime):
    officer(rt, "dinas", digest=True)
    disposed(rt)
    assert publish_events(rt) == 1
    assert rows(rt, OutboxRow) == []


def test_two_schedulers_at_once_send_one(rt: Runtime):
    officer(rt, "dinas", digest=True, telegram="812000001", channels=["email", "telegram"])
    yesterday(rt, 1)
    at_once(4, lambda _: send_digests(rt))
    found = rows(rt, OutboxRow)
    assert sorted((row.channel, row.kind) for row in found) == [
        ("email", "digest"),
        ("telegram", "digest"),
    ]
