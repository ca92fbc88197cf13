"""What the conversation knows of the world: names, duties, the way to understand a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bots import routing
from bots.reader import Reader
from bots.state import Limits
from parsers.understanding import Kind, Understanding
from store.deadlines import deadline
from store.models import Privacy
from store.notices import NoticeRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings that the conversation obeys."""

    limits: Limits
    days: Mapping[str, int]
    unit: str
    zone: ZoneInfo
    secret: frozenset[str]  # topics that are confidential unless the reporter says otherwise
    texts: str  # the channel that linking codes go out on
    notices: NoticeRules
    close_days: int  # after which an answer that nobody spoke about closes the case
    close_unit: str


@dataclass(frozen=True, slots=True)
class Desk:
    """One use of the reader and the policy, at one moment."""

    reader: Reader
    policy: Policy
    now: datetime

    def route(self, seen: Understanding) -> routing.Route:
        return routing.decide(seen, local=self.reader.local(seen))

    def privacy(self, wish: str, seen: Understanding) -> Privacy:
        """What the reporter asked for, else confidential where the matter is delicate."""
        if wish:
            return Privacy(wish)
        delicate = any(item.code in self.policy.secret for item in seen.categories[:1])
        return Privacy.CONFIDENTIAL if delicate else Privacy.PUBLIC

    def due(self, duty: str) -> date:
        today = self.now.astimezone(self.policy.zone).date()
        return deadline(duty, today, days=self.policy.days, unit=self.policy.unit)

    def duty(self, kind: str, category: str | None) -> str:
        default_class = self.reader.default_class(category) if category else ""
        return routing.duty(Kind(kind), default_class)
