"""What the conversation knows of the world: names, duties, the way to understand a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bots import routing
from bots.dialogue import Limits
from bots.reader import Reader
from parsers.understanding import Kind, Understanding
from store.deadlines import deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings that the conversation obeys."""

    limits: Limits
    days: Mapping[str, int]
    unit: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Desk:
    """One use of the reader and the policy, at one moment."""

    reader: Reader
    policy: Policy
    now: datetime

    def route(self, seen: Understanding) -> routing.Route:
        return routing.decide(seen, local=self.reader.local(seen))

    def due(self, duty: str) -> date:
        today = self.now.astimezone(self.policy.zone).date()
        return deadline(duty, today, days=self.policy.days, unit=self.policy.unit)

    def duty(self, kind: str, category: str | None) -> str:
        default_class = self.reader.default_class(category) if category else ""
        return routing.duty(Kind(kind), default_class)


def limits(*, repeat_seconds: float, question_hours: float, undo_minutes: float) -> Limits:
    return Limits(
        repeat=timedelta(seconds=repeat_seconds),
        question=timedelta(hours=question_hours),
        undo=timedelta(minutes=undo_minutes),
    )
