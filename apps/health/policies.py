"""Health and metrics of the platform. Nobody's own, and without rows that a door shows."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

HEALTH: Final = Policy(resource=Resource("health"))

register(HEALTH)
