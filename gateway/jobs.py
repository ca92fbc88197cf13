"""RQ's entry points. A job is a wake-up: it drains what is due, and carries no data."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bots import notices
from gateway import queue
from gateway.deliver import drain_outbox
from gateway.drain import drain_inbox
from gateway.fetch import drain_attachments
from gateway.logs import where
from gateway.queue import Wake
from gateway.relay import relay
from gateway.runtime import Runtime
from store import attachments, quarantine
from store.models import Lane

log = structlog.get_logger()
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


def close_unanswered() -> None:
    """Close answered complaints whose reporters said nothing for the days of the settings."""
    rt, until = runtime(), time.monotonic() + BUDGET_SECONDS
    with _logged("close_unanswered") as line:
        line["rows"], closed = 0, 1
        while closed and time.monotonic() < until:
            with rt.transaction() as session:
                closed = notices.close_unanswered(
                    session, rt.policy, now=rt.now(), limit=rt.settings.intake.batch
                )
            line["rows"] += closed


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
