"""The rebuild that somebody asked for in the console: one slice per task, until the new build has taken over."""

from __future__ import annotations

import logging
from typing import Final

from apps.insights.services import go_on
from apps.tenants.isolation import tenant_scope
from rustok.celery import task
from rustok.operations import INTERNAL, Criticality
from rustok.telemetry.logging import log_event

SLICE: Final = 2.0  # seconds of one task; then it queues itself again, behind the others


@task(name="insights.rebuild", permission=INTERNAL, criticality=Criticality.LOW)
def rebuild(*, tenant: str, projection: str) -> None:
    """Go on with a rebuild; a lost message stops it until somebody presses the button again, nothing is lost."""
    with tenant_scope(tenant):
        finished = go_on(name=projection, seconds=SLICE)
    if not finished:
        rebuild.apply_async(kwargs={"tenant": tenant, "projection": projection}, countdown=0.5)


def ask(*, tenant: str, projection: str) -> bool:
    """Queue the first slice; False when the broker is out of reach."""
    try:
        rebuild.apply_async(kwargs={"tenant": tenant, "projection": projection}, retry=False)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: the caller says so
        log_event("projection.not_queued", level=logging.WARNING, projection=projection, error=type(error).__name__)
        return False
    return True
