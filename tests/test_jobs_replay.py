"""Replay: nothing that went out is repeated, unless that is asked for."""

import dataclasses
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bots.hearing import Heard
from bots.intake import process
from gateway import jobs
from gateway.runtime import Runtime
from parsers.understanding import Understanding
from store import inbox, outbox
from store.models import Complaint, Disposition, Event, OutboxRow
from tests.harness import Gateway, at_once
from tests.messages import ROAD, keys, last_reply, replay, sent_texts
from tests.provider import Provider


def settle_all(gateway: Gateway, status: str) -> None:
    with gateway.rt.transaction() as session:
        session.exec(update(OutboxRow).values(status=status))


@pytest.mark.parametrize(
    ("status", "after"),
    [("sent", "sent"), ("delivered", "delivered"), ("held", "held"), ("failed", "sent")],
)
def test_a_replay_repeats_only_what_never_went_out(gateway: Gateway, status: str, after: str):
    (answer,) = gateway.say(ROAD)
    settle_all(gateway, status)
    went_out = last_reply(gateway).sent_at
    for _ in range(2):
        assert replay(gateway, [1]) == [1]
        gateway.clock.forward(seconds=5)
    (complaint,) = gateway.rows(Complaint)
    assert str(complaint.tracking) in answer
    assert gateway.outbox() == [(after, "received")]
    assert last_reply(gateway).text == answer
    assert (last_reply(gateway).sent_at == went_out) is (status != "failed")
    assert len(gateway.rows(Disposition)) == 1


def test_a_replay_with_again_answers_once_more_about_the_same_complaint(gateway: Gateway):
    (answer,) = gateway.say(ROAD)
    replay(gateway, [1], again=True)
    assert [row.text for row in gateway.rows(OutboxRow)] == [answer, answer]
    assert gateway.outbox() == [("sent", "received")] * 2
    assert len(gateway.rows(Complaint)) == 1


def test_a_replay_of_a_message_that_was_handled_does_nothing_to_complaints(gateway: Gateway):
    """A correction, an answer, a word more: each has had its effect."""
    gateway.say("Jalan rusak parah")  # asks where
    gateway.say("Coblong, Kota Bandung")
    (first,) = gateway.rows(Complaint)
    gateway.say(f"BALAS {first.tracking} masih rusak")
    gateway.say("BATAL")
    gateway.say("Sampah menumpuk di Kecamatan Coblong Kota Bandung")
    before = [(row.status, row.updated_at) for row in gateway.rows(Complaint)]
    events, told = len(gateway.rows(Event)), sent_texts(gateway)
    assert [status for status, _ in before] == ["withdrawn", "disposed"]
    assert replay(gateway, keys(gateway)[1:4]) == keys(gateway)[1:4]
    assert [(row.status, row.updated_at) for row in gateway.rows(Complaint)] == before
    assert len(gateway.rows(Event)) == events
    assert sent_texts(gateway) == told


def test_a_handled_message_may_be_answered_again(gateway: Gateway):
    gateway.say(ROAD)
    (answer,) = gateway.say("STATUS")
    replay(gateway, keys(gateway)[1:], again=True)
    assert gateway.replies("sms", gateway.told[1]) == [answer, answer]


def test_a_complaint_in_triage_is_matched_again_and_told_so_once(gateway: Gateway):
    healthy = gateway.rt.reader
    vars(gateway.rt)["reader"] = Blind(gateway.rt)
    gateway.say(ROAD)
    (complaint,) = gateway.rows(Complaint)
    assert (complaint.status, complaint.agency) == ("triage", None)
    vars(gateway.rt)["reader"] = healthy
    for _ in range(3):
        replay(gateway, [1])
    (after,) = gateway.rows(Complaint)
    assert (after.status, after.agency) == ("disposed", "DINAS_PUPR@32.73")
    assert after.tracking == complaint.tracking
    assert gateway.outbox() == [("sent", "received"), ("sent", "placed")]


class Blind:
    """The real reader before a correction: it sees no agency."""

    def __init__(self, rt: Runtime) -> None:
        self._reader = rt.reader

    def understand(self, text: str, **more: Any) -> Understanding:
        seen = self._reader.understand(text, **more)
        return dataclasses.replace(seen, categories=(), agencies=())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


def test_two_operators_at_once_resend_a_failed_reply_once(connected: Gateway, provider: Provider):
    """One replays the message, one the reply; the reply leaves while the first still works."""
    connected.say(ROAD)
    settle_all(connected, "failed")
    rt, now = connected.rt, connected.clock.now
    with rt.transaction() as session:
        inbox.replay(session, [1], now=now, again=False)
        (row,) = inbox.claim(
            session, lane="bulk", token="a", now=now, lease=timedelta(seconds=30), limit=1
        )
    decided, sent = threading.Event(), threading.Event()
    seen = rt.reader.understand(row.text)
    vars(rt)["reader"] = Pausing(rt.reader, decided, sent)

    def resend(number: int) -> None:
        if number == 0:
            with rt.transaction() as session:
                process(session, [Heard(row, seen)], token="a", desk=rt.desk())
            return
        decided.wait(10)
        with rt.transaction() as session:
            outbox.replay(session, [1], now=now, again=False)
        jobs.deliver()
        sent.set()

    at_once(2, resend)
    jobs.deliver()
    assert last_reply(connected).status == "sent"
    assert len(provider.requests) == 2  # at first, and once more


class Pausing:
    """The real reader; while a message is routed, another thread may go on."""

    def __init__(self, reader: Any, decided: threading.Event, sent: threading.Event) -> None:
        self._reader, self._decided, self._sent = reader, decided, sent

    def local(self, seen: Understanding) -> bool:
        self._decided.set()
        self._sent.wait(1)  # in vain: the reply is locked
        return bool(self._reader.local(seen))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)
