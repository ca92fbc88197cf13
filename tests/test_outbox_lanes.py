"""Which reply goes when, at what pace, by which way, and what it costs; on both databases."""

import dataclasses
import json
import time as clocks
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from gateway import deliver, settling
from gateway.channels.base import Ack, SendError, WebhookRequest
from gateway.cli import cli
from gateway.pace import Health, Rates, pace_of
from gateway.queue import connect
from gateway.runtime import Runtime
from gateway.settings import Circuit, ConfigError, Rate, load
from parsers.messages import (
    Button,
    Envelope,
    Failure,
    Outgoing,
    Receipt,
    ReceiptState,
)
from store import complaints as people
from store import outbox
from store.lanes import Next, Terms
from store.models import Complaint, Conversation, InboxRow, OutboxLane, OutboxRow
from store.notice_rules import NoticeRules, Quiet
from tests.harness import NOON, Clock, at_once, rows, tuned
from tests.live import free_port, write_config

ANA, BUDI = "+6281200000001", "+6281200000002"
WIB = ZoneInfo("Asia/Jakarta")
NIGHT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 22:00 WIB
MORNING = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)  # 07:00 WIB
QUIET = Quiet(start=time(21), end=time(7), zone=WIB)
RULES = NoticeRules(settle=timedelta(seconds=60), quiet=QUIET)
LEASE = timedelta(seconds=60)
LIFE = timedelta(hours=24)
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


# --- from row to adapter -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, {}),
        (
            {"buttons": [["score-1:5", "Sangat puas"], ["score-1:1", "Kecewa"]]},
            {"buttons": (Button("score-1:5", "Sangat puas"), Button("score-1:1", "Kecewa"))},
        ),
        ({"ask_location": True}, {"ask_location": True}),
        (
            {"notice": "answered", "variables": ["9165816", "Dinas PU"], "facts": [["a", "b"]]},
            {"notice": "answered", "variables": ("9165816", "Dinas PU")},
        ),
    ],
    ids=["plain", "buttons", "location", "template"],
)
def test_an_adapter_gets_what_the_row_says(
    runtime: Runtime, clock: Clock, extra: dict[str, Any], expected: dict[str, Any]
):
    sms = Recorder(max_text=7)
    rt = opened(runtime, clock, sms)
    add(rt, reply(extra=extra, origin="1708"))
    drain(rt)
    plain = {"id": 1, "recipient": "+6281200000001", "text": "Balasan", "origin": "1708"}
    assert sms.given == [Outgoing(**plain | expected)]


@pytest.mark.parametrize(
    ("channel", "heard", "open_"),
    [
        ("whatsapp", timedelta(hours=23, minutes=59), True),
        ("whatsapp", timedelta(hours=24), False),
        ("whatsapp", None, False),
        ("telegram", None, True),
        ("sms", timedelta(days=30), True),
    ],
)
def test_whatsapp_is_open_for_a_day_after_the_persons_last_message(
    runtime: Runtime, clock: Clock, channel: str, heard: timedelta | None, open_: bool
):
    adapter = Recorder(channel)
    rt = opened(runtime, clock, adapter)
    add(rt, talk(channel=channel, heard_at=NOON - heard if heard else None))
    add(rt, talk(BUDI, channel, heard_at=NOON))  # somebody else's window is not mine
    add(rt, reply(channel=channel, recipient=ANA))
    drain(rt)
    assert [item.open for item in adapter.given] == [open_]


