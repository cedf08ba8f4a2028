"""Shops are the platform's."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

TENANT: Final = Policy(resource=Resource("tenant", verbs=("suspend", "resume", "configure")), model="tenants.Tenant")

register(TENANT)
