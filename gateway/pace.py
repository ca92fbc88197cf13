"""How fast a channel may send: rates that hold over all workers, and rests for a sick provider."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol, runtime_checkable

import structlog
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from gateway import metrics
from gateway.channels.console import Console
from gateway.runtime import Runtime
from gateway.settings import Circuit, Rate
from store.lanes import Next

log = structlog.get_logger()
AWAY_SECONDS = 5.0  # without the queue each process keeps to the rates by itself for so long


class Rates:
    """Who may send now: the queue counts for all workers; while it is away each does for itself."""

    def __init__(self, rates: Mapping[str, Rate], redis: "Redis") -> None:
        self._rates = rates
        pool = redis.connection_pool
        shared = RedisStorage("redis://", connection_pool=pool, key_prefix="lapor-pace")
        self._shared = MovingWindowRateLimiter(shared)
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._away_until = 0.0

    def limits(self, channel: str) -> bool:
        """Whether replies of this channel must ask."""
        rate = self._rates.get(channel)
        return rate is not None and bool(rate.overall or rate.each)

    def grant(self, channel: str, waiting: Sequence[Next]) -> list[int]:
        """The ids of those that may go out now; a place in the second is taken for each."""
        rate, granted = self._rates[channel], []
        for item in waiting:
            person = hashlib.sha256(item.recipient.encode()).hexdigest()[:16]
            if rate.each and not self._ask(rate.each, channel, person, take=False):
                continue
            if rate.overall and not self._ask(rate.overall, channel, take=True):
                break
            if rate.each and not self._ask(rate.each, channel, person, take=True):
                continue
            granted.append(item.id)
        return granted

    def _ask(self, per_second: int, *key: str, take: bool) -> bool:
        """Whether there is room, taking it if so."""
        item = RateLimitItemPerSecond(per_second)
        if monotonic() >= self._away_until:
            try:
                return _room(self._shared, item, key, take=take)
            except RedisError as error:
                self._away_until = monotonic() + AWAY_SECONDS
                log.warning("rates_without_queue", error=type(error).__name__)
        return _room(self._own, item, key, take=take)


def _room(
    limiter: MovingWindowRateLimiter,
    item: RateLimitItemPerSecond,
    key: Sequence[str],
    *,
    take: bool,
) -> bool:
    return limiter.hit(item, *key) if take else limiter.test(item, *key)


@dataclass
class Health:
    """Whether one channel's provider takes what we send; each rest is twice as long as the last."""

    settings: Circuit
    clock: Callable[[], float] = monotonic
    _refused: deque[bool] = field(init=False)
    _rests: int = 0
    _until: float = 0.0

    def __post_init__(self) -> None:
        self._refused = deque(maxlen=self.settings.sends)

    @property
    def resting(self) -> bool:
        return self.clock() < self._until

    @property
    def doubtful(self) -> bool:
        """After a rest a single reply shows whether the provider is back."""
        return self._rests > 0

    def note(self, refused: Iterable[bool]) -> bool:
        """Remember how sends ended; True if a rest begins."""
        ended = list(refused)
        if not ended or self.resting:
            return False
        if self.doubtful and not all(ended):
            self._rests = 0
            self._refused.clear()
        self._refused.extend(ended)
        seen, settings = len(self._refused), self.settings
        bad = seen == settings.sends and sum(self._refused) >= settings.share * seen
        if not (bad or self.doubtful):
            return False
        seconds = settings.rest_seconds * 2.0 ** min(self._rests, 30)
        self._until = self.clock() + min(seconds, settings.longest_seconds)
        self._rests += 1
        return True


@runtime_checkable
class EachForItself(Protocol):
    """A channel whose recipients are providers themselves: one says nothing about the others."""

    @property
    def each_for_itself(self) -> bool: ...


class Pace:
    """Rates and rests of all channels of one process."""

    def __init__(self, rt: Runtime) -> None:
        outbox = rt.settings.outbox
        real = [name for name in type(outbox.rates).model_fields if not _console(rt, name)]
        self.rates = Rates({name: getattr(outbox.rates, name) for name in real}, rt.redis)
        self._health = {name: Health(outbox.circuit) for name in rt.adapters}
        self._apart = {
            name for name, adapter in rt.adapters.items() if isinstance(adapter, EachForItself)
        }

    def health(self, channel: str) -> Health:
        return self._health[channel]

    def note(self, channel: str, refused: Iterable[bool]) -> None:
        """A channel rests; one of as many providers as recipients never does for one of them."""
        if channel in self._apart:
            return
        if self._health[channel].note(refused):
            metrics.RESTS.labels(channel).inc()
            log.warning("channel_rests", channel=channel)


def _console(rt: Runtime, channel: str) -> bool:
    return isinstance(rt.adapters.get(channel), Console)


def pace_of(rt: Runtime) -> Pace:
    """The pace of this process, which outlives the drains."""
    values = vars(rt)
    if "pace" not in values:
        values["pace"] = Pace(rt)
    pace: Pace = values["pace"]
    return pace
