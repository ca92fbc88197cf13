"""What makes families and bursts: plain values, which the settings know without a database."""

from dataclasses import dataclass
from datetime import timedelta

from parsers.likeness import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstRules:
    count: int  # so many complaints
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRules:
    """The settings, section families."""

    likeness: Rules
    within: timedelta
    within_open: timedelta
    candidates: int
    burst: BurstRules
