"""Replies of every kind, and channels that keep what they are given."""

import dataclasses
import time as clocks
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway import deliver
from gateway.channels.base import Ack, SendError, WebhookRequest
from gateway.runtime import Runtime
from gateway.settings import Circuit, Rate
from parsers.messages import Envelope, Failure, Outgoing
from store import complaints as people
from store import outbox
from store.models import Complaint, Conversation, InboxRow, OutboxRow
from store.notice_rules import NoticeRules, Quiet
from tests.harness import NOON, Clock, rows, tuned

ANA, BUDI = "+6281200000001", "+6281200000002"
WIB = ZoneInfo("Asia/Jakarta")
NIGHT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 22:00 WIB
MORNING = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)  # 07:00 WIB
QUIET = Quiet(start=time(21), end=time(7), zone=WIB)
RULES = NoticeRules(settle=timedelta(seconds=60), quiet=QUIET)
LEASE = timedelta(seconds=60)
LIFE = timedelta(hours=24)
ONE, TWO, THREE = "Diteruskan ke Dinas PU.", "Dijawab: sudah diperbaiki.", "Diteruskan ke PLN."
PATIENT = Circuit(sends=1000, share=1, rest_seconds=1, longest_seconds=1)


class Died(BaseException):
    """The worker was killed here."""


@dataclass
class Recorder:
    """A channel that keeps what it is given, and answers as the test says."""

    name: str = "sms"
    answer: Callable[[Outgoing], None] = lambda _: None
    given: list[Outgoing] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    max_text: int = 1600
    failures: Mapping[str, Failure] = field(default_factory=dict)

    @property
    def ack(self) -> Ack:
        return Ack()

    def verify(self, request: WebhookRequest) -> None: ...

    def parse(self, request: WebhookRequest) -> Envelope:  # noqa: ARG002 - the protocol's
        raise ValueError("nothing comes in here")

    def send(self, reply: Outgoing) -> str:
        self.given.append(reply)
        self.times.append(clocks.monotonic())
        self.answer(reply)
        return f"{self.name}-{len(self.given)}"

    def segments(self, text: str) -> int:
        return -(-len(text) // 160)

    def check(self) -> str | None: ...

    def close(self) -> None: ...


def refuse(failure: str, code: str = "") -> Callable[[Outgoing], None]:
    def answer(_: Outgoing) -> None:
        raise SendError(Failure(failure), code)

    return answer


def opened(rt: Runtime, clock: Clock, *channels: Recorder, **settings: Any) -> Runtime:
    """The runtime with recording channels and no rates, unless the test sets some."""
    free = {name: Rate(overall=0, each=0) for name in ("sms", "whatsapp", "telegram", "kannel")}
    rates = rt.settings.outbox.rates.model_copy(update=free | settings.pop("rates", {}))
    second = rt.settings.outbox.fallback.model_copy(update=settings.pop("fallback", {}))
    other = tuned(rt, outbox={"rates": rates, "fallback": second, **settings})
    return dataclasses.replace(other, now=clock, adapters={each.name: each for each in channels})


def reply(number: int = 1, **more: Any) -> OutboxRow:
    values = {
        "dedupe": f"out-{number}",
        "kind": "received",
        "channel": "sms",
        "recipient": f"+62812000{number:05}",
        "text": f"Balasan {number}",
        "due_at": NOON,
        "created_at": NOON,
    }
    return OutboxRow(**values | more)


def talk(recipient: str = ANA, channel: str = "sms", **more: Any) -> Conversation:
    return Conversation(channel=channel, sender=recipient, updated_at=NOON, **more)


def add(rt: Runtime, *items: Any) -> None:
    with rt.transaction() as session:
        for item in items:
            session.add(item)
            session.flush()


def complaints(rt: Runtime, count: int = 1) -> None:
    """Complaints 1, 2, ... of one person, tracked as 1000001, 1000002, ..."""
    person = talk("+6281200009999")
    add(rt, person)
    for number in range(1, count + 1):
        values: dict[str, Any] = {"received_at": NOON, "stored_at": NOON, "due_at": NOON}
        message = InboxRow(
            channel="sms", provider_id=f"id-{number}", sender=person.sender, text="Jalan", **values
        )
        add(rt, message)
        add(
            rt,
            Complaint(
                tracking=1_000_000 + number,
                inbox_id=message.key,
                conversation_id=person.key,
                text="Jalan rusak",
                kind="complaint",
                deadline=date(2026, 12, 4),
                created_at=NOON,
                updated_at=NOON,
            ),
        )


def notify(
    rt: Runtime,
    dedupe: str,
    *,
    kind: str = "forwarded",
    text: str = "Diteruskan ke Dinas PU.",
    to: str = ANA,
    now: datetime = NOON,
    complaint_id: int | None = 1,
    **more: Any,
) -> OutboxRow | None:
    with rt.transaction() as session:
        (person,) = people.conversations(session, [("sms", to)], lock=True).values()
        return outbox.notify(
            session,
            person,
            kind=kind,
            text=text,
            dedupe=dedupe,
            now=now,
            rules=RULES,
            complaint_id=complaint_id,
            **more,
        )


def take(rt: Runtime, *, now: datetime = NOON, channel: str = "sms", **more: Any) -> list[int]:
    with rt.transaction() as session:
        wanted = {"token": "mine", "lease": LEASE, "limit": 100} | more
        return [row.key for row in outbox.claim(session, channel=channel, now=now, **wanted)]


def drain(rt: Runtime) -> None:
    deliver.drain_outbox(rt, until=clocks.monotonic() + 20)


def found(rt: Runtime, *names: str) -> list[Any]:
    """The named columns of every outbox row, in order."""
    values = [tuple(getattr(row, name) for name in names) for row in rows(rt, OutboxRow)]
    return [value[0] if len(names) == 1 else value for value in values]