def test_the_windows_of_a_batch_are_looked_up_with_one_query(runtime: Runtime, clock: Clock):
    whatsapp = Recorder("whatsapp")
    rt = opened(runtime, clock, whatsapp)
    for number in range(1, 21):
        person = f"+62812000{number:05}"
        heard = NOON if number % 2 else None
        add(rt, talk(person, "whatsapp", heard_at=heard), reply(number, channel="whatsapp"))
    asked: list[str] = []
    event.listen(rt.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    drain(rt)
    assert {item.id: item.open for item in whatsapp.given} == {
        number: bool(number % 2) for number in range(1, 21)
    }
    assert len([statement for statement in asked if "FROM conversation" in statement]) == 1


# --- order ---------------------------------------------------------------------------------------


def test_answers_go_before_notices_before_bulk(runtime: Runtime):
    lanes = ["bulk", "notice", "answer", "bulk", "notice", "answer"]
    add(runtime, *(reply(number, lane=lane) for number, lane in enumerate(lanes, start=1)))
    assert [take(runtime, limit=2) for _ in range(4)] == [[3, 6], [2, 5], [1, 4], []]


@pytest.mark.parametrize(
    ("first", "second", "next_"),
    [
        ({"lane": "answer"}, {"lane": "answer"}, [1]),
        ({"lane": "bulk"}, {"lane": "notice"}, [2]),
        ({"lane": "notice"}, {"lane": "answer"}, [2]),
        ({"lane": "notice", "due_at": MORNING}, {"lane": "answer"}, [2]),
        ({"lane": "notice", "due_at": MORNING}, {"lane": "notice"}, []),
        ({"lane": "answer", "due_at": MORNING, "attempts": 1}, {"lane": "notice"}, []),
        ({"lane": "notice", "due_at": MORNING}, {"lane": "bulk"}, []),
        ({"lane": "bulk", "status": "sending"}, {"lane": "answer"}, []),
        ({"lane": "answer", "status": "held"}, {"lane": "answer"}, [2]),
    ],
    ids=str,
)
def test_of_one_person_one_reply_goes_at_a_time(
    runtime: Runtime, first: dict[str, Any], second: dict[str, Any], next_: list[int]
):
    add(runtime, reply(1, recipient=ANA, **first), reply(2, recipient=ANA, **second))
    assert take(runtime) == next_


def test_a_hundred_waiting_notices_do_not_delay_one_answer(runtime: Runtime):
    add(runtime, *(reply(number, lane="notice") for number in range(1, 101)))
    add(runtime, reply(101, due_at=NOON + timedelta(seconds=30)))
    assert take(runtime, limit=1, now=NOON + timedelta(minutes=1)) == [101]


# --- pace ----------------------------------------------------------------------------------------


def waiting(count: int, person: str = "") -> list[Next]:
    return [Next(number, person or f"p{number}", OutboxLane.ANSWER) for number in range(count)]


def test_a_rate_holds_over_all_workers(redis_url: str):
    rates = {"telegram": Rate(overall=30, each=0)}
    workers = [Rates(rates, connect(redis_url, 2)) for _ in range(4)]
    began = clocks.monotonic()
    granted = at_once(4, lambda number: workers[number].grant("telegram", waiting(20)))
    assert sum(map(len, granted)) == 30 or clocks.monotonic() - began > 1


def test_a_reply_is_granted_to_one_worker_only_where_each_person_has_a_rate(redis_url: str):
    workers = [Rates({"sms": Rate(overall=0, each=1)}, connect(redis_url, 2)) for _ in range(4)]
    began = clocks.monotonic()
    granted = at_once(4, lambda number: workers[number].grant("sms", waiting(20)))
    ids = sorted(key for part in granted for key in part)
    assert ids == list(range(20)) or clocks.monotonic() - began > 1


def test_one_person_gets_one_reply_a_second_and_the_others_do_not_wait(redis_url: str):
    rates = Rates({"telegram": Rate(overall=0, each=1)}, connect(redis_url, 2))
    assert rates.grant("telegram", waiting(1, "ana")) == [0]
    assert rates.grant("telegram", [*waiting(1, "ana"), Next(7, "budi", OutboxLane.ANSWER)]) == [7]


def test_no_number_is_kept_in_the_queue(redis_url: str):
    redis = connect(redis_url, 2)
    Rates({"sms": Rate(overall=5, each=1)}, redis).grant("sms", waiting(1, ANA))
    keys = [str(key) for key in redis.scan_iter()]
    assert len(keys) == 2
    assert not any(ANA[4:] in key for key in keys)


def test_without_the_queue_each_worker_keeps_to_the_rate_by_itself():
    rates = Rates({"sms": Rate(overall=3, each=0)}, connect(f"redis://127.0.0.1:{free_port()}", 1))
    began = clocks.monotonic()
    granted = rates.grant("sms", waiting(5)) + rates.grant("sms", waiting(5))
    assert len(granted) == 3 or clocks.monotonic() - began > 1


def test_a_reply_over_the_rate_waits_and_uses_up_no_try(runtime: Runtime, clock: Clock):
    sms = Recorder()
    rt = opened(runtime, clock, sms, rates={"sms": Rate(overall=2, each=0)})
    add(rt, *(reply(number) for number in range(1, 6)))
    drain(rt)
    assert found(rt, "status", "attempts") == [("sent", 1)] * 5
    assert [item.id for item in sorted(sms.given, key=lambda item: item.id)] == [1, 2, 3, 4, 5]
    # Granted at most two in any second; the send itself follows a few milliseconds later.
    assert sorted(sms.times)[2] - sorted(sms.times)[0] > 0.8
    assert sorted(sms.times)[4] - sorted(sms.times)[2] > 0.8


def test_the_console_has_no_rate(runtime: Runtime):
    pace = pace_of(runtime)
    assert not any(pace.rates.limits(name) for name in ("sms", "whatsapp", "telegram", "kannel"))


# --- quiet hours ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "now", "over"),
    [
        (21, 7, "2026-11-20 20:59", "2026-11-20 20:59"),
        (21, 7, "2026-11-20 21:00", "2026-11-21 07:00"),
        (21, 7, "2026-11-20 23:59", "2026-11-21 07:00"),
        (21, 7, "2026-11-21 00:00", "2026-11-21 07:00"),
        (21, 7, "2026-11-21 06:59", "2026-11-21 07:00"),
        (21, 7, "2026-11-21 07:00", "2026-11-21 07:00"),
        (0, 6, "2026-11-21 05:00", "2026-11-21 06:00"),
        (0, 6, "2026-11-21 06:00", "2026-11-21 06:00"),
        (12, 14, "2026-12-31 13:00", "2026-12-31 14:00"),
        (7, 7, "2026-11-21 07:00", "2026-11-21 07:00"),
    ],
)
def test_when_the_quiet_hours_are_over(start: int, end: int, now: str, over: str):
    quiet = Quiet(start=time(start), end=time(end), zone=WIB)
    asked = datetime.fromisoformat(now).replace(tzinfo=WIB).astimezone(UTC)
    assert quiet.over(asked) == datetime.fromisoformat(over).replace(tzinfo=WIB)


