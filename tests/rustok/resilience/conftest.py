"""What the tests of breakers and modes share: a clock that stands still, a store that can go down."""

from __future__ import annotations

import pytest

from rustok.resilience.circuit_breaker import CircuitBreaker
from tests.support.breakers import POLICY, Clock, SwitchedStore, breaker


@pytest.fixture
def clock() -> Clock:
    """It is moved by hand."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> SwitchedStore:
    """What processes share; it can be switched off."""
    return SwitchedStore(clock)


@pytest.fixture
def one(store: SwitchedStore, clock: Clock) -> CircuitBreaker:
    """A process that knows the breaker."""
    return breaker(store, clock, POLICY)
