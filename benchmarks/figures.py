"""What is measured, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: a rate, times, or counts that must be 0."""

    database: str
    what: str
    per_second: float | None = None
    p50: float | None = None  # seconds
    p99: float | None = None
    limit: str = ""  # what bounds it, measured in the same run
    limit_per_second: float | None = None
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        if not self.per_second or not self.limit_per_second:
            return None
        return self.per_second / self.limit_per_second


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds that one message costs a process at full load, end to end."""

    database: str
    process: str
    milliseconds: float


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    if len(seconds) < 2:
        return (seconds[0], seconds[0]) if seconds else (0.0, 0.0)
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49], cuts[98]


def middle(rates: Sequence[float]) -> float:
    """The median of several rounds: one disturbed round changes nothing."""
    return median(rates)