def test_at_night_answers_go_and_notices_wait_for_the_morning(runtime: Runtime, clock: Clock):
    clock.now = NIGHT
    sms = Recorder()
    rt = opened(runtime, clock, sms)
    add(rt, reply(1, lane="notice", recipient=ANA), reply(2, recipient=ANA))
    drain(rt)
    assert found(rt, "status", "due_at", "attempts") == [("queued", MORNING, 0), ("sent", NOON, 1)]
    clock.now = MORNING
    drain(rt)
    assert [item.id for item in sms.given] == [2, 1]


def test_a_notice_that_comes_due_while_a_drain_runs_into_the_night_is_not_claimed(
    runtime: Runtime, clock: Clock
):
    clock.now = NIGHT
    rt = opened(runtime, clock, Recorder())
    add(rt, reply(1, lane="notice"))
    assert deliver.claim(rt, "sms", "mine") == []


def test_a_clock_time_without_quotes_is_a_mistake(tmp_path: Any):
    path = write_config(tmp_path / "config.yaml", outbox={"quiet_from": 1260})
    with pytest.raises(ConfigError, match=r"outbox\.quiet_from: input should be a valid string"):
        load(path, {})


# --- of no use any more --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({}, "sent"),
        ({"due_at": NOON - LIFE}, "cancelled"),
        ({"due_at": NOON - LIFE + timedelta(seconds=1)}, "sent"),
        ({"lane": "notice", "due_at": NOON - timedelta(days=9)}, "sent"),
        ({"expires_at": NOON}, "cancelled"),
        ({"lane": "notice", "expires_at": NOON}, "cancelled"),
        ({"due_at": NOON - LIFE, "expires_at": NOON + timedelta(seconds=1)}, "sent"),
        ({"due_at": NOON + timedelta(hours=1), "expires_at": NOON}, "cancelled"),
    ],
    ids=str,
)
def test_a_reply_that_is_older_than_its_use_is_not_sent(
    runtime: Runtime, clock: Clock, row: dict[str, Any], status: str
):
    sms = Recorder()
    rt = opened(runtime, clock, sms)
    add(rt, reply(**row))
    drain(rt)
    code = "expired" if status == "cancelled" else ""
    assert found(rt, "status", "code") == [(status, code)]
    assert len(sms.given) == (status == "sent")


def test_a_claim_never_takes_what_expired_since_the_last_look(runtime: Runtime):
    add(runtime, reply(1, expires_at=NOON), reply(2, due_at=NOON - LIFE))
    assert take(runtime, terms=Terms(answer_life=LIFE)) == []


def test_later_tries_do_not_make_an_answer_younger(runtime: Runtime, clock: Clock):
    sms = Recorder(answer=refuse("retry", "503"))
    rt = opened(runtime, clock, sms, attempts=1000, circuit=PATIENT)
    add(rt, reply())
    for _ in range(60):
        drain(rt)
        clock.forward(minutes=30)
    assert found(rt, "status", "code", "expires_at") == [("cancelled", "expired", NOON + LIFE)]
    assert 10 < len(sms.given) <= 49


def test_an_operator_gives_an_expired_answer_a_second_day(runtime: Runtime, clock: Clock):
    clock.now = NOON + timedelta(days=3)
    sms = Recorder()
    rt = opened(runtime, clock, sms)
    add(rt, reply(status="cancelled", code="expired", expires_at=NOON))
    with rt.transaction() as session:
        assert outbox.replay(session, [1], now=clock.now, again=False) == [1]
    drain(rt)
    assert found(rt, "status") == ["sent"]


# --- notices -------------------------------------------------------------------------------------


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


@pytest.fixture
def told(runtime: Runtime) -> Runtime:
    """Two people and two complaints to be told about."""
    complaints(runtime, 2)
    add(runtime, talk(ANA), talk(BUDI))
    return runtime


@pytest.mark.parametrize(
    ("now", "due_at"),
    [
        (NOON, NOON + timedelta(seconds=60)),
        (NIGHT, MORNING),
        (datetime(2026, 11, 20, 13, 59, 30, tzinfo=UTC), MORNING),  # it would settle at 21:00:30
    ],
)
def test_a_notice_settles_first_and_keeps_the_quiet_hours(
    told: Runtime, now: datetime, due_at: datetime
):
    row = notify(told, "a", now=now)
    assert row is not None
    assert found(told, "lane", "due_at", "status", "recipient") == [
        ("notice", due_at, "queued", ANA)
    ]


