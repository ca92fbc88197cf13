"""What one process needs, built once at its start and handed down."""

import gc
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TypeVar

import structlog
from flask import current_app
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from bots.desk import Desk, Policy
from bots.reader import Reader
from bots.state import Limits
from gateway.accept import Acceptor
from gateway.channels import build_adapters
from gateway.channels.base import AnswersInHttp, ChannelAdapter
from gateway.channels.console import Console
from gateway.queue import Bell, Wake, connect, wake
from gateway.reading import build_reader, deployment_of
from gateway.settings import Settings
from gateway.spool import Spool
from gateway.subscribers import Book
from parsers.messages import Envelope, Membership
from store import complaints
from store.agencies.directory import imported_names
from store.db import deadlocked, open_engine
from store.learning.model_files import version

log = structlog.get_logger()


def utc_now() -> datetime:
    return datetime.now(UTC)


T = TypeVar("T")
TRIES = 5  # of a unit of work that a deadlock ends
NAMES_LAST = timedelta(minutes=1)
SMS = ("sms", "kannel")  # channels that reach a phone number


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Engine, queue, channels, reader and clock; the heavy parts come to life when first used."""

    settings: Settings
    engine: Engine
    redis: "Redis"
    adapters: Mapping[str, ChannelAdapter]
    now: Callable[[], datetime] = utc_now
    token: Callable[[], str] = field(default=lambda: uuid.uuid4().hex)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: commits on the way out, rolls back on an exception."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def unit(self, work: Callable[[Session], T]) -> T:
        """`work` in one transaction; again from its start where a deadlock ended it.

        For whatever locks several cases: the database ends one of two that wait for each other.
        """
        for _ in range(TRIES - 1):
            try:
                with self.transaction() as session:
                    return work(session)
            except OperationalError as error:
                if not deadlocked(error):
                    raise
                log.warning("deadlock")
        with self.transaction() as session:
            return work(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that takes no write lock."""
        with Session(self._reading_engine, expire_on_commit=False) as session:
            yield session

    @cached_property
    def _reading_engine(self) -> Engine:
        return self.engine.execution_options(reading=True)

    @cached_property
    def answering(self) -> Mapping[str, AnswersInHttp]:
        """The channels whose replies may be the answer to the provider's own request."""
        return {
            name: adapter
            for name, adapter in self.adapters.items()
            if isinstance(adapter, AnswersInHttp) and adapter.answer_wait
        }

    @cached_property
    def spool(self) -> Spool:
        return Spool(self.settings.spool_dir)

    @cached_property
    def _bell(self) -> Bell:
        return Bell(lambda: wake(self.redis, Wake.INTAKE))

    @cached_property
    def _acceptor(self) -> Acceptor:
        acceptor = Acceptor(
            transaction=self.transaction, spool=self.spool, now=self.now, ring=self._bell.ring
        )
        acceptor.watch_spool()  # it may hold messages older than the first one here
        return acceptor

    def accept(self, envelope: Envelope) -> None:
        """Make a message durable and wake a worker; Unavailable if it cannot be kept."""
        self._acceptor.accept(envelope)

    def note(self, change: Membership) -> None:
        """Remember who blocks us, so that no notice is tried until that ends."""
        with self.transaction() as session:
            complaints.mark_blocked(session, change.channel, change.sender, blocked=change.blocked)

    def watch_spool(self) -> None:
        """Take in what an earlier process left behind."""
        self._acceptor.watch_spool()

    @cached_property
    def reader(self) -> Reader:
        """Catalogue and gazetteer: a second to load, so only processes that understand pay it."""
        self.__dict__["_learnt"] = version(*self.settings.model_dirs)
        deployment = deployment_of(self.settings)
        if deployment.refused:
            log.warning("learnt_not_used", reason=deployment.refused)
        if lost := self.settings.lost_confidential:
            log.warning("confidential_unknown", topics=lost)
        return build_reader(self.settings, deployment)

    def renew_reader(self) -> None:
        """Where something was learnt since, load it: a second once a night, else one look."""
        known = self.__dict__.get("_learnt")
        if known is None or known == version(*self.settings.model_dirs):
            return
        log.info("learnt_anew")
        self.__dict__.pop("reader", None)
        gc.unfreeze()  # its caches hold it: only the collector sets it free
        gc.collect()
        _ = self.reader.understander
        gc.freeze()

    @cached_property
    def sms_channel(self) -> str:
        """The channel for what must reach a phone number, or "": a real one before the console."""
        wished = self.settings.outbox.sms_channel
        known = [name for name in ([wished] if wished else SMS) if name in self.adapters]
        known.sort(key=lambda name: isinstance(self.adapters[name], Console))
        return known[0] if known else ""

    @cached_property
    def policy(self) -> Policy:
        intake = self.settings.intake
        return Policy(
            limits=Limits(
                repeat=timedelta(seconds=intake.repeat_seconds),
                question=timedelta(hours=intake.question_hours),
                undo=timedelta(minutes=intake.undo_minutes),
                together=timedelta(seconds=intake.together_seconds),
                conversation=timedelta(hours=intake.conversation_hours),
                code=timedelta(minutes=intake.code_minutes),
                idle=timedelta(minutes=intake.idle_minutes),
                questions=intake.questions,
            ),
            clock=self.settings.clock,
            zone=self.settings.zone,
            secret=frozenset(intake.confidential),
            texts=self.sms_channel,
            notices=self.settings.notice_rules,
        )

    def desk(self) -> Desk:
        names = self._names()
        reader = self.reader.named(names) if names else self.reader
        return Desk(reader, self.policy, self.now())

    def _names(self) -> Mapping[str, str]:
        """The imported names of agencies, read again after a minute."""
        known: tuple[datetime, Mapping[str, str]] | None = self.__dict__.get("_named")
        if known is None or self.now() - known[0] >= NAMES_LAST:
            with self.reading() as session:
                known = self.now(), imported_names(session)
            self.__dict__["_named"] = known
        return known[1]

    def close(self) -> None:
        if acceptor := self.__dict__.get("_acceptor"):
            acceptor.close()
            self._bell.close()
        for adapter in self.adapters.values():
            adapter.close()
        self.redis.close()
        self.engine.dispose()


def build(settings: Settings) -> Runtime:
    """Nothing here touches database, queue or provider yet: each may be away when we start."""
    database = settings.database
    engine = open_engine(
        database.url,
        pool_size=database.pool_size,
        busy_timeout=database.busy_timeout_seconds,
    )
    return Runtime(
        settings=settings,
        engine=engine,
        redis=connect(settings.queue.url, settings.queue.timeout_seconds),
        adapters=build_adapters(settings, Book(engine)),
    )


@contextmanager
def open_runtime(settings: Settings) -> Iterator[Runtime]:
    """A runtime that is closed on the way out."""
    runtime = build(settings)
    try:
        yield runtime
    finally:
        runtime.close()


def from_app() -> Runtime:
    """The runtime of the Flask app that handles this request."""
    runtime: Runtime = current_app.extensions["runtime"]
    return runtime
