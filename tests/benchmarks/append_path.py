"""The measured pieces of the event store. Imported once Django is set up."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.events import hints
from apps.events.aggregates import restore, take_snapshot
from apps.tenants.isolation import tenant_scope
from rustok.aggregates import Aggregate
from rustok.context import current, use
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from tests.support.events import ThingPoked
from tests.support.scratch import scratch_shop

WRITERS: Final = 8
WARM_UP: Final = 20
PATIENCE: Final = 120.0  # seconds
OURS: Final = "save, existing aggregate"
FRESH: Final = "save, new aggregate"
THEIRS: Final = "save, existing aggregate, eventsourcing"
REPLAY: Final = "restore, replayed"
SNAPSHOT: Final = "restore, from a snapshot"

Save = Callable[[int], None]


def measure(*, saves: int, rounds: int, events: int, compared: bool) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Saves per second of each side and round; seconds of each restore."""
    hints.use_sender(None)
    with scratch_shop() as shop, tenant_scope(shop):
        sides: dict[str, Callable[[], Save]] = {OURS: existing, FRESH: fresh}
        application = library() if compared else None
        if application is not None:
            sides[THEIRS] = lambda: of_library(application)
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for _round in range(rounds):
            for name, side in sides.items():
                rates[name].append(rate(side, saves))
        restoring = restores(events)
        if application is not None:
            application.close()
        return rates, restoring


def rate(side: Callable[[], Save], saves: int) -> float:
    """Saves per second of all writers together, once each of them is warm."""
    context, warm = current(), Barrier(WRITERS + 1)

    def write() -> None:
        try:
            with use(context):
                save = side()
                for n in range(WARM_UP):
                    save(n)
                warm.wait(PATIENCE)
                for n in range(saves):
                    save(n)
        except BaseException:
            warm.abort()  # nobody waits for who will not come
            raise
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write) for _writer in range(WRITERS)]
        warm.wait(PATIENCE)
        started = time.perf_counter()
        for writer in writers:
            writer.result(PATIENCE)
        return WRITERS * saves / (time.perf_counter() - started)


def existing() -> Save:
    """One more event of the same aggregate at each save, appended behind whatever stands there."""
    thing = str(new_id())

    def save(n: int) -> None:
        with unit_of_work() as uow:
            uow.record(ThingPoked(thing=thing, n=n))

    return save


def fresh() -> Save:
    """A new aggregate at each save."""

    def save(n: int) -> None:
        with unit_of_work() as uow:
            uow.record(ThingPoked(thing=str(new_id()), n=n), new_stream=True)

    return save


def library() -> Any:
    """An application of the eventsourcing library on the same database."""
    application = importlib.import_module("eventsourcing.application")
    there = connection.settings_dict
    return application.Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": there["NAME"],
            "POSTGRES_HOST": there["HOST"],
            "POSTGRES_PORT": str(there["PORT"]),
            "POSTGRES_USER": there["USER"],
            "POSTGRES_PASSWORD": there["PASSWORD"] or "unused",
            "POSTGRES_POOL_SIZE": str(WRITERS),
            "POSTGRES_SCHEMA": "public",
        }
    )


def of_library(application: Any) -> Save:
    """One more event of the same aggregate at each save, as the library's manual does it."""
    thing = importlib.import_module("tests.benchmarks.their_thing").Thing(n=0)
    application.save(thing)

    def save(n: int) -> None:
        thing.poke(n=n)
        application.save(thing)

    return save


@dataclass(frozen=True, slots=True)
class Tally:
    """The state of a thing: how often it was poked, and the last number."""

    pokes: int
    last: int


def count(state: Tally | None, event: Any) -> Tally:
    """One more."""
    return Tally((state.pokes if state else 0) + 1, event.n)


THING: Final = Aggregate(name="thing", state=Tally, fold=count, stored=lambda _ids: {})


def restores(events: int) -> dict[str, float]:
    """Seconds to restore one aggregate of so many events, the best of three: replayed, and from a snapshot."""
    thing: UUID = new_id()
    for start in range(0, events, 1_000):
        with unit_of_work() as uow:
            uow.record(*(ThingPoked(thing=str(thing), n=start + n) for n in range(1_000)))
    stream = f"thing-{thing}"
    replayed = restore(THING, stream)
    assert replayed.replayed == events, replayed
    slow = min(seconds(lambda: restore(THING, stream)) for _try in range(3))
    take_snapshot(THING, stream, replayed.state, replayed.version)
    assert restore(THING, stream).state == replayed.state
    return {REPLAY: slow, SNAPSHOT: min(seconds(lambda: restore(THING, stream)) for _try in range(3))}


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
