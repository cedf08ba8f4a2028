"""What the tests of turns share."""

from __future__ import annotations

import pytest

from tests.support.events import MemoryTransport, relay


@pytest.fixture
def memory(acme) -> MemoryTransport:
    """A transport that nobody has subscribed yet, in a log without anything due."""
    relay()
    return MemoryTransport()
