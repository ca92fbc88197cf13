"""`python -m gateway.scheduler`: RQ's cron scheduler. Two at once do no harm: jobs are wake-ups."""

import signal

from rq.cron import CronScheduler

from gateway import jobs, logs
from gateway.queue import BACKGROUND, PERIODIC
from gateway.runtime import Runtime, open_runtime
from gateway.settings import load
from gateway.worker import patiently, stop_at_once

MINUTE, QUARTER, HOUR = 60, 900, 3600


def register(rt: Runtime) -> CronScheduler:
    """The periodic work. A job nobody took before the next one comes is dropped (ttl)."""
    scheduler = CronScheduler(connection=rt.redis, logging_level="ERROR")
    every = rt.settings.relay.every_seconds
    work = {
        PERIODIC: (
            (jobs.relay_missed, every),
            (jobs.publish, every),
            (jobs.follow_families, MINUTE),
            (jobs.trim_quarantine, HOUR),
            (jobs.trim_idempotency, HOUR),
            (jobs.close_unanswered, HOUR),
            (jobs.ring_alarms, HOUR),
            (jobs.digest, QUARTER),
        ),
        BACKGROUND: (
            (jobs.relate_complaints, MINUTE),
            (jobs.refresh_reports, MINUTE),
            (jobs.learn, QUARTER),
        ),
    }
    for queue, periodic in work.items():
        for function, interval in periodic:
            scheduler.register(function, queue, interval=interval, ttl=interval, result_ttl=0)
    return scheduler


def main() -> None:
    """Schedule until told to stop; a queue that is away is waited for, aloud."""
    logs.configure()
    with open_runtime(load()) as rt:
        for attempt in patiently():
            with attempt:
                rt.redis.ping()
                register(rt).start()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop_at_once)
    main()