@pytest.mark.parametrize("refuses", [{"blocked": True}, {"notices": False}], ids=str)
def test_who_wants_no_notices_gets_none(runtime: Runtime, clock: Clock, refuses: dict[str, bool]):
    sms = Recorder()
    rt = opened(runtime, clock, sms)
    complaints(rt)
    add(rt, talk(ANA, **refuses), talk(BUDI, **refuses))
    assert notify(rt, "a") is None
    add(rt, reply(2, recipient=ANA, lane="notice"))  # queued before the person said so
    add(rt, reply(3, recipient=ANA), reply(4, recipient=BUDI))
    drain(rt)
    code = "blocked" if "blocked" in refuses else "stopped"
    assert found(rt, "status", "code") == [("cancelled", code), ("sent", ""), ("sent", "")]
    assert sorted(item.id for item in sms.given) == [2, 3]


ONE, TWO, THREE = "Diteruskan ke Dinas PU.", "Dijawab: sudah diperbaiki.", "Diteruskan ke PLN."


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param({}, [("cancelled", ONE), ("queued", ONE)], id="same words"),
        pytest.param({"text": THREE}, [("cancelled", ONE), ("queued", THREE)], id="a newer state"),
        pytest.param(
            {"kind": "answered", "text": TWO},
            [("cancelled", ONE), ("queued", f"{ONE}\n{TWO}")],
            id="two facts",
        ),
        pytest.param(
            {"kind": "answered", "text": TWO, "now": NOON + timedelta(seconds=59)},
            [("cancelled", ONE), ("queued", f"{ONE}\n{TWO}")],
            id="within the minute",
        ),
        pytest.param(
            {"text": THREE, "complaint_id": 2},
            [("queued", ONE), ("queued", THREE)],
            id="another complaint",
        ),
        pytest.param(
            {"text": THREE, "to": BUDI}, [("queued", ONE), ("queued", THREE)], id="another person"
        ),
        pytest.param(
            {"text": THREE, "complaint_id": None},
            [("queued", ONE), ("queued", THREE)],
            id="about no complaint",
        ),
    ],
)
def test_two_notices_about_one_complaint_become_one(
    told: Runtime, second: dict[str, Any], expected: list[tuple[str, str]]
):
    notify(told, "a", text=ONE)
    notify(told, "b", **second)
    assert found(told, "status", "text") == expected
    assert found(told, "due_at")[-1] <= NOON + timedelta(seconds=119)


def test_the_joined_notice_is_as_due_as_its_first_and_asks_what_is_still_asked(told: Runtime):
    notify(told, "a", text=ONE, extra={"notice": "moved", "variables": ["PU"]})
    later = NOON + timedelta(seconds=20)
    asks = {"buttons": [["s:1", "Puas"]], "notice": "answered", "variables": ["1000001"]}
    notify(told, "b", kind="answered", text=TWO, now=later, extra=asks)
    notify(told, "c", text=THREE, now=later, extra={})
    last = rows(told, OutboxRow)[-1]
    assert last.text == f"{TWO}\n{THREE}"  # the newer state took the place of the older one
    assert last.due_at == NOON + timedelta(seconds=60)
    assert last.extra["buttons"] == [["s:1", "Puas"]]
    assert "notice" not in last.extra  # no template says both
    assert found(told, "status", "code")[:2] == [("cancelled", "joined")] * 2


@pytest.mark.parametrize(
    "change",
    [{"status": "sending"}, {"status": "sent"}, {"status": "held"}, {"attempts": 1}],
    ids=str,
)
def test_a_notice_that_may_have_gone_out_is_left_as_it_is(told: Runtime, change: dict[str, Any]):
    add(
        told,
        reply(9, recipient=ANA, lane="notice", complaint_id=1, kind="forwarded", **change),
    )
    notify(told, "b", text=THREE)
    assert found(told, "text", "status") == [
        ("Balasan 9", change.get("status", "queued")),
        (THREE, "queued"),
    ]


def test_a_notice_of_one_name_is_queued_once_whatever_became_of_it(told: Runtime):
    notify(told, "a", text=ONE)
    notify(told, "b", kind="answered", text=TWO)
    for name, kind, text in (("a", "forwarded", ONE), ("b", "answered", TWO)):
        assert notify(told, name, kind=kind, text=text, now=NOON + timedelta(hours=1)) is None
    assert found(told, "status", "text") == [("cancelled", ONE), ("queued", f"{ONE}\n{TWO}")]
    with told.transaction() as session:  # nor does an operator bring the first back
        assert outbox.replay(session, [1], now=NOON, again=True) == []


def test_a_mistake_of_the_caller_is_no_repeat(told: Runtime):
    with pytest.raises(IntegrityError):
        notify(told, "a", complaint_id=77)


def test_notices_of_two_workers_at_once_tell_each_fact_once(told: Runtime, clock: Clock):
    facts = [f"Fakta {number}." for number in range(6)]
    at_once(6, lambda n: notify(told, f"n{n}", kind=f"kind{n}", text=facts[n]))
    clock.forward(seconds=61)
    sms = Recorder()
    drain(opened(told, clock, sms))
    assert len(sms.given) == 1
    assert sorted(sms.given[0].text.split("\n")) == facts


# --- what follows from a failure -----------------------------------------------------------------


