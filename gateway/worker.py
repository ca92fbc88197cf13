"""`python -m gateway.worker QUEUE`: one RQ worker on one queue, which it never leaves for long."""

import gc
import signal
import sys
from types import FrameType

import structlog
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from sqlalchemy.exc import SQLAlchemyError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from gateway import jobs, logs
from gateway.queue import BACKGROUND, PERIODIC, Wake
from gateway.runtime import Runtime, open_runtime
from gateway.settings import load
from store.db import schema_is_current

log = structlog.get_logger()


class NotReady(Exception):
    """Something the worker needs is away; it waits."""


def main(name: str) -> None:
    """Work until told to stop. A database or queue that is away is waited for, aloud."""
    logs.configure()
    with open_runtime(load()) as rt:
        jobs.use(rt)
        if name in (Wake.INTAKE, Wake.BULK):
            _ = rt.reader.understander  # a second now, not while the first citizen waits
            gc.freeze()  # a million words stay for ever: the collector need not visit them again
        for attempt in patiently():
            with attempt:
                ready(rt)
                work(rt, name)


def patiently() -> Retrying:
    """Try for ever: after 1, 2, 4, ... at most 30 seconds, saying each time why."""
    return Retrying(
        retry=retry_if_exception_type((RedisError, SQLAlchemyError, NotReady)),
        wait=wait_exponential(multiplier=1, max=30),
        before_sleep=_say,
    )


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    seconds = state.next_action.sleep if state.next_action else 0
    reason = str(error) if isinstance(error, NotReady) else type(error).__name__
    log.warning("waiting", reason=reason, again_in_seconds=seconds)


def ready(rt: Runtime) -> None:
    """Raise what is missing: queue, database, or its schema."""
    rt.redis.ping()
    if not schema_is_current(rt.engine):
        raise NotReady("the database has not the schema of this release; run `lapor migrate`")


def work(rt: Runtime, name: str) -> None:
    """One RQ worker; a job runs in this process: forking costs seven times as much."""
    queue = Queue(name, connection=rt.redis)
    worker = SimpleWorker([queue], connection=rt.redis)
    worker.work(logging_level="CRITICAL")  # gateway.jobs says what failed, without its text


def stop_at_once(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop_at_once)  # until RQ's own handlers take over
    queues = [*Wake, PERIODIC, BACKGROUND]
    if len(sys.argv) != 2 or sys.argv[1] not in queues:
        sys.exit(f"Usage: python -m gateway.worker {'|'.join(queues)}")
    main(sys.argv[1])
