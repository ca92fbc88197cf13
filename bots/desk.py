"""What the conversation knows of the world: names, duties, the way to understand a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bots import routing
from bots.reader import Reader
from bots.state import Limits
from parsers.understanding import Kind, Understanding
from store.casework.cases import Opened, pauses_of
from store.casework.deadlines import DutyClock, Pause, local_day
from store.casework.timezones import zone_of
from store.models import Complaint, Privacy
from store.notice_rules import NoticeRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings that the conversation obeys."""

    limits: Limits
    clock: DutyClock
    zone: ZoneInfo
    secret: frozenset[str]  # topics that are confidential unless the reporter says otherwise
    texts: str  # the channel that linking codes go out on
    notices: NoticeRules


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
        delicate = any(self.delicate(item.code) for item in seen.categories[:1])
        return Privacy.CONFIDENTIAL if delicate else Privacy.PUBLIC

    def delicate(self, category: str | None) -> bool:
        return category in self.policy.secret

    def due(
        self,
        duty: str,
        *,
        place: str | None = None,
        received: datetime | None = None,
        pauses: Sequence[Pause] = (),
        campaign: str | None = None,
    ) -> date:
        """When a duty falls due in the time of the place; received now if nothing else is said."""
        received = received or self.now
        clock = self.policy.clock
        return clock.due(duty, received, place=place, pauses=pauses, campaign=campaign)

    def today(self, place: str | None) -> date:
        return local_day(self.now, zone_of(place, self.policy.zone))

    def deadline_of(self, complaint: Complaint, *, at_desk: bool = False) -> date:
        """The legal due day of a complaint: of its first response until an agency has had it.

        `at_desk`: an agency is about to get it.
        """
        waits = complaint.forwarded_at is None and not at_desk
        return self.due(
            "verify" if waits else complaint.duty,
            place=complaint.place,
            received=complaint.clock_at or complaint.created_at,
            pauses=pauses_of(complaint),
            campaign=complaint.campaign,
        )

    def recount(self, case: Opened) -> None:
        """The legal due day for the complaint and its desks; alarms ring anew if it is ahead."""
        complaint = case.complaint
        complaint.deadline = self.deadline_of(complaint)
        for row in case.desks.values():
            row.deadline = complaint.deadline
        if complaint.deadline >= self.today(complaint.place):
            complaint.alarm = 0

    def duty(self, kind: str, category: str | None) -> str:
        default_class = self.reader.default_class(category) if category else ""
        return routing.duty(Kind(kind), default_class)