def test_who_blocks_us_gets_no_notices_but_answers_are_still_tried(runtime: Runtime, clock: Clock):
    sms = Recorder(answer=refuse("blocked", "21610"))
    rt = opened(runtime, clock, sms)
    later = NOON + timedelta(hours=1)
    add(rt, talk(ANA, heard_at=NOON - timedelta(days=1)), talk(BUDI))
    add(rt, reply(1, recipient=ANA), reply(2, recipient=ANA, lane="notice", due_at=later))
    add(rt, reply(3, recipient=ANA, due_at=later))
    add(rt, reply(4, recipient=BUDI, lane="notice", due_at=later))
    drain(rt)
    assert found(rt, "status", "code") == [
        ("failed", "21610"),
        ("cancelled", "blocked"),
        ("queued", ""),
        ("queued", ""),
    ]
    assert [talk.blocked for talk in rows(rt, Conversation)] == [True, False]


@pytest.mark.parametrize(("heard", "blocked"), [(-1, True), (0, True), (1, False)])
def test_who_wrote_again_meanwhile_has_unblocked_us(
    runtime: Runtime, clock: Clock, heard: int, blocked: bool
):
    rt = opened(runtime, clock, Recorder())
    add(rt, talk(ANA, heard_at=NOON + timedelta(seconds=heard)), reply(recipient=ANA))
    (row,) = deliver.claim(rt, "sms", "mine")
    clock.forward(seconds=10)
    error = SendError(Failure.BLOCKED, "21610")
    deliver.settle(rt, [deliver.Outcome(row, error=error)], "mine")
    assert rows(rt, Conversation)[0].blocked is blocked


WHATSAPP_TEXT = "*Laporan 1000001* dijawab: _sudah_ ~belum~ ```ok``` 2*3*4 a_b_c * tidak *"
PLAIN_TEXT = "Laporan 1000001 dijawab: sudah belum ok 2*3*4 a_b_c * tidak *"


@pytest.mark.parametrize(
    ("wished", "channels", "used"),
    [
        ("", ("sms", "kannel"), "sms"),
        ("kannel", ("sms", "kannel"), "kannel"),
        ("", ("kannel",), "kannel"),
        ("sms", ("kannel",), None),
        ("", (), None),
    ],
)
def test_what_whatsapp_takes_no_more_goes_by_sms(
    runtime: Runtime, clock: Clock, wished: str, channels: tuple[str, ...], used: str | None
):
    whatsapp = Recorder("whatsapp", answer=refuse("closed", "63016"))
    others = [Recorder(name) for name in channels]
    rt = opened(runtime, clock, whatsapp, *others, sms_channel=wished)
    complaints(rt)
    extra = {"buttons": [["a", "b"]]}
    more = {"complaint_id": 1, "lane": "notice", "kind": "answered", "extra": extra}
    add(rt, reply(channel="whatsapp", text=WHATSAPP_TEXT, **more))
    drain(rt)
    drain(rt)
    names = ("dedupe", "channel", "status", "code", "complaint_id", "lane")
    expected = [("out-1", "whatsapp", "failed", "closed", 1, "notice")]
    if used:
        expected.append(("out-1-sms", used, "sent", "", 1, "notice"))
    assert found(rt, *names) == expected
    sent = [item for other in others for item in other.given]
    assert [(item.text, item.buttons) for item in sent] == [(PLAIN_TEXT, ())] * bool(used)


@pytest.mark.parametrize("recipient", ["12345678", "+123", "0812000000", "whatsapp:+6281200000001"])
def test_only_a_number_gets_an_sms(runtime: Runtime, clock: Clock, recipient: str):
    whatsapp = Recorder("whatsapp", answer=refuse("closed"))
    rt = opened(runtime, clock, whatsapp, Recorder())
    add(rt, reply(channel="whatsapp", recipient=recipient))
    drain(rt)
    assert found(rt, "channel", "status", "code") == [("whatsapp", "failed", "closed")]


def test_a_replay_of_a_closed_notice_makes_no_second_sms(runtime: Runtime, clock: Clock):
    sms = Recorder()
    rt = opened(runtime, clock, Recorder("whatsapp", answer=refuse("closed")), sms)
    add(rt, reply(channel="whatsapp"))
    drain(rt)
    with rt.transaction() as session:
        outbox.replay(session, [1], now=NOON, again=False)
    drain(rt)
    assert found(rt, "status") == ["failed", "sent"]
    assert len(sms.given) == 1


