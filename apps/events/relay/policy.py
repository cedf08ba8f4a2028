"""The relay's numbers: how long, how many, how soon again. Durations in seconds."""

from __future__ import annotations

import random
from typing import Final

WINDOW: Final = 20_000  # positions that one turn looks through for events that pass the filter
SLOTS: Final = 3  # relays of one process; leaves a thread of a worker of four to other tasks
TURN: Final = 2.0  # a turn starts no further chunk after this
LEASE_MARGIN: Final = 1.5  # for the commit after the last chunk
MAX_PARKED: Final = 100  # keys of one partition; the cursor stops before the next one
MAX_ATTEMPTS: Final = 12  # of one event before it is a dead letter; with the back-off below about an hour
PROBE: Final = 3  # consecutive refusals of different keys that make us suspect the destination
_KEY_CAP: Final = 900.0
_DESTINATION_CAP: Final = 300.0
_ROOM_FIRST: Final = 10.0
_ROOM_CAP: Final = 60.0


def lease_seconds(timeout: float) -> float:
    """How long a turn may last: its last chunk may start just before TURN ends and take the whole timeout."""
    return TURN + timeout + LEASE_MARGIN


def key_backoff(attempts: int) -> float:
    """Seconds until a parked key is tried again: doubling from one second, with jitter of +-50 % (trap 39)."""
    return _jittered(min(_KEY_CAP, 2.0 ** (attempts - 1)))


def destination_backoff(pauses: int, wish: float | None = None) -> float:
    """Seconds until a paused destination is tried again; its own wish (Retry-After) is respected up to an hour."""
    own = _jittered(min(_DESTINATION_CAP, 2.0 ** min(pauses, 12)))
    return own if wish is None else max(own, min(wish, 3600.0))


def until_room(retry_in: float | None) -> float:
    """Seconds until a cursor that stopped for want of room looks again: with the next try of a parked key.

    Not at once, because what was posted beside the refused event is posted again; not late: it may be taken by now.
    """
    return min(_ROOM_CAP, max(_ROOM_FIRST, retry_in or 0.0))


def suspicion(pauses: int) -> int:
    """How many consecutive refusals blame the destination.

    It widens with every pause, so that a few poisoned keys in a row cannot hold up the healthy ones behind them.
    """
    return min(MAX_PARKED, PROBE * (1 + pauses))


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
