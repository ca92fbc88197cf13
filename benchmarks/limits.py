"""What the queue can do with jobs that do nothing."""

import signal
from time import perf_counter

from redis import Redis
from rq import Queue, SimpleWorker


def nothing() -> None:
    """The job."""


def empty_jobs(url: str, count: int) -> float:
    """Jobs a second, enqueued one by one and then worked off by a worker that does not fork."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with Redis.from_url(url) as redis:
        queue = Queue("benchmark", connection=redis)
        began = perf_counter()
        for _ in range(count):
            queue.enqueue(nothing, result_ttl=0)
        try:
            SimpleWorker([queue], connection=redis).work(burst=True, logging_level="ERROR")
        finally:  # the worker has put its own in their place
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return count / (perf_counter() - began)