@pytest.mark.parametrize(
    ("code", "failure", "status", "blocked"),
    [
        ("63016", "closed", ["failed", "queued"], False),
        ("30004", "blocked", ["failed"], True),
        ("30008", "rejected", ["failed"], False),
        ("99999", "rejected", ["failed"], False),
    ],
)
def test_a_receipt_that_says_why_has_the_same_consequences(
    runtime: Runtime, clock: Clock, code: str, failure: str, status: list[str], blocked: bool
):
    """Twilio says 63016 minutes after it took the message."""
    meanings = {
        "63016": Failure.CLOSED,
        "30004": Failure.BLOCKED,
        "30008": Failure.REJECTED,
    }
    rt = opened(runtime, clock, Recorder("whatsapp", failures=meanings), Recorder())
    add(rt, talk(ANA, "whatsapp", heard_at=NOON - timedelta(days=2)))
    add(rt, reply(channel="whatsapp", recipient=ANA))
    drain(rt)
    receipt = Receipt(channel="whatsapp", state=ReceiptState.UNDELIVERED, outbox_id=1, code=code)
    clock.forward(minutes=1)
    assert [settling.confirm(rt, receipt) for _ in range(2)] == [True, False]
    assert found(rt, "status") == status
    assert rows(rt, OutboxRow)[0].failure == failure
    assert rows(rt, Conversation)[0].blocked is blocked


# --- a provider that is down ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "tries", "rounds", "expected"),
    [
        ("retry", 3, 2, ("sms", "queued", "503")),
        ("retry", 3, 3, ("kannel", "sent", "from sms 503")),
        ("config", 3, 1, ("kannel", "sent", "from sms 503")),
        ("uncertain", 1, 3, ("sms", "held", "503")),
        ("rejected", 1, 3, ("sms", "failed", "503")),
    ],
)
def test_a_refused_reply_moves_to_the_second_provider_once(
    runtime: Runtime,
    clock: Clock,
    failure: str,
    tries: int,
    rounds: int,
    expected: tuple[str, str, str],
):
    sms, kannel = Recorder(answer=refuse(failure, "503")), Recorder("kannel")
    rt = opened(runtime, clock, sms, kannel, fallback={"sms": "kannel"}, fallback_attempts=tries)
    add(rt, reply(origin="+6281170800001"))
    for _ in range(rounds):
        drain(rt)
        clock.forward(hours=1)
    assert found(rt, "channel", "status", "code") == [expected]
    assert [item.origin for item in kannel.given] == [""] * (expected[0] == "kannel")


def test_a_reply_that_both_refuse_fails_after_its_tries_and_never_goes_back(
    runtime: Runtime, clock: Clock
):
    sms, kannel = Recorder(answer=refuse("retry", "503")), Recorder("kannel")
    kannel.answer = refuse("retry", "202")
    both = {"sms": "kannel", "kannel": "sms"}
    rt = opened(runtime, clock, sms, kannel, fallback=both)
    add(rt, reply())
    for _ in range(10):
        drain(rt)
        clock.forward(hours=2)
    assert found(rt, "channel", "status", "attempts", "code") == [
        ("kannel", "failed", 6, "from sms 202")
    ]
    assert (len(sms.given), len(kannel.given)) == (3, 3)


@pytest.mark.parametrize(
    ("second", "state", "status"),
    [
        (refuse("retry"), "delivered", "delivered"),
        (refuse("retry"), "undelivered", "queued"),
        (lambda _: None, "undelivered", "sent"),
    ],
    ids=["it is not tried again", "nothing new", "it does not know of the second"],
)
def test_the_first_provider_may_still_say_that_it_went_out(
    runtime: Runtime, clock: Clock, second: Callable[[Outgoing], None], state: str, status: str
):
    kannel = Recorder("kannel", answer=second)
    sms = Recorder(answer=refuse("retry", "503"))
    rt = opened(runtime, clock, sms, kannel, fallback={"sms": "kannel"}, fallback_attempts=1)
    add(rt, reply())
    drain(rt)
    with rt.transaction() as session:
        receipt = Receipt(channel="sms", state=ReceiptState(state), outbox_id=1)
        outbox.confirm(session, receipt)
    assert found(rt, "channel", "status") == [("kannel", status)]


REST = Circuit(sends=4, share=0.75, rest_seconds=10, longest_seconds=30)


@pytest.mark.parametrize(
    ("steps", "rests"),
    [
        ([("bad", 3)], []),
        ([("ok", 1), ("bad", 3)], [10]),
        ([("ok", 2), ("bad", 2)], []),
        ([("bad", 4), ("bad", 1), ("bad", 1), ("bad", 1)], [10, 20, 30, 30]),
        ([("bad", 4), ("ok", 1), ("bad", 2)], [10]),
        ([("bad", 4), ("ok", 1), ("bad", 3)], [10, 10]),
    ],
    ids=str,
)
def test_a_provider_that_refuses_nearly_everything_is_left_in_peace(
    steps: list[tuple[str, int]], rests: list[int]
):
    now = [0.0]
    health = Health(REST, clock=lambda: now[0])
    seen = []
    for kind, count in steps:
        began = now[0]
        if health.note([kind == "bad"] * count):
            assert health.doubtful
            while health.resting:
                now[0] += 1
            seen.append(round(now[0] - began))
    assert seen == rests


def test_a_sick_channel_rests_and_then_tries_a_single_reply(runtime: Runtime, clock: Clock):
    sms = Recorder(answer=refuse("retry", "503"))
    rt = opened(runtime, clock, sms, circuit=REST.model_copy(update={"rest_seconds": 0.5}))
    add(rt, *(reply(number) for number in range(1, 11)))
    drain(rt)
    assert len(sms.given) == 10  # one batch
    clock.forward(minutes=1)
    drain(rt)
    assert len(sms.given) == 10  # it rests
    health = pace_of(rt).health("sms")
    until = clocks.monotonic() + 5
    while health.resting and clocks.monotonic() < until:
        clocks.sleep(0.01)
    drain(rt)
    assert len(sms.given) == 11  # one reply to see whether the provider is back
    assert health.resting


