"""Health and metrics of the platform, and what went wrong with it. Nobody's own."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

HEALTH: Final = Policy(resource=Resource("health"), model="health.Incident")
METRICS: Final = Policy(resource=Resource("metrics"))

register(HEALTH, METRICS)
