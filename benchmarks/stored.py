"""Old complaints by the million, so that the figures are those of a service with a past."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlmodel import SQLModel

from benchmarks.load import NUMBER, texts
from store.models import Complaint, Conversation, Disposition, Event, InboxRow, OutboxRow

BATCH = 2000
FIRST_DAY = datetime(2019, 1, 1, tzinfo=UTC)
NUMBERS = 9_000_000  # of seven digits
STEP = 5_700_001  # has no factor in common with NUMBERS, so no number comes twice
ORDER = (InboxRow, Conversation, Complaint, Event, Disposition, OutboxRow)  # of foreign keys
Rows = dict[type[SQLModel], list[dict[str, Any]]]


def fill(engine: Engine, count: int, *, progress: Callable[[], object]) -> None:
    """Closed complaints with everything that belongs to them, in an empty database."""
    words = texts(997)
    for first in range(1, count + 1, BATCH):
        last = min(first + BATCH, count + 1)
        with engine.begin() as connection:
            for table, rows in _rows(range(first, last), words).items():
                connection.execute(table.__table__.insert(), rows)  # type: ignore[attr-defined]
        progress()
    if engine.dialect.name == "postgresql":
        _after_keys(engine)


def _after_keys(engine: Engine) -> None:
    """Let PostgreSQL count on after the keys that we gave, and know its tables as after a night."""
    with engine.begin() as connection:
        for table in SQLModel.metadata.sorted_tables:
            highest = connection.scalar(select(func.max(table.c.id)))
            if highest:
                sequence = func.pg_get_serial_sequence(table.name, "id")
                connection.execute(select(func.setval(sequence, highest)))
        connection.execute(text("ANALYZE"))


def _rows(numbers: range, words: list[str]) -> Rows:
    rows: Rows = {table: [] for table in ORDER}
    for number in numbers:
        for table, row in _complaint(number, words[number % len(words)]):
            rows[table].append(row)
    return rows


def _complaint(number: int, words: str) -> Iterator[tuple[type[SQLModel], dict[str, Any]]]:
    """One complaint under the key `number` in every table; people come back: two each."""
    at = FIRST_DAY + timedelta(minutes=number % 3_000_000)
    sender = f"+62813{number // 2:08d}"
    tracking = 1_000_000 + number * STEP % NUMBERS
    message = {"channel": "sms", "text": words, "status": "done", "lane": "live", "attempts": 1}
    times = {"received_at": at, "stored_at": at, "due_at": at, "done_at": at}
    blank = {"extra": {}, "message_ref": "", "claim": "", "error": "", "generation": 0}
    given = {"id": number, "provider_id": f"OLD{number}", "sender": sender, "recipient": NUMBER}
    yield InboxRow, {**message, **times, **blank, **given}
    if number % 2 == 0 or number == 1:
        state = {"tracking": tracking}
        person = {"id": number // 2 + 1, "channel": "sms", "sender": sender, "state": state}
        yield Conversation, {**person, "notices": True, "updated_at": at}
    yield Complaint, _filed(number, tracking, words, at)
    for turn, kind in enumerate(("received", "disposed")):
        event = {"id": 2 * number + turn, "complaint_id": number, "kind": kind, "at": at}
        yield Event, {**event, "actor": "system", "text": "", "detail": {}}
    yield Disposition, _disposed(number, at)
    yield OutboxRow, _answer(number, tracking, sender, at)


def _filed(number: int, tracking: int, words: str, at: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "tracking": tracking,
        "inbox_id": number,
        "conversation_id": number // 2 + 1,
        "text": words,
        "headline": words[:60],
        "kind": "complaint",
        "category": "JALAN_RUSAK",
        "agency": f"DINAS_PUPR@32.{number % 79:02d}",
        "place": "32.73.02",
        "candidates": {},
        "urgent": False,
        "privacy": "public",
        "status": "closed",
        "deadline": date(2019, 1, 21),
        "created_at": at,
        "updated_at": at,
    }


def _disposed(number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "complaint_id": number,
        "agency": f"DINAS_PUPR@32.{number % 79:02d}",
        "actor": "system",
        "reason": "",
        "deadline": date(2019, 1, 21),
        "at": at,
    }


def _answer(number: int, tracking: int, sender: str, at: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "dedupe": f"in-{number}-0-received",
        "inbox_id": number,
        "kind": "received",
        "channel": "sms",
        "recipient": sender,
        "origin": NUMBER,
        "text": f"Laporan {tracking} diterima. Cek: STATUS {tracking}",
        "status": "delivered",
        "attempts": 1,
        "due_at": at,
        "claim": "",
        "code": "",
        "provider_id": f"SM{number:032x}",
        "receipt": "delivered",
        "created_at": at,
        "sent_at": at,
    }
