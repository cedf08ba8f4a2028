"""Machine work of flags."""

from __future__ import annotations

from dataclasses import replace

from apps.flags.services import sync_declared
from apps.tenants.isolation import platform_scope
from rustok.celery import task
from rustok.operations import INTERNAL, Criticality


@task(name="flags.sync_declared", permission=INTERNAL, criticality=Criticality.LOW, every=15.0)
def sync() -> None:
    """Give the flags that the code declares their rows, so that consoles list them; normally one statement."""
    with platform_scope("flags of the code") as context:
        sync_declared(context=replace(context, permissions=frozenset({"flag:update"})))
