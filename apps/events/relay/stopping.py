"""A process that is asked to stop finishes the chunk under way, settles what it has, and hands the rest back at once.

The lease goes with the settling transaction, so another worker can go on without waiting for it to expire.
"""

from __future__ import annotations

import threading
from typing import Final

_requested: Final = threading.Event()


def request() -> None:
    """Start no further chunk and no further turn in this process; safe in a signal handler's thread."""
    _requested.set()


def requested() -> bool:
    """Whether this process is about to stop."""
    return _requested.is_set()


def withdraw() -> None:
    """Relay again; for tests, and for commands that outlive a request."""
    _requested.clear()
