"""The delivery job: tried again, held, never sent twice when we do not know."""

import dataclasses
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from gateway import jobs
from tests.harness import Gateway, at_once, sms
from tests.messages import MESSAGES, last_reply, reply, waiting_jobs
from tests.provider import Answer, Close, Provider, refusal


def test_a_refused_reply_is_tried_again_with_doubled_waits_and_fails_at_last(
    connected: Gateway, provider: Provider
):
    provider.routes["POST", MESSAGES] = Answer(503)
    reply(connected)
    for number, wait in enumerate((5, 10, 20, 40, 80), start=1):
        jobs.deliver()
        row = last_reply(connected)
        assert (row.status, row.attempts) == ("queued", number)
        assert row.due_at == connected.clock.now + timedelta(seconds=wait)
        connected.clock.forward(seconds=wait - 0.001)
        jobs.deliver()
        connected.clock.forward(seconds=0.001)
    jobs.deliver()
    row = last_reply(connected)
    assert (row.status, row.failure, row.attempts) == ("failed", "retry", 6)
    connected.clock.forward(days=1)
    connected.work()
    assert len(provider.requests) == 6


def test_a_provider_that_says_when_is_obeyed(connected: Gateway, provider: Provider):
    provider.script(refusal(429, 20429, Retry_After="120"))
    reply(connected)
    jobs.deliver()
    assert last_reply(connected).due_at == connected.clock.now + timedelta(seconds=120)
    connected.clock.forward(seconds=119)
    jobs.relay_missed()
    connected.run_jobs()
    assert len(provider.requests) == 1
    connected.clock.forward(seconds=1)
    jobs.relay_missed()
    connected.run_jobs()
    assert last_reply(connected).status == "sent"


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [(21211, "failed", "rejected"), (21610, "failed", "blocked"), (21606, "failed", "config")],
)
def test_a_reply_that_cannot_be_sent_is_not_tried_again(
    connected: Gateway, provider: Provider, code: int, status: str, failure: str
):
    provider.script(refusal(400, code))
    reply(connected)
    connected.work()
    row = last_reply(connected)
    assert (row.status, row.failure, row.code) == (status, failure, str(code))
    connected.clock.forward(days=1)
    connected.work()
    assert len(provider.requests) == 1


def test_a_reply_whose_answer_was_lost_is_held_until_a_receipt_names_our_row(
    connected: Gateway, provider: Provider
):
    provider.script(Close())
    reply(connected)
    for _ in range(5):
        connected.work()
        connected.clock.forward(hours=1)
    row = last_reply(connected)
    assert (row.status, row.failure, row.provider_id) == ("held", "uncertain", "")
    assert len(provider.requests) == 1

    callback = provider.requests[0].form["StatusCallback"]
    path = callback.removeprefix("https://1708.example")
    form = sms("ignored", "") | {"MessageSid": "SM77", "MessageStatus": "delivered"}
    for status in ("delivered", "sent"):  # the second comes late and says less
        response = connected.post_sms(form | {"MessageStatus": status}, path)
        assert response.status_code == 200
    row = last_reply(connected)
    assert (row.status, row.provider_id) == ("delivered", "SM77")
    connected.work()
    assert len(provider.requests) == 1


def test_a_drain_that_crashes_between_provider_and_database_sends_nothing_twice(
    connected: Gateway, provider: Provider
):
    """The worker dies after the provider took the reply, before that is written down."""
    reply(connected)

    provider.routes["POST", MESSAGES] = Answer(201, '{"sid": "SM1"}')
    dying = dataclasses.replace(
        connected.rt, adapters={"sms": Crashing(connected.rt.adapters["sms"], Dies)}
    )
    jobs.use(dying)
    with pytest.raises(Dies):
        jobs.deliver()
    jobs.use(connected.rt)
    assert last_reply(connected).status == "sending"
    for _ in range(4):
        connected.clock.forward(seconds=61)
        connected.work()
    assert last_reply(connected).status == "held"
    assert len(provider.requests) == 1


class Dies(BaseException):
    """Stands for the end of the process."""


class Crashing:
    """A real adapter in a process that dies right after the send."""

    def __init__(self, adapter: Any, error: type[BaseException]) -> None:
        self._adapter, self._error = adapter, error

    def send(self, outgoing: Any) -> str:
        self._adapter.send(outgoing)
        raise self._error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)


def test_an_adapter_with_a_bug_does_not_make_a_second_send(connected: Gateway, provider: Provider):
    reply(connected)
    jobs.use(
        dataclasses.replace(
            connected.rt, adapters={"sms": Crashing(connected.rt.adapters["sms"], KeyError)}
        )
    )
    jobs.deliver()
    jobs.deliver()
    row = last_reply(connected)
    assert (row.status, row.failure, row.code) == ("held", "uncertain", "KeyError")
    assert len(provider.requests) == 1


def test_replies_of_one_person_leave_in_order_whatever_happens(
    connected: Gateway, provider: Provider
):
    for number in range(1, 5):
        reply(connected, number, text=f"nomor {number}")
    provider.script(Answer(503), Answer(201, '{"sid": "SM1"}'), Answer(503))
    for _ in range(6):
        at_once(3, lambda _: jobs.deliver())
        connected.clock.forward(minutes=10)
    bodies = [request.form["Body"] for request in provider.requests]
    assert list(dict.fromkeys(bodies)) == ["nomor 1", "nomor 2", "nomor 3", "nomor 4"]
    assert [status for status, _ in connected.outbox()] == ["sent"] * 4
    assert len(bodies) == 6


def test_a_reply_that_waits_behind_another_spins_no_worker(connected: Gateway, provider: Provider):
    provider.routes["POST", MESSAGES] = Answer(503)
    reply(connected, 1)
    reply(connected, 2)
    began = monotonic()
    jobs.deliver()
    jobs.deliver()
    assert monotonic() - began < 10  # its budget is a minute
    assert len(provider.requests) == 1
    assert waiting_jobs(connected.rt, "deliver") == []


def test_a_channel_that_does_not_answer_delays_no_other(connected: Gateway, provider: Provider):
    provider.routes["POST", MESSAGES] = Answer(503)
    reply(connected, 1)
    reply(connected, 2, channel="kannel")
    jobs.deliver()
    assert [status for status, _ in connected.outbox()] == ["queued", "sent"]
