"""Waking workers. The queue carries no rows: a job drains whatever is due."""

import threading
from collections.abc import Callable
from enum import StrEnum

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue

log = structlog.get_logger()
JOB_SECONDS = 300  # a drain stops long before; more means it hangs
PAUSE_SECONDS = 1.0
FAILED_SECONDS = 7 * 86400  # failed jobs are the alarm: rq keeps them this long
FLAG_SECONDS = 10  # a flag left by a process that died between the two steps is gone after this


class Wake(StrEnum):
    """The queues, each with a worker of its own and one job that drains it."""

    INTAKE = "intake"
    BULK = "bulk"
    DELIVER = "deliver"
    FETCH = "fetch"


PERIODIC = "periodic"  # short work at short intervals
BACKGROUND = "background"  # what may take its time: comparing, reports, learning
JOBS = {
    Wake.INTAKE: "drain_live",
    Wake.BULK: "drain_bulk",
    Wake.DELIVER: "deliver",
    Wake.FETCH: "fetch",
}


def connect(url: str, timeout: float) -> "Redis":
    return Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)


def wake(redis: "Redis", name: Wake) -> bool:
    """Ask for a drain unless one is waiting already; False if the queue cannot be reached.

    The drain takes the flag away before it looks, so a row committed before this call is seen.
    """
    try:
        if redis.set(_flag(name), 1, nx=True, ex=FLAG_SECONDS):
            queue = Queue(name, connection=redis)
            queue.enqueue(
                f"gateway.jobs.{JOBS[name]}",
                job_timeout=JOB_SECONDS,
                result_ttl=0,
                failure_ttl=FAILED_SECONDS,
            )
    except RedisError as error:
        log.warning("queue_unreachable", queue=name.value, error=type(error).__name__)
        return False
    return True


def answer_wake(redis: "Redis", name: Wake) -> None:
    """Called by the drain first: from now on a new row asks for a new drain."""
    redis.delete(_flag(name))


def _flag(name: Wake) -> str:
    return f"1708:wake:{name}"


class Bell:
    """Wakes a queue from a thread of its own, so that no webhook ever waits for Redis."""

    def __init__(self, ring: Callable[[], bool]) -> None:
        self._ring = ring
        self._rung = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def ring(self) -> None:
        """Many rings that come before the thread gets round to it are one."""
        self._rung.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            if self._closed.is_set():
                return
            if not self._ring():  # the queue is away: the relay will see to what waits
                self._closed.wait(PAUSE_SECONDS)

    def close(self) -> None:
        """Ring no more; whoever waits for the last ring may close the queue afterwards."""
        self._closed.set()
        self._rung.set()
        if thread := self._thread:
            thread.join(timeout=2)