def test_while_a_channel_rests_its_replies_go_by_the_second_provider(
    runtime: Runtime, clock: Clock
):
    sms, kannel = Recorder(answer=refuse("retry", "503")), Recorder("kannel")
    rt = opened(runtime, clock, sms, kannel, fallback={"sms": "kannel"}, circuit=REST, batch=4)
    add(rt, *(reply(number) for number in range(1, 13)))
    drain(rt)
    assert len(sms.given) == 4
    assert sorted(item.id for item in kannel.given) == [5, 6, 7, 8, 9, 10, 11, 12]
    assert found(rt, "channel", "code")[4:] == [("kannel", "from sms")] * 8


# --- killed between any two lines ----------------------------------------------------------------


@contextmanager
def killed_at(rt: Runtime, statement: int) -> Iterator[list[int]]:
    """The process dies before its n-th statement; the list counts those that ran."""
    ran = [0]

    def count(*_: Any) -> None:
        ran[0] += 1
        if ran[0] == statement:
            raise Died

    event.listen(rt.engine, "before_cursor_execute", count)
    try:
        with suppress(Died):
            yield ran
    finally:
        event.remove(rt.engine, "before_cursor_execute", count)


def deaths(rt: Runtime, work: Callable[[], object], state: Callable[[], Any]) -> list[Any]:
    """What there is after a death before each statement, then after none."""
    seen = []
    for statement in range(1, 40):
        with killed_at(rt, statement) as ran:
            work()
        seen.append(state())
        if ran[0] < statement:
            return seen
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize(
    ("channel", "failure", "after"),
    [
        ("whatsapp", "closed", [("whatsapp", "failed"), ("whatsapp", "queued"), ("sms", "queued")]),
        ("whatsapp", "blocked", [("whatsapp", "failed"), ("whatsapp", "cancelled")]),
        ("sms", "retry", [("kannel", "queued"), ("sms", "queued")]),
        ("sms", None, [("sms", "sent"), ("sms", "queued")]),
    ],
)
def test_a_worker_that_dies_while_it_settles_leaves_all_or_nothing(
    runtime: Runtime,
    clock: Clock,
    channel: str,
    failure: str | None,
    after: list[tuple[str, str]],
):
    channels = [Recorder(name) for name in ("sms", "kannel", "whatsapp")]
    way = {"fallback": {"sms": "kannel"}, "fallback_attempts": 1, "sms_channel": "sms"}
    rt = opened(runtime, clock, *channels, **way)
    add(rt, talk(ANA, channel), reply(1, recipient=ANA, channel=channel))
    later = NOON + timedelta(hours=1)
    add(rt, reply(2, recipient=ANA, channel=channel, lane="notice", due_at=later))
    (row,) = deliver.claim(rt, channel, "mine")
    error = SendError(Failure(failure)) if failure else None

    def work() -> None:
        deliver.settle(rt, [deliver.Outcome(row, error=error)], "mine")

    seen = deaths(rt, work, lambda: (found(rt, "channel", "status"), rows(rt, Conversation)))
    before = [(channel, "sending"), (channel, "queued")]
    for state, talks in seen[:-1]:
        assert state == before
        assert not talks[0].blocked
    assert seen[-1][0] == after
    work()  # the same once more
    assert found(rt, "channel", "status") == after


def test_a_worker_that_dies_while_it_claims_has_claimed_all_or_nothing(
    runtime: Runtime, clock: Clock
):
    rt = opened(runtime, clock, Recorder())
    add(rt, talk(ANA, blocked=True), talk(BUDI))
    add(rt, reply(1, recipient=ANA, lane="notice"), reply(2, recipient=BUDI, lane="notice"))
    seen = deaths(rt, lambda: deliver.claim(rt, "sms", "mine"), lambda: found(rt, "status"))
    assert seen == [["queued", "queued"]] * (len(seen) - 1) + [["cancelled", "sending"]]


def test_a_worker_that_dies_while_it_notifies_tells_all_or_nothing(told: Runtime):
    notify(told, "a", text=ONE)
    seen = deaths(
        told,
        lambda: notify(told, "b", kind="answered", text=TWO),
        lambda: found(told, "status", "text"),
    )
    assert all(state == [("queued", ONE)] for state in seen[:-1])
    assert seen[-1] == [("cancelled", ONE), ("queued", f"{ONE}\n{TWO}")]


def test_a_worker_that_dies_while_it_diverts_moves_all_or_nothing(runtime: Runtime, clock: Clock):
    rt = opened(runtime, clock, Recorder(), Recorder("kannel"), fallback={"sms": "kannel"})
    add(rt, reply(1), reply(2))
    seen = deaths(rt, lambda: deliver.divert(rt, "sms"), lambda: found(rt, "channel"))
    assert seen == [["sms", "sms"]] * (len(seen) - 1) + [["kannel", "kannel"]]


