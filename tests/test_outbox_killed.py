"""A worker that is killed between any two lines sends nothing twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from gateway import deliver
from gateway.channels.base import SendError
from gateway.runtime import Runtime
from parsers.messages import Failure, Outgoing
from store import outbox
from store.models import Conversation
from tests.harness import NOON, Clock, rows
from tests.sending import (
    ANA,
    BUDI,
    ONE,
    TWO,
    Died,
    Recorder,
    add,
    complaints,
    drain,
    found,
    notify,
    opened,
    reply,
    talk,
)


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


def test_a_worker_that_dies_while_it_notifies_tells_all_or_nothing(runtime: Runtime):
    complaints(runtime)
    add(runtime, talk(ANA))
    notify(runtime, "a", text=ONE)
    seen = deaths(
        runtime,
        lambda: notify(runtime, "b", kind="answered", text=TWO),
        lambda: found(runtime, "status", "text"),
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
