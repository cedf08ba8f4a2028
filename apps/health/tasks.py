"""The heartbeat: beat sends it, the broker carries it, a worker executes it, PostgreSQL keeps it (trap 13)."""

from __future__ import annotations

import os
import socket
from typing import Final

from celery.signals import worker_process_init, worker_ready

from apps.events.services import relay_once
from apps.health.feed import Feed
from apps.health.metrics import BEATS, STARTS
from apps.health.sampler import Sampler
from apps.health.services import record_heartbeat
from apps.operations.overrides import watch
from apps.tenants.isolation import platform_scope
from rustok.celery import task
from rustok.config import config
from rustok.health import checks
from rustok.operations import INTERNAL, Criticality
from rustok.resilience.degradation import controller

HEARTBEAT_SECONDS = 10.0
WATCHED: Final = frozenset({"disk"})
"""The checks that a worker runs itself: on a disk that is nearly full its writes are as bad as anybody's."""


@task(name="health.heartbeat", permission=INTERNAL, criticality=Criticality.HIGH, every=HEARTBEAT_SECONDS)
def heartbeat() -> None:
    """Prove that work sent to the queue is done: no heartbeat without a round of the relay."""
    relay_once()
    BEATS.inc()
    with platform_scope("heartbeat of a worker"):
        record_heartbeat(worker=f"{socket.gethostname()}:{os.getpid()}")


@worker_ready.connect(weak=False)
def follow_modes(**_kwargs: object) -> None:
    """Let a worker know the modes: what a person has set, and what it measures itself."""
    STARTS.inc()
    _follow()


@worker_process_init.connect(weak=False)
def follow_modes_in_child(**_kwargs: object) -> None:
    """A prefork child begins anew: the threads that end a mode stay with the parent, so it would hold for ever."""
    controller.cache_clear()
    watch.cache_clear()
    _follow()


def _follow() -> None:
    if config().service_modes:
        watched = Sampler(check for check in checks() if check.name in WATCHED)
        watched.start()
        Feed(watched).start()
        watch().start()
