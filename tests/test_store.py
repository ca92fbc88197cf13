"""Complaints and the quarantine, as they are stored."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.runtime import Runtime
from store import complaints, quarantine
from store.models import Complaint, Conversation, QuarantineRow
from tests.harness import NOON, at_once, envelope, rows
from tests.stored import ANA, put

# --- complaints ----------------------------------------------------------------------------------


def complaint(tracking: int, inbox_id: int, person: Conversation) -> Complaint:
    return Complaint(
        tracking=tracking,
        inbox_id=inbox_id,
        conversation=person,
        text="Jalan rusak",
        kind="complaint",
        deadline=date(2026, 11, 25),
        created_at=NOON,
        updated_at=NOON,
    )


@pytest.mark.parametrize(
    ("second", "broken"), [((1234567, 2), "tracking"), ((7654321, 1), "inbox_id")]
)
def test_the_database_refuses_a_number_or_a_message_twice(
    runtime: Runtime, second: tuple[int, int], broken: str
):
    put(runtime, envelope(1), envelope(2))
    with runtime.transaction() as session:
        session.add(complaint(1234567, 1, complaints.new_conversation("sms", ANA, NOON)))
    with pytest.raises(IntegrityError, match=broken), runtime.transaction() as session:  # noqa: PT012
        person = complaints.conversations(session, [("sms", ANA)])["sms", ANA]
        session.add(complaint(*second, person))
    assert len(rows(runtime, Complaint)) == 1


def test_numbers_have_seven_digits_and_no_order(runtime: Runtime):
    with runtime.reading() as session:
        numbers = complaints.draw_numbers(session, 500)
    assert len(set(numbers)) == 500
    assert all(1_000_000 <= number <= 9_999_999 for number in numbers)
    assert numbers != sorted(numbers)


def test_a_number_in_use_is_not_drawn(runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(complaints, "LAST", complaints.FIRST + 9)  # only ten numbers exist
    put(runtime, *(envelope(number) for number in range(7)))
    with runtime.transaction() as session:
        person = complaints.new_conversation("sms", ANA, NOON)
        session.add_all(complaint(1_000_000 + n, n + 1, person) for n in range(7))
    with runtime.reading() as session:
        assert set(complaints.draw_numbers(session, 3)) == {1_000_007, 1_000_008, 1_000_009}


def test_one_sender_on_one_channel_is_one_conversation(runtime: Runtime):
    with runtime.transaction() as session:
        session.add(complaints.new_conversation("sms", ANA, NOON))
        session.add(complaints.new_conversation("whatsapp", ANA, NOON))
    with pytest.raises(IntegrityError), runtime.transaction() as session:
        session.add(complaints.new_conversation("sms", ANA, NOON))


# --- quarantine ----------------------------------------------------------------------------------


def refuse(rt: Runtime, number: int, *, now: datetime = NOON, **more: Any) -> None:
    values: dict[str, Any] = {
        "channel": "sms",
        "reason": "X-Twilio-Signature is missing",
        "method": "POST",
        "path": "/in/sms",
        "query": "",
        "headers": {},
        "body": f"Body={number}".encode(),
        "max_bytes": 100,
    }
    with rt.transaction() as session:
        quarantine.keep(session, now=now, **values | more)


def trim(rt: Runtime, *, now: datetime = NOON, max_rows: int = 3, max_days: int = 14) -> int:
    with rt.transaction() as session:
        return quarantine.trim(session, now=now, max_rows=max_rows, max_days=max_days)


def bodies(rt: Runtime) -> list[str]:
    return [row.body for row in rows(rt, QuarantineRow)]


@pytest.mark.parametrize("count", [0, 2, 3, 4, 10])
def test_the_newest_refused_requests_stay(runtime: Runtime, count: int):
    for number in range(count):
        refuse(runtime, number)
    assert trim(runtime) == max(0, count - 3)
    assert bodies(runtime) == [f"Body={number}" for number in range(count)][-3:]


def test_refused_requests_go_when_they_are_old(runtime: Runtime):
    refuse(runtime, 1)
    refuse(runtime, 2, now=NOON + timedelta(days=1))
    assert trim(runtime, now=NOON + timedelta(days=14)) == 0
    assert trim(runtime, now=NOON + timedelta(days=14, seconds=1)) == 1
    assert bodies(runtime) == ["Body=2"]


def test_a_refused_request_is_cut_and_made_storable(runtime: Runtime):
    odd = "\x00" * 300
    headers = {f"x-{number}": odd * 2 for number in range(60)}
    refuse(runtime, 1, path="/in/sms/" + odd, query=odd, body=b"\x00\xff" * 300, headers=headers)
    (row,) = rows(runtime, QuarantineRow)
    assert len(row.body) <= 100
    assert len(row.query) == 100
    assert len(row.path) == 200
    assert (len(row.headers), len(row.headers["x-1"])) == (40, 500)


def test_a_refused_request_is_released_once(runtime: Runtime):
    refuse(runtime, 1)

    def release(_: int) -> bool:
        with runtime.transaction() as session:
            return quarantine.release(session, 1) is not None

    assert sorted(at_once(4, release)) == [False, False, False, True]
    assert [row.status for row in rows(runtime, QuarantineRow)] == ["released"]
