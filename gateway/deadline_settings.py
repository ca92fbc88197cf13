"""The section `deadlines` of config.yaml."""

from functools import cached_property
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from gateway.channel_settings import Section
from store.casework.deadlines import Duty, DutyClock, Limit, Unit
from store.casework.workdays import Calendar, read_calendar

LONGEST = 1000  # days: a slip of the finger, not a limit


class Term(Section):
    """A limit as it is written; a bare number is that many working days."""

    days: int = Field(ge=1, le=LONGEST, strict=True)  # strict: `yes` is no number
    unit: Unit

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        return value if isinstance(value, dict | cls) else {"days": value, "unit": "working"}

    @property
    def limit(self) -> Limit:
        return Limit(self.days, self.unit)


class Deadlines(Section):
    verify: Term
    information: Term
    complaint: Term
    inspection: Term
    close: Term
    ombudsman: Term
    warn_before: int = Field(ge=0, le=LONGEST)
    escalate_coordinator: int = Field(ge=0, le=LONGEST)
    escalate_national: int = Field(ge=0, le=LONGEST)
    holidays_file: str
    campaigns: dict[str, dict[Duty, Term]]

    @cached_property
    def calendar(self) -> Calendar:
        """Reads the file of corrections; CalendarError if it has mistakes."""
        return read_calendar(Path(self.holidays_file)) if self.holidays_file else Calendar()

    def clock(self, zone: ZoneInfo) -> DutyClock:
        terms: dict[Duty, Term] = {duty: getattr(self, duty) for duty in get_args(Duty)}
        return DutyClock(
            limits={duty: term.limit for duty, term in terms.items()},
            campaigns={
                name: {duty: term.limit for duty, term in own.items()}
                for name, own in self.campaigns.items()
            },
            calendar=self.calendar,
            zone=zone,
            warn_before=self.warn_before,
            escalate=(self.escalate_coordinator, self.escalate_national),
        )
