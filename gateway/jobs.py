"""RQ's entry points. A job is a wake-up: it drains what is due, and carries no data."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

import structlog
from sqlmodel import Session

from bots import alarms, following, notices
from bots.desk import Desk
from gateway import queue
from gateway.deliver import drain_outbox
from gateway.digests import send_digests
from gateway.drain import drain_inbox
from gateway.families import relate_new
from gateway.faults import where
from gateway.fetch import drain_attachments
from gateway.night import learn_nightly
from gateway.publish import publish_events
from gateway.queue import Wake
from gateway.relay import relay
from gateway.reports.reporting import refresh_rollups
from gateway.runtime import Runtime
from store import attachments, idempotency, quarantine
from store.models import Lane

log = structlog.get_logger()
ONE = 1  # case in a transaction: whoever holds several locks may wait for who holds others
BUDGET_SECONDS = 60.0  # then a drain makes room and asks for another
_runtime: Runtime | None = None


class JobFailed(Exception):
    """A job ended by an exception; the message says of which type and where."""


def use(runtime: Runtime | None) -> None:
    """Give this process the runtime that its jobs work with."""
    global _runtime
    _runtime = runtime


def runtime() -> Runtime:
    if _runtime is None:
        raise RuntimeError("gateway.jobs needs a runtime before it runs a job")
    return _runtime


def drain_live() -> None:
    _drain_lane(Wake.INTAKE, Lane.LIVE)


def drain_bulk() -> None:
    _drain_lane(Wake.BULK, Lane.BULK)


def _drain_lane(name: Wake, lane: Lane) -> None:
    rt, until = runtime(), time.monotonic() + BUDGET_SECONDS
    with _logged(name) as line:
        queue.answer_wake(rt.redis, name)
        rt.renew_reader()
        line["rows"] = drain_inbox(rt, lane, until=until, settled_some=lambda: _go_on(rt))
        if time.monotonic() >= until:
            queue.wake(rt.redis, name)


def _go_on(rt: Runtime) -> None:
    """Wake those who work on what the intake has just made."""
    queue.wake(rt.redis, Wake.DELIVER)
    with rt.reading() as session:
        files = attachments.due(session, now=rt.now())
    if files:
        queue.wake(rt.redis, Wake.FETCH)


def deliver() -> None:
    rt, until = runtime(), time.monotonic() + BUDGET_SECONDS
    with _logged(Wake.DELIVER) as line:
        queue.answer_wake(rt.redis, Wake.DELIVER)
        line["rows"] = drain_outbox(rt, until=until)
        if time.monotonic() >= until:
            queue.wake(rt.redis, Wake.DELIVER)


def fetch() -> None:
    rt, until = runtime(), time.monotonic() + BUDGET_SECONDS
    with _logged(Wake.FETCH) as line:
        queue.answer_wake(rt.redis, Wake.FETCH)
        line["rows"] = drain_attachments(rt, until=until)
        if time.monotonic() >= until:
            queue.wake(rt.redis, Wake.FETCH)


def relay_missed() -> None:
    with _logged("relay") as line:
        line.update(relay(runtime()))


def trim_quarantine() -> None:
    rt = runtime()
    limits = rt.settings.quarantine
    with _logged("trim_quarantine") as line, rt.transaction() as session:
        line["rows"] = quarantine.trim(
            session, now=rt.now(), max_rows=limits.max_rows, max_days=limits.max_days
        )


def trim_idempotency() -> None:
    """Forget what repeated requests of the API were answered, after the hours of the settings."""
    rt = runtime()
    before = rt.now() - timedelta(hours=rt.settings.api.idempotency_hours)
    with _logged("trim_idempotency") as line, rt.transaction() as session:
        line["rows"] = idempotency.trim(session, before=before)


def close_unanswered() -> None:
    """Close answered complaints whose reporters said nothing for the days of the settings."""
    _in_batches("close_unanswered", notices.close_unanswered, limit=ONE)


def ring_alarms() -> None:
    """Warn before deadlines, and tell the next above when they have passed."""
    _in_batches("ring_alarms", alarms.ring, limit=ONE)


def follow_families() -> None:
    """Tell the members of a family what happened to its head."""
    _in_batches("follow_families", following.follow, limit=ONE)


class _Step(Protocol):
    def __call__(self, session: Session, desk: Desk, /, *, limit: int) -> int: ...


def _in_batches(name: str, step: _Step, *, limit: int = 0) -> None:
    """Small transactions, one after the other, until nothing is left or the time is up."""
    rt, until = runtime(), time.monotonic() + BUDGET_SECONDS
    size = limit or rt.settings.intake.batch
    with _logged(name) as line:
        line["rows"], done = 0, 1
        while done and time.monotonic() < until:
            done = rt.unit(lambda session: step(session, rt.desk(), limit=size))
            line["rows"] += done
        if line["rows"]:
            queue.wake(rt.redis, Wake.DELIVER)


def publish() -> None:
    """Tell officers and programs what happened."""
    rt = runtime()
    with _logged("publish") as line:
        line["rows"] = publish_events(rt, until=time.monotonic() + BUDGET_SECONDS)
        if line["rows"]:
            queue.wake(rt.redis, Wake.DELIVER)


def digest() -> None:
    rt = runtime()
    with _logged("digest") as line:
        line["rows"] = send_digests(rt)
        if line["rows"]:
            queue.wake(rt.redis, Wake.DELIVER)


def relate_complaints() -> None:
    """Compare new complaints with those that may be about the same matter."""
    rt = runtime()
    with _logged("relate_complaints") as line:
        rt.renew_reader()
        line["rows"] = relate_new(rt, until=time.monotonic() + BUDGET_SECONDS)


def learn() -> None:
    """Begin to learn from officers, if it is time; a process of its own does it."""
    with _logged("learn") as line:
        line["rows"] = int(learn_nightly(runtime()) is not None)


def refresh_reports() -> None:
    rt = runtime()
    with _logged("refresh_reports") as line:
        line["rows"] = refresh_rollups(rt, until=time.monotonic() + BUDGET_SECONDS)


@contextmanager
def _logged(job: str) -> Iterator[dict[str, int]]:
    """One line per job; an exception escapes to rq's failed registry, which is the alarm.

    It escapes by type and place only: its text may quote a person, and rq keeps the text in Redis.
    """
    line: dict[str, int] = {}
    began = time.perf_counter()
    try:
        yield line
    except Exception as error:  # noqa: BLE001 - whatever it is, it goes on under another name
        raise JobFailed(where(error)) from None
    finally:
        seconds = round(time.perf_counter() - began, 4)
        log.info("job", job=str(job), seconds=seconds, **line)
