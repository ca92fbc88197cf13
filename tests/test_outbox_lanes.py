"""Which reply goes when, at what pace, and what it costs; on both databases."""

import json
import time as clocks
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event

from gateway.cli import cli
from gateway.pace import Rates, pace_of
from gateway.queue import connect
from gateway.runtime import Runtime
from gateway.settings import Rate
from parsers.messages import Button, Outgoing
from store import outbox
from store.lanes import Next
from store.models import OutboxLane
from tests.harness import NOON, Clock, at_once
from tests.live import free_port, write_config
from tests.sending import (
    ANA,
    BUDI,
    MORNING,
    Recorder,
    add,
    complaints,
    drain,
    found,
    opened,
    refuse,
    reply,
    take,
    talk,
)

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
