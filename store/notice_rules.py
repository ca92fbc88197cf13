"""When a notice goes out: plain values, which the settings know without a database."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The part of the day in which nobody is woken; none if both ends are the same."""

    start: time
    end: time
    zone: ZoneInfo

    def over(self, now: datetime) -> datetime:
        """`now`, or the end of the quiet hours that it falls into."""
        here = now.astimezone(self.zone)
        clock = here.time()
        if self.start <= self.end:
            quiet = self.start <= clock < self.end
        else:
            quiet = clock >= self.start or clock < self.end
        if not quiet:
            return now
        day = here.date() + timedelta(days=clock >= self.end)
        return datetime.combine(day, self.end, self.zone).astimezone(now.tzinfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRules:
    settle: timedelta  # a notice waits so long for a second one about the same complaint
    quiet: Quiet
