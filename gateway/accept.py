"""Taking a message in: on disk before anyone is told so, then somebody is woken."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import structlog
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlmodel import Session

from gateway import metrics
from gateway.spool import Spool, SpoolError
from parsers.messages import Envelope
from store import inbox

log = structlog.get_logger()
AGAIN_SECONDS = 0.5  # between two looks whether the database is back
# The message's own fault; every other error of the database says that it is away.
UNSTORABLE = (DataError, IntegrityError, ValueError, TypeError)


class Unavailable(Exception):
    """Neither database nor spool can keep a message now."""


class _Ticket:
    """One message waiting for the commit of its group."""

    __slots__ = ("done", "envelope", "error")

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.done = False
        self.error: Exception | None = None


class Acceptor:
    """Commits the messages of concurrent requests together: whoever comes first writes for all."""

    def __init__(
        self,
        *,
        transaction: Callable[[], AbstractContextManager[Session]],
        spool: Spool,
        now: Callable[[], datetime],
        ring: Callable[[], None],
    ) -> None:
        self._transaction, self._spool, self._now, self._ring = transaction, spool, now, ring
        self._waiting: list[_Ticket] = []
        self._list_lock = threading.Lock()
        self._commit_lock = threading.Lock()
        self._flusher: threading.Thread | None = None
        self._closed = threading.Event()

    def accept(self, envelope: Envelope) -> None:
        """Return when the message is durable (a repeat too); Unavailable if it cannot be."""
        ticket = _Ticket(envelope)
        with self._list_lock:
            self._waiting.append(ticket)
        with self._commit_lock:
            if not ticket.done:
                self._commit_all()
        if ticket.error:
            raise ticket.error
        if not ticket.done:  # the thread that wrote for all was ended on the way
            raise Unavailable

    def _commit_all(self) -> None:
        with self._list_lock:
            group, self._waiting = self._waiting, []
        try:
            self._keep([ticket.envelope for ticket in group])
        except Exception as error:  # noqa: BLE001 - every waiting request must hear of it
            for ticket in group:
                ticket.error = error
        for ticket in group:
            ticket.done = True

    def _keep(self, envelopes: Sequence[Envelope]) -> None:
        """Into the database, or behind the older messages that wait in the spool."""
        if self._spooling():
            self._set_aside(envelopes)
            return
        try:
            self._store(envelopes)
        except UNSTORABLE:
            if len(envelopes) == 1:
                self._set_aside(envelopes)
                return
            for envelope in envelopes:  # one of the group cannot be stored: find it
                self._keep([envelope])
        except SQLAlchemyError as error:
            log.warning("database_unreachable", error=type(error).__name__)
            self._set_aside(envelopes)

    def _store(self, envelopes: Sequence[Envelope]) -> None:
        by_channel = groupby(sorted(envelopes, key=attrgetter("channel")), attrgetter("channel"))
        new: dict[str, int] = {}
        with self._transaction() as session:
            for channel, items in by_channel:
                new[channel] = inbox.record(session, list(items), now=self._now())
        for channel, count in new.items():
            metrics.ACCEPTED.labels(channel).inc(count)
        metrics.REPEATED.inc(len(envelopes) - sum(new.values()))
        self._ring()

    def _set_aside(self, envelopes: Sequence[Envelope]) -> None:
        try:
            self._spool.write(envelopes)
        except SpoolError as error:
            log.error("spool_unwritable", error=str(error))
            raise Unavailable from error
        metrics.SPOOLED.inc(len(envelopes))
        self.watch_spool()

    def watch_spool(self) -> None:
        """Take the spool in, again and again until it is empty."""
        with self._list_lock:
            if not self._spooling() and self._spool.files():
                self._flusher = threading.Thread(target=self._flush, name="spool", daemon=True)
                self._flusher.start()

    def close(self) -> None:
        """Leave the spool to the next process."""
        self._closed.set()
        if flusher := self._flusher:
            flusher.join(timeout=2)

    def _spooling(self) -> bool:
        return self._flusher is not None and self._flusher.is_alive()

    def _flush(self) -> None:
        while not self._closed.is_set() and (files := self._left()):
            for path in files:  # the oldest first; the next ones wait for it
                if not self._take_in(path):
                    self._closed.wait(AGAIN_SECONDS)
                    break

    def _left(self) -> Sequence[Path]:
        """What waits in the spool; if nothing does, new messages take the straight way again."""
        with self._list_lock:
            files = self._spool.files()
            if not files:
                self._flusher = None
            return files

    def _take_in(self, path: Path) -> bool:
        """One file into the database, False while that is away; a broken one waits for a person."""
        try:
            envelopes, whole = self._spool.read(path)
            if self._stored(envelopes) and whole:
                self._spool.done(path)
            else:
                log.error("spool_damaged", file=path.name)
                self._spool.set_aside(path)
        except FileNotFoundError:  # another process was faster
            return True
        except (SQLAlchemyError, OSError) as error:
            log.warning("spool_waits", error=type(error).__name__)
            return False
        return True

    def _stored(self, envelopes: Sequence[Envelope]) -> bool:
        """Whether all of them are in now; one that cannot be stored does not stop the others."""
        try:
            self._store(envelopes)
        except UNSTORABLE:
            if len(envelopes) == 1:
                return False
            return False not in [self._stored([item]) for item in envelopes]
        return True
