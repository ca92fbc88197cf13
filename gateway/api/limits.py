"""How often a key, or a stranger's address, may ask."""

import time
from dataclasses import dataclass

import structlog
from flask import Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from gateway.api.problems import TOO_MANY, Problem
from gateway.runtime import Runtime

log = structlog.get_logger()
PREFIX = "1708:rate"
REST_SECONDS = 15.0  # so long each process counts alone after Redis did not answer


@dataclass(frozen=True, slots=True)
class Left:
    """What stands in the headers of every answer."""

    limit: int
    remaining: int
    seconds: int  # until it is all there again

    def headers(self) -> dict[str, str]:
        """The common ones, and those of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.seconds),
            "RateLimit-Policy": f'"minute";q={self.limit};w=60',
            "RateLimit": f'"minute";r={self.remaining};t={self.seconds}',
        }

    def tell(self, answer: Response) -> Response:
        answer.headers.update(self.headers())
        return answer


class Limiter:
    """Counts in Redis for all processes; while that is away each process counts for itself."""

    def __init__(self, rt: Runtime) -> None:
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(
            RedisStorage(
                rt.settings.queue.url,
                connection_pool=rt.redis.connection_pool,
                key_prefix=PREFIX,
            )
        )
        self._rests_until = 0.0

    def take(self, who: str, per_minute: int) -> Left:
        """One request; Problem 429 when there are too many."""
        item = RateLimitItemPerMinute(per_minute)
        if time.monotonic() >= self._rests_until:
            try:
                return _take(self._shared, item, who)
            except RedisError as error:
                log.warning("rate_limits_alone", error=type(error).__name__)
                self._rests_until = time.monotonic() + REST_SECONDS
        return _take(self._own, item, who)


def _take(limiter: RateLimiter, item: RateLimitItemPerMinute, who: str) -> Left:
    allowed = limiter.hit(item, who)
    reset, remaining = limiter.get_window_stats(item, who)
    left = Left(item.amount, remaining, max(1, round(reset - time.time())))
    if not allowed:
        raise Problem(TOO_MANY, headers={"Retry-After": str(left.seconds), **left.headers()})
    return left
