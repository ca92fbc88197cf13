"""What `lapor doctor` looks at; each check says what it found and what to do."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

from redis.exceptions import RedisError, ResponseError
from rq import Queue, Worker
from rq.cron import CronScheduler
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gateway.channels.console import Console
from gateway.channels.webhook import Webhook
from gateway.cli.opening import database_name
from gateway.health import LATE_SECONDS, gauges
from gateway.open311.channel import Polled
from gateway.queue import BACKGROUND, PERIODIC, Wake
from gateway.reading import deployment_of
from gateway.runtime import Runtime
from store.db import schema_is_current

SKEW_SECONDS = 2
SCHEDULER_SECONDS = 60  # it shows itself every relay.every_seconds
WORKER_SECONDS = 900  # an idle worker of RQ shows itself every 405 seconds
GIGABYTE = 10**9
DISK_LOW, DISK_EMPTY = 2 * GIGABYTE, GIGABYTE // 5


class Mark(StrEnum):
    OK = "OK"
    WARNING = "WARNING"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    mark: Mark
    says: str
    do: str = ""


def good(check: str, says: str) -> Finding:
    return Finding(check, Mark.OK, says)


def warning(check: str, says: str, do: str) -> Finding:
    return Finding(check, Mark.WARNING, says, do)


def failed(check: str, says: str, do: str) -> Finding:
    return Finding(check, Mark.FAILED, says, do)


def examine(rt: Runtime, *, offline: bool) -> Iterator[Finding]:
    """Every check that makes sense: a database that is away is not asked for its schema."""
    yield good("configuration", f"{rt.settings.environment}, {rt.settings.public_url}")
    yield _catalogue(rt)
    yield (database := _guarded("database", _database, rt))
    if database.mark is Mark.OK:
        yield _guarded("durability", _durability, rt)
        yield _guarded("waiting", _waiting, rt)
        yield _guarded("trouble", _trouble, rt)
    yield (queue := _guarded("queue", _queue, rt))
    if queue.mark is not Mark.FAILED:
        for name in (*Wake, PERIODIC, BACKGROUND):
            yield _guarded(f"worker {name}", partial(_workers, name=name), rt)
        yield _guarded("scheduler", _scheduler, rt)
        yield _guarded("clock of queue", _queue_clock, rt)
    if rt.engine.dialect.name == "postgresql" and database.mark is Mark.OK:
        yield _guarded("clock of database", _database_clock, rt)
    yield _spool(rt)
    yield _disk(rt)
    if not offline:
        yield from _channels(rt)


def _guarded(name: str, check: Callable[[Runtime], Finding], rt: Runtime) -> Finding:
    try:
        return check(rt)
    except SQLAlchemyError as error:
        return failed(
            name,
            f"{database_name(rt.settings)} does not answer ({type(error).__name__})",
            "Start the database, or correct database.url (DATABASE_URL).",
        )
    except RedisError as error:
        return failed(
            name,
            f"the queue does not answer ({type(error).__name__}); messages are kept all the same",
            "Start it (`make run` does), or correct queue.url (REDIS_URL).",
        )


def _catalogue(rt: Runtime) -> Finding:
    """Mistakes in it stop the start, so only what may be used and is not meant remains."""
    settings = rt.settings
    known = settings.catalogue
    if lost := settings.lost_confidential:
        return warning(
            "catalogue",
            f"it has no topic {', '.join(lost)}: complaints about it are public",
            "Name the delicate topics of this catalogue in intake.confidential, or [].",
        )
    if refused := deployment_of(settings).refused:
        return warning("catalogue", f"not used: {refused}", "Learn again, or delete that model.")
    says = f"{len(known.topics)} topics, {len(known.agencies)} agencies"
    where = settings.catalogue_dir if settings.matching.catalogue else "the shipped one"
    return good("catalogue", f"{where}: {says}")


def _database(rt: Runtime) -> Finding:
    if schema_is_current(rt.engine):
        return good("database", f"{database_name(rt.settings)}, schema of this release")
    return failed(
        "database", "its schema is not that of this release", "Run `lapor migrate` (or `make run`)."
    )


def _durability(rt: Runtime) -> Finding:
    """Whether a commit is on disk when it returns, and the file is whole."""
    name = "durability"
    with rt.reading() as session:
        ask = session.connection().exec_driver_sql
        if rt.engine.dialect.name == "postgresql":
            settings = [ask(f"SHOW {key}").scalar() for key in ("fsync", "synchronous_commit")]
            if "off" not in settings:
                return good(name, "fsync and synchronous_commit are on")
            return failed(
                name,
                "a power cut may lose accepted messages",
                "Set fsync and synchronous_commit to on in PostgreSQL.",
            )
        if ask("PRAGMA synchronous").scalar() != 2:  # FULL
            return failed(name, "SQLite does not sync each commit", "Report this: 1708 sets it.")
        damage = ask("PRAGMA quick_check(1)").scalar()
    if damage == "ok":
        return good(name, "SQLite syncs each commit, and the file is whole")
    return failed(name, "the SQLite file is damaged", "Stop 1708 and restore a backup.")


def _waiting(rt: Runtime) -> Finding:
    with rt.reading() as session:
        figures = gauges(session, rt)
    age, count = figures["queue_age_seconds"], int(figures["inbox_waiting"])
    if age <= LATE_SECONDS:
        return good("waiting", f"{count} messages wait, the oldest for {age:.0f} s")
    return failed(
        "waiting",
        f"{count} messages wait, the oldest for {age:.0f} s",
        "Look at the workers below, and at `lapor inbox list --status received`.",
    )


def _trouble(rt: Runtime) -> Finding:
    with rt.reading() as session:
        figures = gauges(session, rt)
    dead, held, lost = (
        int(figures[name]) for name in ("inbox_dead", "outbox_held", "outbox_failed")
    )
    says = f"{dead} dead messages, {held} held and {lost} failed replies"
    if dead + held + lost == 0:
        return good("trouble", says)
    return warning("trouble", says, "Look with `lapor dead list`, then `lapor dead replay`.")


def _queue(rt: Runtime) -> Finding:
    rt.redis.ping()
    try:
        settings = rt.redis.config_get("appendonly", "maxmemory-policy")
    except ResponseError:
        return warning("queue", "it answers, but tells no settings", "Ask who runs it: see docs.")
    if settings.get("maxmemory-policy") != "noeviction":
        return failed("queue", "it may throw jobs away", "Set maxmemory-policy noeviction.")
    if settings.get("appendonly") != "yes":
        return warning(
            "queue", "a restart forgets wake-ups; the relay finds them", "Set appendonly yes."
        )
    return good("queue", "it answers, append-only, evicts nothing")


def _workers(rt: Runtime, name: str) -> Finding:
    check, start = (
        f"worker {name}",
        f"Start one: python -m gateway.worker {name} (`make run` does).",
    )
    workers = Worker.all(queue=Queue(name, connection=rt.redis))
    beats = [worker.last_heartbeat for worker in workers if worker.last_heartbeat]
    if not beats:
        return failed(check, "nobody listens", start)
    age = (datetime.now(UTC) - max(beats)).total_seconds()
    says = f"{len(workers)} listening, heard of {max(age, 0):.0f} s ago"
    return good(check, says) if age < WORKER_SECONDS else warning(check, says, start)


def _scheduler(rt: Runtime) -> Finding:
    start = "Start it: python -m gateway.scheduler (`make run` does)."
    found = CronScheduler.all(rt.redis, cleanup=False)
    beats = [beat for scheduler in found if (beat := scheduler.last_heartbeat)]
    if not beats:
        return failed("scheduler", "none runs: nothing that was missed is looked after", start)
    age = (datetime.now(UTC) - max(beats)).total_seconds()
    says = f"seen {max(age, 0):.0f} s ago"
    if age < SCHEDULER_SECONDS:
        return good("scheduler", says)
    return failed("scheduler", says, start)


def _queue_clock(rt: Runtime) -> Finding:
    seconds, micros = rt.redis.time()
    return _clock("clock of queue", rt, datetime.fromtimestamp(seconds + micros / 1e6, UTC))


def _database_clock(rt: Runtime) -> Finding:
    with rt.reading() as session:
        there: datetime = (
            session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
        )
    return _clock("clock of database", rt, there)


def _clock(name: str, rt: Runtime, there: datetime) -> Finding:
    skew = (rt.now() - there).total_seconds()
    says = f"this machine is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) <= SKEW_SECONDS:
        return good(name, says)
    return warning(name, says, "Let both machines follow the same time server (NTP).")


def _spool(rt: Runtime) -> Finding:
    folder = rt.spool.folder
    if not rt.spool.writable():
        return failed(
            "spool", f"{folder} cannot be written", "Give the user of 1708 write permission there."
        )
    count = len(rt.spool.files())
    if count:
        return warning(
            "spool",
            f"{count} files of messages wait for the database",
            "They are taken in once the database is back and the web process runs.",
        )
    return good("spool", "empty and writable")


def _disk(rt: Runtime) -> Finding:
    folder = rt.settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    says = f"{free / GIGABYTE:.1f} GB free at {folder}"
    if free > DISK_LOW:
        return good("disk", says)
    finding = failed if free < DISK_EMPTY else warning
    return finding("disk", says, "Free some space, or move data_dir (DATA_DIR).")


def _channels(rt: Runtime) -> Iterator[Finding]:
    outside = {
        name: adapter
        for name, adapter in rt.adapters.items()
        if not isinstance(adapter, Polled | Webhook)  # they have no credentials of ours
    }
    if not outside:
        yield failed("channels", "none has credentials", "Set the secrets named in config.yaml.")
    for name, adapter in outside.items():
        check = f"channel {name}"
        if isinstance(adapter, Console):
            yield good(check, "no credentials: it runs in the simulator only")
        elif wrong := adapter.check():
            yield failed(check, wrong.rstrip("."), "Correct config.yaml or the secret.")
        else:
            yield good(check, "the provider takes our credentials")
