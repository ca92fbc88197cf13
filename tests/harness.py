"""What tests of the service share: a clock, the service in one process, threads, a wire to cut."""

import base64
import csv
import dataclasses
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
from click.testing import Result
from flask.testing import FlaskClient
from rq import Queue, SimpleWorker
from sqlmodel import Session, SQLModel, select
from werkzeug.test import TestResponse

from bots.reader import Reader
from gateway import jobs, queue
from gateway.app import create_app
from gateway.queue import BACKGROUND, PERIODIC, Wake
from gateway.runtime import Runtime
from parsers.messages import Envelope
from parsers.understanding import Understanding
from store import inbox
from store.catalogue import DEFAULT
from store.models import OutboxRow

T = TypeVar("T")
Lapor = Callable[..., Result]  # the command line in this process
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # one is enough
NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # a Friday, 12:00 WIB
PUBLIC_URL = "https://1708.example"
TWILIO_SID = "AC" + "0" * 32
TWILIO_TOKEN = "twilio-token-of-the-tests"


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


def envelope(number: int | str = 1, *, sender: str = "+6281200000001", **more: Any) -> Envelope:
    """One verified message; `number` becomes the provider's id."""
    values = {"channel": "sms", "text": f"pesan {number}", "received_at": NOON} | more
    return Envelope(provider_id=f"id-{number}", sender=sender, **values)


def eventually(check: Callable[[], T], what: str, *, seconds: float = 20, every: float = 0.01) -> T:
    """The first true value of `check`; a failure that says what never came."""
    until = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(every)
    return value


def some_examples(path: Path, *, every: int) -> Path:
    """A file of every so many of the examples that are shipped."""
    with (DEFAULT / "examples.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows[::every]])
    return path


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Call `work` in so many real threads that start together; its values in order."""
    barrier = threading.Barrier(count)

    def run(number: int) -> T:
        barrier.wait(10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


class BurstWorker(SimpleWorker):
    """RQ's worker without what it tells others of itself: half a second, and half of its calls."""

    def subscribe(self) -> None:
        pass

    def unsubscribe(self) -> None:
        pass

    def heartbeat(self, timeout: int | None = None, pipeline: object = None) -> None:
        pass

    def run_maintenance_tasks(self) -> None:
        pass


@dataclass
class Gateway:
    """The whole service in one process: every webhook comes twice, every job runs twice."""

    rt: Runtime
    clock: Clock
    told: list[str] = field(default_factory=list)

    @cached_property
    def http(self) -> FlaskClient:
        return create_app(self.rt).test_client()

    def say(self, words: str, *, sender: str = "+6281200000001", **more: Any) -> list[str]:
        """One message of a citizen on the console; returns the new replies."""
        number = more.pop("id", None) or f"test-{self.clock.now.timestamp()}-{len(self.told)}"
        channel = more.pop("channel", "sms")
        heard = Envelope(
            channel=channel,
            provider_id=number,
            sender=sender,
            text=words,
            received_at=self.clock.now,
            **more,
        )
        self.rt.accept(heard)
        self.rt.accept(heard)
        self.work()
        self.clock.forward(seconds=5)
        self.told.append(number)
        return self.replies(channel, number)

    def replies(self, channel: str, provider_id: str) -> list[str]:
        with self.rt.reading() as session:
            row = inbox.find(session, channel, provider_id)
            assert row is not None
            return [reply.text for reply in inbox.answers(session, row.key)]

    def work(self) -> None:
        """Run every job, then run every job again: RQ promises at least once."""
        for name in Wake:
            queue.wake(self.rt.redis, name)
        self.run_jobs()
        for again in (jobs.drain_live, jobs.drain_bulk, jobs.deliver, jobs.relay_missed):
            again()

    def run_jobs(self) -> None:
        """What the workers of the Procfile do until nothing is queued any more."""
        queues = [Queue(name, connection=self.rt.redis) for name in (*Wake, PERIODIC, BACKGROUND)]
        BurstWorker(queues, connection=self.rt.redis).work(burst=True, logging_level="ERROR")
        failed = sum(each.failed_job_registry.count for each in queues)
        assert failed == 0, "a job failed"

    def rows(self, table: type[SQLModel]) -> list[Any]:
        return rows(self.rt, table)

    def outbox(self) -> list[tuple[str, str]]:
        return [(row.status, row.kind) for row in self.rows(OutboxRow)]

    def post_sms(self, form: Mapping[str, str], path: str = "/in/sms") -> TestResponse:
        """A genuine webhook of Twilio."""
        return self.http.post(path, **signed(path, form))


def rows(rt: Runtime, table: type[SQLModel]) -> list[Any]:
    with Session(rt.engine) as session:
        return list(session.exec(select(table).order_by(table.id)).all())  # type: ignore[attr-defined]


def signed(path: str, form: Mapping[str, str], *, token: str = TWILIO_TOKEN) -> dict[str, Any]:
    """Body and headers of Twilio's request, signed after its own description."""
    text = PUBLIC_URL + path + "".join(name + form[name] for name in sorted(form))
    proof = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return {
        "data": urlencode(form).encode(),
        "headers": {
            "X-Twilio-Signature": base64.b64encode(proof).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        },
    }


def sms(number: int | str, text: str, *, sender: str = "+6281200000001") -> dict[str, str]:
    """The form of an inbound SMS as Twilio posts it."""
    return {
        "MessageSid": f"SM{number}",
        "AccountSid": TWILIO_SID,
        "From": sender,
        "To": "+6281170800001",
        "Body": text,
        "NumMedia": "0",
        "NumSegments": "1",
    }


@dataclass
class Hooked:
    """The real reader, with something of the test's own done before each text is read."""

    reader: Reader
    before: Callable[[str], object]

    def understand(self, text: str, **more: Any) -> Understanding:
        self.before(text)
        return self.reader.understand(text, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)


def hook(rt: Runtime, before: Callable[[str], object]) -> None:
    vars(rt)["reader"] = Hooked(rt.reader, before)


class Wire:
    """A cable to a real server that a test may cut and mend."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self._target = target  # host and port, or the path of a Unix socket
        self._port = 0
        self._open: list[socket.socket] = []
        self.mend()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._take, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Connections end now, new ones are refused."""
        for end in (self._listener, *self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _take(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = self._connect()
                self._open += (near, far)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target)
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._target)
        return far


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def per_sender(found: Sequence[tuple[str, Any]]) -> dict[str, list[Any]]:
    """Values by sender, each list in the order in which it came."""
    grouped: dict[str, list[Any]] = {}
    for sender, value in found:
        grouped.setdefault(sender, []).append(value)
    return grouped


def tuned(rt: Runtime, **sections: Mapping[str, Any]) -> Runtime:
    """The same process with other settings: `tuned(rt, intake={"batch": 3})`."""
    settings = rt.settings
    changed = {
        name: getattr(settings, name).model_copy(update=values) for name, values in sections.items()
    }
    other = dataclasses.replace(rt, settings=settings.model_copy(update=changed))
    vars(other)["reader"] = rt.reader
    return other
