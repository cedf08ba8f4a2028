"""The fleet: every shop's schema at once."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

FLEET: Final = Policy(resource=Resource("fleet", verbs=("migrate",)))

register(FLEET)
