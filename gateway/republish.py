"""Telling a program once more what happened in a period, as an operator asks for."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from sqlmodel import Session

from gateway import queue
from gateway.publish import BATCH, Audience, audience_of, webhook
from gateway.queue import Wake
from gateway.runtime import Runtime
from store import audit, subscriptions
from store.agency_models import Subscription
from store.casework import feed
from store.subscriptions import AGAIN, name_of


@dataclass
class Replay:
    """What a program wants to know of a period is queued again, whether it got it or not.

    Under the same webhook-id, so that it may leave what it knows; what is on its way stays alone.
    """

    rt: Runtime
    program: Subscription
    since: datetime
    actor: str
    reason: str
    queued: int = 0
    waiting: int = 0  # on their way already
    _replays: Collection[str] = field(default=(), init=False)  # earlier ones, not arrived yet

    def carry_out(self) -> None:
        """Batch by batch: the counts say what was really done if it ends early."""
        with self.rt.reading() as session:
            first = feed.first_since(session, self.since)
            self._replays = subscriptions.replays(session, self.program.key)
        last = None if first is None else first - 1
        while last is not None:
            with self.rt.transaction() as session:
                last, queued, waiting = self._batch(session, beyond=last)
            self.queued, self.waiting = self.queued + queued, self.waiting + waiting
        queue.wake(self.rt.redis, Wake.DELIVER)

    @cached_property
    def _audience(self) -> Audience:
        return audience_of(self.rt)

    @cached_property
    def _generation(self) -> str:
        return f"{AGAIN}{self.rt.now().astimezone(UTC):%Y%m%dT%H%M%S}"

    def _batch(self, session: Session, *, beyond: int) -> tuple[int | None, int, int]:
        """The last event, None at the end; how many were queued, how many waited."""
        program, now = self.program, self.rt.now()
        events = feed.since(session, self.since, beyond=beyond, limit=BATCH)
        reaches = self._audience.reaches
        wanted = [each for each in events if subscriptions.wants(program, each, reaches)]
        names = [name_of(each.id, program.key) for each in wanted]
        waiting = subscriptions.on_their_way(session, names, self._replays)
        missed = [each for each, name in zip(wanted, names, strict=True) if name not in waiting]
        letters = [
            webhook(self.rt, each, program.key, now, generation=self._generation) for each in missed
        ]
        queued = feed.post(session, letters, now=now)
        if queued:
            self._audit(session, queued, now)
        last = events[-1].id if len(events) == BATCH else None
        return last, queued, len(wanted) - len(missed)

    def _audit(self, session: Session, queued: int, now: datetime) -> None:
        audit.write(
            session,
            now=now,
            actor=self.actor,
            action="subscription.replay",
            reason=self.reason,
            detail={
                "subscription": self.program.key,
                "since": self.since.isoformat(),
                "queued": queued,
            },
        )
