"""Steering the platform: its mode and its breakers."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

DEGRADATION: Final = Policy(resource=Resource("degradation"), model="operations.Override")
BREAKER: Final = Policy(resource=Resource("breaker"))

register(DEGRADATION, BREAKER)
