"""The heartbeat proves work: it delivers what is due, a worker that cannot has none. And workers follow modes."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
import time

import pytest
from celery.signals import worker_process_init

from apps.events.models import Event
from apps.health import tasks
from apps.health.queries import beats
from apps.tenants.isolation import platform_scope
from rustok.db.transactions import unit_of_work
from rustok.resilience.degradation import Mode, ModeOverride, controller
from tests.support.events import MemoryTransport, ThingPoked, relay


def test_heartbeat_numbers_and_delivers(platform):
    relay()
    memory = MemoryTransport()
    memory.subscribe()
    with unit_of_work() as uow:
        uow.record(ThingPoked(thing="beat"))

    tasks.heartbeat()

    assert Event.objects.exclude(position=None).filter(stream="thing-beat").exists()
    assert memory.versions("thing-beat") == [1]


def test_no_heartbeat_is_kept_of_a_failed_round(db, monkeypatch):
    monkeypatch.setattr(tasks, "relay_once", lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        tasks.heartbeat()
    with platform_scope("look"):
        assert beats()[0] is None


def look_after_fork(told):
    """As a child of a prefork worker: what it inherited, what it begins with, and what it measures."""
    inherited = controller().mode
    worker_process_init.send(sender="worker")
    begun, until = controller().mode, time.monotonic() + 20
    while not controller().values()["disk"] and time.monotonic() < until:
        time.sleep(0.02)
    told.put((inherited, begun, controller().values()["disk"], {thread.name for thread in threading.enumerate()}))


def test_a_child_of_a_worker_follows_modes_by_itself(monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage._replace(free=0))
    fork = multiprocessing.get_context("fork")
    told = fork.Queue()
    controller().set_override(ModeOverride(mode=Mode.OFFLINE, until=time.time() + 60))
    try:
        child = fork.Process(target=look_after_fork, args=(told,), daemon=True)
        child.start()
        inherited, begun, disk, threads = told.get(timeout=30)
        child.join(10)
    finally:
        controller().set_override(None)

    assert (inherited, begun, disk) == (Mode.OFFLINE, Mode.FULL, 1.0)
    assert threads >= {"mode", "degradation", "health-disk"}
