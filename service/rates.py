"""How often a key may ask: a bucket of tokens for each, that fills evenly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from msgspec import Struct

from service.errors import Throttled
from service.settings import Rate

_MINUTE = 60.0
# A bucket is dropped where it is full; more keys than this in one minute are nobody's.
_MOST_BUCKETS = 10_000


class Left(Struct, frozen=True):
    """What is left of a limit after a request.

    Attributes:
        limit: requests a minute.
        remaining: requests that would be let in now.
        reset_seconds: until all of the limit would be there again.
    """

    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """Return the fields that tell it, those of the IETF's draft as they are widely read."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
            "RateLimit-Policy": f"{self.limit};w=60",
        }


class _Bucket(Struct):
    """Tokens at a moment."""

    tokens: float
    at: float


class Rates:
    """The limits of this process: with several services each counts its own.

    Reads and writes are counted apart. A request takes one token, once, and one that is refused
    none: who waits as long as `Retry-After` says is let in.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the limits; every bucket is full."""
        self._rate = rate
        self._clock = clock
        self._buckets: dict[tuple[str, bool], _Bucket] = {}

    def take(self, key_id: str, *, writes: bool) -> Left | None:
        """Count a request of a key; None where nothing is limited.

        Raises:
            Throttled: it is one too many.
        """
        if not self._rate.limited or not key_id:
            return None
        limit = self._rate.writes_per_minute if writes else self._rate.reads_per_minute
        per_second = limit / _MINUTE
        now = self._clock()
        name = (key_id, writes)
        # The one that was asked last comes last.
        bucket = self._buckets.pop(name, None) or _Bucket(limit, now)
        self._buckets[name] = bucket
        bucket.tokens = min(limit, bucket.tokens + (now - bucket.at) * per_second)
        bucket.at = now
        if bucket.tokens < 1:
            raise Throttled(
                math.ceil((1 - bucket.tokens) / per_second), self._left(bucket, limit).headers()
            )
        bucket.tokens -= 1
        if len(self._buckets) > _MOST_BUCKETS:
            del self._buckets[next(iter(self._buckets))]
        return self._left(bucket, limit)

    def _left(self, bucket: _Bucket, limit: int) -> Left:
        missing = (limit - bucket.tokens) / (limit / _MINUTE)
        return Left(limit, int(bucket.tokens), math.ceil(missing))
