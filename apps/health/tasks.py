"""The heartbeat: beat sends it, the broker carries it, a worker executes it, PostgreSQL keeps it (trap 13)."""

from __future__ import annotations

import os
import socket

from celery.signals import worker_ready

from apps.events.services import relay_once
from apps.health.metrics import BEATS, STARTS
from apps.health.services import record_heartbeat
from apps.operations.overrides import watch
from apps.tenants.isolation import platform_scope
from rustok.celery import task
from rustok.config import config
from rustok.operations import INTERNAL, Criticality

HEARTBEAT_SECONDS = 10.0


@task(name="health.heartbeat", permission=INTERNAL, criticality=Criticality.HIGH, every=HEARTBEAT_SECONDS)
def heartbeat() -> None:
    """Prove that work sent to the queue is done: no heartbeat without a round of the relay."""
    relay_once()
    BEATS.inc()
    with platform_scope("heartbeat of a worker"):
        record_heartbeat(worker=f"{socket.gethostname()}:{os.getpid()}")


@worker_ready.connect(weak=False)
def follow_modes(**_kwargs: object) -> None:
    """Let a worker know the mode that a person has set."""
    STARTS.inc()
    if config().service_modes:
        watch().start()
