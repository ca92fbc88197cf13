"""Notices: quiet hours, what is of no use any more, and several told as one."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from gateway import deliver
from gateway.runtime import Runtime
from gateway.settings import ConfigError, load
from store import outbox
from store.lanes import Terms
from store.models import OutboxRow
from store.notice_rules import Quiet
from tests.harness import NOON, Clock, at_once, rows
from tests.live import write_config
from tests.sending import (
    ANA,
    BUDI,
    LIFE,
    MORNING,
    NIGHT,
    ONE,
    PATIENT,
    THREE,
    TWO,
    WIB,
    Recorder,
    add,
    complaints,
    drain,
    found,
    notify,
    opened,
    refuse,
    reply,
    take,
    talk,
)

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
