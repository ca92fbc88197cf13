"""Telling officers and programs what happened: untold events become rows of the outbox."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from math import inf
from time import monotonic

from sqlmodel import Session

from bots.officers import Board, Names
from gateway import queue
from gateway.channels import WAKES_NOBODY
from gateway.queue import Wake
from gateway.runtime import Runtime
from gateway.settling import Patient
from store import subscriptions
from store.agencies.directory import Directory
from store.agencies.scope import Scope
from store.agency_models import Officer, Subscription
from store.casework import feed
from store.casework.feed import Happened, Letter
from store.notices import OFFICER

BATCH = 200  # events settled in one transaction


@dataclass(frozen=True)
class Audience:
    """Everybody who may be told; read once, then many batches are told."""

    rt: Runtime
    board: Board
    programs: Sequence[Subscription]

    @property
    def nobody(self) -> bool:
        return not self.programs and not self.board.officers

    def letters(self, events: Sequence[Happened], now: datetime) -> Iterator[Letter]:
        for event in events:
            for program in self.programs:
                if subscriptions.wants(program, event, self.reaches):
                    yield webhook(self.rt, event, program.key, now)
        for officer, told in self._by_officer(events):
            yield from self._to_officer(officer, told, now)

    def _by_officer(self, events: Sequence[Happened]) -> Iterator[tuple[Officer, list[Happened]]]:
        officers: dict[int, Officer] = {}
        told: dict[int, list[Happened]] = {}
        for event in events:
            for officer in self.board.audience(event):
                if not officer.digest:
                    officers[officer.key] = officer
                    told.setdefault(officer.key, []).append(event)
        return ((officers[key], found) for key, found in sorted(told.items()))

    def _to_officer(
        self, officer: Officer, events: Sequence[Happened], now: datetime
    ) -> Iterator[Letter]:
        """A message for each complaint; one for all of them where there are many at once."""
        cases: dict[int, list[Happened]] = {}
        for event in events:
            cases.setdefault(event.tracking, []).append(event)
        if len(cases) > self.rt.settings.officers.together:
            name = f"events-{events[0].id}-{events[-1].id}"
            text = self.board.summary(events, officer.language)
            yield from to_officer(self.rt, officer, name, OFFICER, text, now)
            return
        for found in cases.values():
            text = self.board.letter(found, officer.language)
            yield from to_officer(self.rt, officer, f"event-{found[0].id}", OFFICER, text, now)

    @cached_property
    def reaches(self) -> Callable[[str, str], bool]:
        """Whether an agency speaks for another one, itself included."""

        @cache
        def scope(agency: str) -> Scope:
            return Scope.within(self.board.names.directory, agency)

        return lambda agency, code: scope(agency).reaches(code)


def publish_events(rt: Runtime, *, until: float = inf) -> int:
    """Tell what nobody was told yet, in order; returns how many events that were.

    Each batch is told and marked as told in one transaction, so a second publisher, or one that
    died, tells nothing twice. `until` is a time.monotonic() after which no batch is begun.
    """
    release_held(rt)
    with rt.reading() as session:
        if not feed.waiting(session):
            return 0
    audience, settled = audience_of(rt), 0
    while monotonic() < until and (count := _publish(rt, audience)):
        settled += count
    return settled


def _publish(rt: Runtime, audience: Audience) -> int:
    now = rt.now()
    with rt.transaction() as session:
        ids = feed.claim(session, limit=BATCH)
        quiet = not ids or audience.nobody
        letters = [] if quiet else [*audience.letters(feed.read(session, ids), now)]
        queued = feed.post(session, letters, now=now)
    if queued:
        queue.wake(rt.redis, Wake.DELIVER)
    return len(ids)


def audience_of(rt: Runtime) -> Audience:
    """Who listens now, and the names to speak of."""
    with rt.reading() as session:
        officers = feed.listeners(session)
        programs = subscriptions.active(session)
        names = names_of(rt, session)
    return Audience(rt, Board(officers, names), programs)


def names_of(rt: Runtime, session: Session) -> Names:
    directory = Directory.load(session, rt.reader.catalogue)
    return Names(directory, rt.reader, rt.settings.public_url)


def to_officer(
    rt: Runtime,
    officer: Officer,
    name: str,
    kind: str,
    text: str,
    now: datetime,
    *,
    life: timedelta | None = None,
) -> Iterator[Letter]:
    """The same words on each channel that the officer chose and this deployment has."""
    for channel, address in addresses(rt, officer):
        wakes = channel not in WAKES_NOBODY
        yield Letter(
            dedupe=f"{name}-officer-{officer.key}-{channel}",
            kind=kind,
            channel=channel,
            recipient=address,
            text=text,
            due_at=rt.settings.notice_rules.quiet.over(now) if wakes else now,
            expires_at=now + life if life else None,
        )


def addresses(rt: Runtime, officer: Officer) -> list[tuple[str, str]]:
    own: Mapping[str, str] = {"email": officer.email, "telegram": officer.telegram}
    chosen = [(name, own.get(name, "")) for name in dict.fromkeys(officer.channels)]
    return [(name, address) for name, address in chosen if address and name in rt.adapters]


def webhook(
    rt: Runtime, event: Happened, program: int, now: datetime, *, generation: str = ""
) -> Letter:
    """What a program is told: facts that open nothing by themselves, and where to ask for more."""
    found = {
        "event": event.id,
        "tracking": event.tracking,
        "kind": event.kind,
        "status": event.status,
        "agency": event.acting or event.agency,
        "at": event.at.astimezone(UTC).isoformat(),
        "url": f"{rt.settings.public_url.rstrip('/')}/api/v1/complaints/{event.tracking}",
    }
    body = {"type": f"complaint.{event.kind}", "timestamp": found["at"], "data": found}
    return Letter(
        dedupe=subscriptions.name_of(event.id, program) + generation,
        kind=subscriptions.KIND,
        channel=subscriptions.CHANNEL,
        recipient=str(program),
        text=json.dumps(body, separators=(",", ":")),
        due_at=now,
        expires_at=now + timedelta(days=rt.settings.channels.webhook.keep_days),
    )


def release_held(rt: Runtime) -> int:
    """What a worker that died may have delivered goes out again, unlike a reply to a person."""
    adapter = rt.adapters.get(subscriptions.CHANNEL)
    attempts = adapter.attempts if isinstance(adapter, Patient) else 0
    with rt.reading() as session:
        if not subscriptions.held(session, attempts=attempts):
            return 0
    with rt.transaction() as session:
        return subscriptions.release_held(session, now=rt.now(), attempts=attempts)