def test_a_worker_that_dies_while_it_sends_leaves_the_reply_held_and_never_sent_again(
    runtime: Runtime, clock: Clock
):
    def die(_: Outgoing) -> None:
        raise Died

    sms = Recorder(answer=die)
    rt = opened(runtime, clock, sms, Recorder("kannel"), fallback={"sms": "kannel"})
    add(rt, reply())
    with pytest.raises(Died):
        drain(rt)
    sms.answer = lambda _: None
    clock.forward(hours=2)
    with rt.transaction() as session:
        assert outbox.hold_expired(session, now=clock.now) == 1
    drain(rt)
    assert found(rt, "channel", "status") == [("sms", "held")]
    assert len(sms.given) == 1


# --- cost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "failure", "segments"),
    [(160, None, 1), (161, None, 2), (161, "uncertain", 2), (161, "retry", 0), (161, "blocked", 0)],
)
def test_segments_are_kept_for_what_may_have_gone_out(
    runtime: Runtime, clock: Clock, length: int, failure: str | None, segments: int
):
    sms = Recorder(answer=refuse(failure) if failure else lambda _: None)
    rt = opened(runtime, clock, sms)
    add(rt, reply(text="x" * length))
    drain(rt)
    assert found(rt, "segments") == [segments]


def test_the_choices_in_an_sms_are_paid_for(runtime: Runtime, clock: Clock):
    rt = opened(runtime, clock, Recorder())
    add(rt, reply(text="x" * 155, extra={"buttons": [["a", "Ya"]]}))  # and "\n1. Ya"
    drain(rt)
    assert found(rt, "segments") == [2]


def test_a_reply_that_is_sent_twice_costs_twice(runtime: Runtime, clock: Clock):
    rt = opened(runtime, clock, Recorder())
    add(rt, reply(text="x" * 200))
    drain(rt)
    with rt.transaction() as session:
        outbox.replay(session, [1], now=NOON, again=True)
    drain(rt)
    assert found(rt, "segments") == [4]


@pytest.fixture
def paid(
    runtime: Runtime, environ: dict[str, str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Runtime:
    """Three complaints and what was sent about them, at 250 rupiah a segment."""
    path = write_config(tmp_path / "config.yaml", outbox={"price_per_segment": 250})
    for name, value in {**environ, "LAPOR_CONFIG": str(path)}.items():
        monkeypatch.setenv(name, value)
    complaints(runtime, 3)
    now = datetime.now(UTC)
    sent = {"status": "sent", "sent_at": now, "created_at": now}
    add(
        runtime,
        reply(1, complaint_id=1, segments=2, **sent),
        reply(2, complaint_id=1, segments=1, **sent),
        reply(3, complaint_id=2, segments=1, **sent),
        reply(4, segments=1, **sent),
        reply(5, complaint_id=3, channel="telegram", recipient="77", **sent),
        reply(6, channel="kannel", segments=3, status="held", created_at=now),
        reply(7, complaint_id=2, segments=9, **sent | {"created_at": now - timedelta(days=8)}),
        reply(8, status="failed", created_at=now),
    )
    return runtime


def test_what_replies_cost_by_channel_and_by_complaint(paid: Runtime):
    result = CliRunner().invoke(cli, ["outbox", "cost", "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["channels"] == [
        {"channel": "kannel", "replies": 1, "segments": 3, "cost": 750},
        {"channel": "sms", "replies": 4, "segments": 5, "cost": 1250},
        {"channel": "telegram", "replies": 1, "segments": 0, "cost": 0},
    ]
    assert said["complaints"] == {
        "count": 2,
        "mean": {"segments": 2, "cost": 500},
        "costliest": {"tracking": 1000001, "segments": 3, "cost": 750},
    }


def test_cost_is_printed_for_people_too(paid: Runtime):
    result = CliRunner().invoke(cli, ["outbox", "cost", "--since", "2w"])
    assert "Rp 3.500" in result.output  # 14 segments of SMS
    assert "1000002" in result.output  # the costliest of two weeks
    shown = CliRunner().invoke(cli, ["outbox", "show", "1"])
    assert "Rp 500" in shown.output


def test_show_hides_what_a_reply_says_in_its_extra(paid: Runtime):
    extra = {"variables": ["Siti Rahasia"], "facts": [["answered", "Kata Siti"]]}
    add(paid, reply(9, extra=extra, text="Balasan Siti"))
    assert "Siti" not in CliRunner().invoke(cli, ["outbox", "show", "9"]).output
    shown = CliRunner().invoke(cli, ["outbox", "show", "9", "--json"])
    assert json.loads(shown.output)["extra"] is None


def test_no_price_no_figure(paid: Runtime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LAPOR_CONFIG")
    result = CliRunner().invoke(cli, ["outbox", "cost", "--json"])
    assert json.loads(result.output)["complaints"]["costliest"]["cost"] is None
    assert "Rp" not in CliRunner().invoke(cli, ["outbox", "cost"]).output
