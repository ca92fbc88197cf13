"""A 2xx means that the message is on disk: whatever is away, breaks or is killed meanwhile."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import create_engine, func, text
from sqlmodel import Session, col, select

from gateway import queue
from gateway.accept import Acceptor, Unavailable
from gateway.app import create_app
from gateway.queue import Wake
from gateway.relay import relay
from gateway.runtime import Runtime, build, utc_now
from gateway.settings import load
from gateway.spool import Spool
from parsers.messages import Envelope, Location, Media
from store import inbox
from store.models import Complaint, InboxRow, InboxStatus, OutboxRow, QuarantineRow
from tests.conftest import Outage
from tests.harness import (
    at_once,
    envelope,
    eventually,
    per_sender,
    rows,
    signed,
    sms,
)
from tests.live import Service, write_config
from tests.provider import Hang, Provider

ROAD = "Jalan rusak parah di Kecamatan Coblong Kota Bandung"
ANA = "+6281200000001"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def stored(rt: Runtime) -> list[str]:
    return [row.provider_id for row in rows(rt, InboxRow)]


# --- many at once are written together -----------------------------------------------------------


class Gate:
    """An acceptor whose first write waits until all others have queued up behind it."""

    def __init__(self, rt: Runtime) -> None:
        self.rt, self.groups = rt, 0
        self._open = threading.Event()
        self.acceptor = Acceptor(
            transaction=self.transaction, spool=rt.spool, now=rt.now, ring=lambda: None
        )

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self.groups += 1
        self._open.wait(10)
        with self.rt.transaction() as session:
            yield session

    def accept(self, envelopes: list[Envelope]) -> list[object]:
        """What each of the calls ended with: None, or its exception."""

        def one(number: int) -> object:
            if number == len(envelopes):
                eventually(lambda: len(self.acceptor._waiting) == number - 1, "all queued up")
                self._open.set()
                return None
            try:
                self.acceptor.accept(envelopes[number])
            except BaseException as error:  # noqa: BLE001 - the end of a thread is a result here
                return error
            return None

        return at_once(len(envelopes) + 1, one)[:-1]


def test_messages_of_many_requests_share_a_commit(runtime: Runtime):
    gate = Gate(runtime)
    assert gate.accept([envelope(number) for number in range(12)]) == [None] * 12
    assert gate.groups == 2
    assert len(stored(runtime)) == 12


@pytest.mark.parametrize("threads", [8, 16])
def test_the_same_message_from_many_threads_is_one_row_and_success_for_all(
    runtime: Runtime, threads: int
):
    assert Gate(runtime).accept([envelope(1)] * threads) == [None] * threads
    assert stored(runtime) == ["id-1"]


def test_every_message_of_a_burst_is_there_when_its_call_returns(runtime: Runtime):
    def burst(thread: int) -> bool:
        for number in range(15):
            runtime.accept(envelope(f"{thread}-{number}", sender=f"+6281200{thread:05}"))
            with runtime.reading() as session:
                if inbox.find(session, "sms", f"id-{thread}-{number}") is None:
                    return False
        return True

    assert at_once(8, burst) == [True] * 8
    assert len(stored(runtime)) == 120


@pytest.fixture
def picky(runtime: Runtime) -> Iterator[Runtime]:
    """A database that refuses one text, as one with a limit of its own would."""
    sqlite = runtime.engine.dialect.name == "sqlite"
    add, drop = {
        True: (
            "CREATE TRIGGER picky BEFORE INSERT ON inbox WHEN NEW.text = 'racun' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END",
            "DROP TRIGGER picky",
        ),
        False: (
            "ALTER TABLE inbox ADD CONSTRAINT picky CHECK (text <> 'racun')",
            "ALTER TABLE inbox DROP CONSTRAINT picky",
        ),
    }[sqlite]
    with runtime.engine.begin() as connection:
        connection.execute(text(add))
    yield runtime
    with runtime.engine.begin() as connection:
        connection.execute(text(drop))


def test_one_message_that_cannot_be_stored_harms_no_other_of_its_group(picky: Runtime):
    others = [envelope(number, sender=f"+62812000{number:05}") for number in range(9)]
    gate = Gate(picky)
    assert gate.accept([*others, envelope("racun", text="racun")]) == [None] * 10
    eventually(lambda: len(stored(picky)) == 9, "the others are in")
    (file,) = eventually(picky.spool.damaged, "the one is set aside")
    assert json.loads(file.read_text())["text"] == "racun"
    gate.acceptor.accept(envelope("later"))
    eventually(lambda: "id-later" in stored(picky), "intake goes on")


class Stopped(BaseException):
    """Stands for the end of a thread."""


@pytest.mark.parametrize(("error", "of_followers"), [(KeyError, KeyError), (Stopped, Unavailable)])
def test_nobody_hears_success_when_the_write_failed(
    runtime: Runtime, error: type[BaseException], of_followers: type[BaseException]
):
    """The first writes alone, the second for all others; both are hit."""

    class Failing(Gate):
        @contextmanager
        def transaction(self) -> Iterator[Session]:
            with super().transaction() as session:
                yield session
                if self.groups <= 2:
                    raise error

    results = Failing(runtime).accept([envelope(number) for number in range(8)])
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == sorted([error.__name__] * 2 + [of_followers.__name__] * 6)
    assert stored(runtime) == []


def test_a_commit_that_fails_is_no_success(runtime: Runtime):
    def broken() -> AbstractContextManager[Session]:
        raise Stopped

    acceptor = Acceptor(transaction=broken, spool=runtime.spool, now=runtime.now, ring=lambda: None)
    with pytest.raises(Stopped):
        acceptor.accept(envelope(1))


# --- the database is away ------------------------------------------------------------------------


def test_without_a_database_messages_wait_on_disk_and_are_taken_in_once(outage: Outage):
    rt = outage.rt
    rt.accept(envelope(0))
    outage.away()
    for number in (1, 2, 2, 3):
        rt.accept(envelope(number))
    assert len(rt.spool.files()) == 4
    outage.back()
    eventually(lambda: not rt.spool.files(), "the spool is empty")
    rt.accept(envelope(2))
    assert stored(rt) == ["id-0", "id-1", "id-2", "id-3"]


def test_order_is_kept_when_messages_come_while_the_spool_is_taken_in(outage: Outage):
    rt = outage.rt
    outage.away()
    for number in range(20):
        rt.accept(envelope(number))
    outage.back()
    for number in range(20, 60):
        rt.accept(envelope(number))
    eventually(lambda: not rt.spool.files(), "the spool is empty")
    rt.accept(envelope(60))
    eventually(lambda: len(stored(rt)) == 61, "all are in")
    assert stored(rt) == [f"id-{number}" for number in range(61)]


def test_what_waits_on_disk_is_complete_private_and_synced(
    outage: Outage, monkeypatch: pytest.MonkeyPatch
):
    synced: list[str] = []
    really = os.fsync

    def fsync(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    outage.away()
    sent = envelope(
        1,
        text="Jalan \U0001f6a7 \ud83d rusak\n",
        media=(Media(ref="https://x.example/1", content_type="image/jpeg", size=9, name="a"),),
        location=Location(lat=-6.9, lon=107.6, label="Dago", address="Jl. Contoh"),
        profile_name="Sari",
        message_ref="1:2",
        reply_to="1:1",
        opt_out="STOP",
    )
    outage.rt.accept(sent)
    (file,) = outage.rt.spool.files()
    assert outage.rt.spool.read(file) == ([sent], True)
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert [Path(name).suffix for name in synced] == [".part", ""]
    assert Path(synced[-1]) == file.parent.resolve()


def test_without_database_and_spool_nothing_is_promised(outage: Outage):
    rt = outage.rt
    rt.spool.folder.parent.mkdir(parents=True, exist_ok=True)
    rt.spool.folder.write_text("a file stands where the folder should be")
    outage.away()
    with pytest.raises(Unavailable):
        rt.accept(envelope(1))
    response = create_app(rt).test_client().post("/in/sms", **signed("/in/sms", sms(1, ROAD)))
    assert response.status_code == 503
    outage.back()
    response = create_app(rt).test_client().post("/in/sms", **signed("/in/sms", sms(1, ROAD)))
    assert response.status_code == 200
    assert stored(rt) == ["SM1"]


def test_webhooks_without_a_database(outage: Outage):
    """A message is kept, a receipt is asked for again, a forgery is still refused."""
    http = create_app(outage.rt).test_client()
    outage.away()
    receipt = "/in/sms/receipt/1"
    form = sms(1, "") | {"MessageStatus": "delivered"}
    assert http.post("/in/sms", **signed("/in/sms", sms(1, ROAD))).status_code == 200
    assert http.post(receipt, **signed(receipt, form)).status_code == 503
    assert http.post("/in/sms", data=sms(2, ROAD)).status_code == 403
    outage.back()
    eventually(lambda: stored(outage.rt) == ["SM1"], "the message is in")
    assert rows(outage.rt, QuarantineRow) == []


def damaged_files(spool: Spool) -> dict[str, bytes]:
    """What a failing disk may leave of files that hold one message each."""
    whole = {name: _one_line(spool, name) for name in ("cut", "middle", "blank")}
    return {
        "1-cut": whole["cut"][:-30],
        "2-empty": b"",
        "3-zeros": b"\x00" * 500,
        "4-foreign": b'{"channel": "sms"}\n',
        "5-number": b"17\n",
        "6-middle": whole["middle"] + b"\xff\xfe\n" + _one_line(spool, "after"),
    }


def _one_line(spool: Spool, number: str) -> bytes:
    spool.write([envelope(number, sender=f"+62-{number}")])
    (file,) = spool.files()
    line = file.read_bytes()
    spool.done(file)
    return line


def test_a_damaged_file_stops_no_other_and_is_seen(runtime: Runtime):
    spool = runtime.spool
    for name, content in damaged_files(spool).items():
        (spool.folder / f"{name}.jsonl").write_bytes(content)
    (spool.folder / "0-half.part").write_bytes(b'{"channel": "s')
    spool.write([envelope("good")])
    http = create_app(runtime).test_client()
    eventually(lambda: not spool.files(), "all files are looked at")
    assert sorted(stored(runtime)) == ["id-after", "id-good", "id-middle"]
    assert [path.name[:1] for path in spool.damaged()] == ["1", "2", "3", "4", "5", "6"]
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["spool"].startswith("6 damaged in ")
    runtime.accept(envelope("later"))
    assert "id-later" in stored(runtime)


def test_a_new_process_takes_in_what_the_last_one_left(outage: Outage):
    outage.away()
    outage.rt.accept(envelope(1))
    left = outage.rt.spool.files()
    outage.back()
    heir = build(outage.rt.settings)
    create_app(heir)
    eventually(lambda: stored(heir) == ["id-1"], "taken in without a new message")
    eventually(lambda: not left[0].exists(), "the file is gone")
    heir.close()


def test_two_processes_take_in_one_spool_once(runtime: Runtime):
    for number in range(30):
        runtime.spool.write([envelope(number), envelope(f"{number}b")])
    others = [build(runtime.settings) for _ in range(3)]
    at_once(3, lambda number: others[number].watch_spool())
    eventually(lambda: not runtime.spool.files(), "the spool is empty")
    eventually(lambda: len(stored(runtime)) == 60, "all are in")
    assert runtime.spool.damaged() == []
    for other in others:
        other.close()


def limited(tmp_path: Path, environ: dict[str, str], **database: Any) -> Runtime:
    path = write_config(tmp_path / "limited.yaml", database={"busy_timeout_seconds": 2, **database})
    return build(load(path, environ))


@POSTGRESQL
def test_a_database_that_never_answers_is_waited_for_once(environ: dict[str, str], tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        port = silent.getsockname()[1]
        environ["DATABASE_URL"] = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        rt = limited(tmp_path, environ)
        returned = threading.Event()

        def accept() -> None:
            for number in range(20):
                rt.accept(envelope(number))
            returned.set()

        threading.Thread(target=accept, daemon=True).start()
        assert returned.wait(15), "every message waited for the database"
        assert len(rt.spool.files()) == 20
        rt.close()


@SQLITE
def test_a_database_that_stays_locked_is_not_waited_for_too_long(
    environ: dict[str, str], tmp_path: Path
):
    rt = limited(tmp_path, environ, busy_timeout_seconds=0.1)
    other = create_engine(environ["DATABASE_URL"], isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        rt.accept(envelope(1))
        assert len(rt.spool.files()) == 1
        connection.exec_driver_sql("COMMIT")
    eventually(lambda: stored(rt) == ["id-1"], "it is in")
    other.dispose()
    rt.close()


# --- processes are killed ------------------------------------------------------------------------


def post(
    service: Service, number: int | str, words: str = ROAD, *, sender: str = ANA
) -> int | None:
    request = signed("/in/sms", sms(number, words, sender=sender))
    return service.post("/in/sms", request["data"], request["headers"])


@pytest.mark.parametrize("threads", [8, 16])
@SQLITE
def test_the_same_webhook_from_many_clients_is_one_row_over_real_http(
    service: Service, runtime: Runtime, threads: int
):
    service.start("web")
    service.wait_web()
    assert at_once(threads, lambda _: post(service, 1)) == [200] * threads
    assert stored(runtime) == ["SM1"]


def test_every_message_that_was_answered_survives_a_killed_web_process(
    service: Service, runtime: Runtime
):
    service.start("web")
    service.wait_web()
    acknowledged: list[str] = []
    unanswered: list[str] = []

    def client(thread: int) -> None:
        for number in range(10_000):
            name = f"{thread}-{number}"
            if post(service, name, sender=f"+6281200{thread:05}") != 200:
                unanswered.append(name)
                return
            acknowledged.append(name)

    def killer(_: int) -> None:
        eventually(lambda: len(acknowledged) > 100, "a burst is under way")
        service.kill("web")

    at_once(7, lambda number: killer(number) if number == 6 else client(number))
    assert len(unanswered) == 6
    kept = set(stored(runtime))
    assert {f"SM{name}" for name in acknowledged} <= kept

    service.start("web")
    service.wait_web()
    assert [post(service, name) for name in unanswered] == [200] * 6  # the provider repeats itself
    everything = sorted(f"SM{name}" for name in acknowledged + unanswered)
    assert sorted(stored(runtime)) == everything


def done(rt: Runtime) -> int:
    with rt.reading() as session:
        statement = select(func.count()).where(col(InboxRow.status) == InboxStatus.DONE)
        return session.exec(statement).one()


def test_a_killed_intake_worker_loses_nothing_and_does_nothing_twice(
    service: Service, runtime: Runtime
):
    matters = (ROAD, "BPJS saya tidak aktif padahal bayar terus", "Sampah menumpuk di Kota Cimahi")
    messages = [
        envelope(f"{who}-{n}", sender=f"+62812000{who:05}", text=text)
        for n, text in enumerate(matters)
        for who in range(200)
    ]
    with runtime.transaction() as session:
        inbox.record(session, messages, now=runtime.now())
    for _ in range(2):
        before = done(runtime)
        service.start("intake")
        relay(runtime)
        eventually(lambda before=before: done(runtime) > before + 20, "the worker works")
        service.kill("intake")
        assert done(runtime) < len(messages), "the worker was killed too late to matter"
    service.start("intake")
    eventually(
        lambda: relay(runtime) and done(runtime) == len(messages), "all are done", seconds=40
    )

    complaints = [(row.conversation_id, row.inbox_id) for row in rows(runtime, Complaint)]
    assert len(complaints) == len(messages)
    replies = [(row.recipient, row.inbox_id) for row in rows(runtime, OutboxRow)]
    assert len(replies) == len(messages)
    for ids in per_sender(replies).values():
        assert ids == sorted(ids)


@SQLITE
def test_a_deliver_worker_killed_while_the_provider_hangs_does_not_send_again(
    service: Service, runtime: Runtime, provider: Provider
):
    def reply(number: int) -> OutboxRow:
        return OutboxRow(
            dedupe=f"reply-{number}",
            kind="received",
            channel="sms",
            recipient=f"+62812000{number:05}",
            text=f"nomor {number}",
            due_at=utc_now(),
            created_at=utc_now(),
        )

    def sent() -> list[str]:
        return [request.form["Body"] for request in provider.requests]

    def statuses() -> list[str]:
        return [row.status for row in rows(runtime, OutboxRow)]

    provider.script(Hang())
    with runtime.transaction() as session:
        session.add(reply(1))
    service.start("deliver")
    relay(runtime)
    eventually(lambda: sent() == ["nomor 1"], "the provider has the request")
    service.kill("deliver")
    assert statuses() == ["sending"]
    eventually(lambda: relay(runtime) and statuses() == ["held"], "the reply is held")

    service.start("deliver")
    with runtime.transaction() as session:
        session.add(reply(2))
    eventually(lambda: relay(runtime) and statuses() == ["held", "sent"], "the next is sent")
    for _ in range(3):
        queue.wake(runtime.redis, Wake.DELIVER)
        eventually(
            lambda: Queue("deliver", connection=runtime.redis).is_empty(), "the job is taken"
        )
    assert sent() == ["nomor 1", "nomor 2"]


@SQLITE
def test_logs_metrics_and_queue_name_nobody(
    service: Service, runtime: Runtime, provider: Provider, redis_url: str
):
    """The whole way through real processes, then everything they said is searched."""
    words = "Jalan rusak di depan rumah Hariyanto, Kecamatan Coblong Kota Bandung"
    service.start("web", "intake", "deliver")
    service.wait_web()
    number = "+6281200077231"
    assert post(service, 1, words, sender=number) == 200
    assert service.post("/in/sms", b"Body=Hariyanto&From=%2B6281200077231", {}) == 403
    request = signed("/in/sms", {"AccountSid": "AC" + "0" * 32, "Body": words, "To": number})
    assert service.post("/in/sms", request["data"], request["headers"]) == 400
    eventually(lambda: len(provider.requests) == 1, "the reply is sent")
    eventually(lambda: [row.status for row in rows(runtime, OutboxRow)] == ["sent"], "settled")
    (complaint,) = rows(runtime, Complaint)

    said = service.log()
    assert said.count('"rule": "/in/<channel>"') == 3
    assert '"job": "intake"' in said
    with Redis.from_url(redis_url) as redis:
        kept = "".join(f"{key}{redis.dump(key)!r}" for key in redis.keys("*"))
    said += kept
    for private in (number.strip("+"), "Hariyanto", "Coblong", str(complaint.tracking), "SM1"):
        assert private not in said


@pytest.mark.xdist_group("live")
def test_everything_that_make_run_starts_works_together(live_url: str, tmp_path: Path):
    service = Service({}, tmp_path)
    service.url = live_url
    phone = {"channel": "whatsapp", "sender": "+6281200099001"}
    headers = {"Content-Type": "application/json"}
    assert (
        service.post("/simulator/send", json.dumps(phone | {"text": ROAD}).encode(), headers) == 202
    )
    assert service.get("/readyz") == 200
    assert service.get("/metrics") == 200
