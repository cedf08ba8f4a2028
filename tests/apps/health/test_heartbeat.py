"""The heartbeat proves work: it delivers what is due, and a worker that cannot do that has none."""

from __future__ import annotations

import pytest

from apps.events.models import Event
from apps.health import tasks
from apps.health.queries import beats
from apps.tenants.isolation import platform_scope
from rustok.db.transactions import unit_of_work
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
