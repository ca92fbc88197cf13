"""Taking a message in: on disk before anyone is told so, then somebody is woken."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlmodel import Session

from gateway import metrics
from gateway.spool import Spool, SpoolError
from parsers.messages import Envelope
from store import inbox

log = structlog.get_logger()


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
        try:
            self._store(envelopes)
        except (OperationalError, InterfaceError) as error:
            log.warning("database_unreachable", error=type(error.orig).__name__)
            self._set_aside(envelopes)
        except DBAPIError:
            if len(envelopes) == 1:
                self._set_aside(envelopes)
                return
            for envelope in envelopes:  # one of the group cannot be stored: find it
                self._keep([envelope])

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
        """Start taking the spool in, again and again until it is empty."""
        with self._list_lock:
            if self._flusher is None or not self._flusher.is_alive():
                self._flusher = threading.Thread(target=self._flush, name="spool", daemon=True)
                self._flusher.start()

    def _flush(self) -> None:
        while files := self._spool.files():
            if [path for path in files if not self._take_in(path)]:
                time.sleep(1)

    def _take_in(self, path: Path) -> bool:
        """One file into the database; a file that cannot be read stays and is reported."""
        try:
            self._store(self._spool.read(path))
        except (SQLAlchemyError, ValueError, TypeError, KeyError) as error:
            log.warning("spool_waits", error=type(error).__name__)
            return False
        self._spool.done(path)
        return True
