"""Valkey as a loudspeaker: "flags have changed". Lossy, bounded, never needed: the version poll finds every change."""

from __future__ import annotations

import time
from functools import cache
from typing import Any, Final

import redis

from apps.flags.polling import Hints
from rustok.config import config

CHANNEL: Final = "rustok:flags"
CONNECT: Final = 0.2  # seconds; a Valkey that does not answer may not stretch the poll beyond its bound
QUIET: Final = 5.0  # seconds without another try after a failure
_LEAST: Final = 0.05  # seconds between two looks however many hints come


@cache
def _client() -> Any:
    return redis.Redis.from_url(
        config().redis_url.get_secret_value(), socket_timeout=CONNECT, socket_connect_timeout=CONNECT
    )


def announce() -> None:
    """Tell the other processes to look; failures are nobody's business."""
    try:
        _client().publish(CHANNEL, b"")
    except (redis.RedisError, OSError):
        return


class ValkeyHints(Hints):
    """Waits for a message or for the time to pass. Belongs to one thread."""

    def __init__(self) -> None:
        """Subscribe at the first wait."""
        self._subscription: Any = None
        self._try_at = 0.0

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or when a message came; never raises."""
        ends = time.monotonic() + seconds
        try:
            self._listen(seconds)
        except (redis.RedisError, OSError):
            self._subscription, self._try_at = None, time.monotonic() + QUIET
            time.sleep(max(0.0, ends - time.monotonic()))

    def _listen(self, seconds: float) -> None:
        started = time.monotonic()
        if self._subscription is None:
            if started < self._try_at:
                time.sleep(seconds)
                return
            self._subscription = _client().pubsub(ignore_subscribe_messages=True)
            self._subscription.subscribe(CHANNEL)
        left = seconds
        while left > 0:
            if self._subscription.get_message(timeout=left) is not None:
                time.sleep(max(0.0, min(_LEAST, seconds) - (time.monotonic() - started)))
                return
            left = seconds - (time.monotonic() - started)
