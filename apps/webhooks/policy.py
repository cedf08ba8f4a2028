"""The numbers of webhooks: when an endpoint is given up, how it comes back, how long the log lasts. Seconds."""

from __future__ import annotations

import random
from typing import Final

DISABLE_AFTER: Final = 24 * 3600.0  # without one success, before deliveries stop and probes begin
DISABLE_ATTEMPTS: Final = 5  # at least so many refused attempts within that time
PROBE_FIRST: Final = 60.0
PROBE_CAP: Final = 3600.0
PROBES_AT_ONCE: Final = 10  # of one tenant in one sweep
CATCHUP_RATE: Final = 20  # events per second at first; doubles with every good turn
CATCHUP_FULL: Final = 640  # from here on there is no limit
LOG_DAYS: Final = 30  # deliveries are kept so long
PURGE_CHUNK: Final = 5_000
PURGE_CHUNKS: Final = 200  # of one tenant in one run: what 270 deliveries a second leave in an hour


def probe_backoff(probes: int) -> float:
    """Seconds until the next probe after so many unanswered ones: doubling up to an hour, with jitter (trap 39)."""
    return min(PROBE_CAP, PROBE_FIRST * 2.0 ** min(probes, 10)) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
