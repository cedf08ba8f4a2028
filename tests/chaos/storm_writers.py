"""The storm's writers and its look at the database, in a process with the platform's settings.

`python -m tests.chaos.storm_writers setup|write|log|control|hold OPTIONS --out FILE`, options and answer as JSON. Run
by the rig with `rustok.local exec`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import DatabaseError, connection  # noqa: E402 - Django has to be set up first
from django.db.utils import InterfaceError  # noqa: E402

from apps.lifecycle.services.provisioning import ProvisionTenant, provision_tenant  # noqa: E402
from apps.tenants.isolation import platform_scope, tenant_scope  # noqa: E402
from apps.tenants.queries import resolve_slug  # noqa: E402
from apps.webhooks.services import create_endpoint  # noqa: E402
from rustok.context import Actor, ExecutionContext, current, use  # noqa: E402
from rustok.db.transactions import unit_of_work  # noqa: E402
from rustok.errors import DomainError  # noqa: E402
from tests.chaos.storm_facts import TYPES, StormBlew  # noqa: E402
from tests.support.events import elsewhere, run  # noqa: E402

STREAMS = 250  # of each tenant
THREADS = 4
MOST = 8  # events of one transaction
RIG = ExecutionContext(actor=Actor("user", "rig", "rig"), permissions=frozenset({"*:*"}))


def setup(run_name: str, tenants: int, receiver: str) -> list[dict[str, str]]:
    """Provision the tenants, each with an endpoint at the receiver; what the receiver has to know of them."""
    made = []
    for number in range(tenants):
        slug = f"{run_name}-{number:02d}"
        with platform_scope("fault rig"):
            provision_tenant(input=ProvisionTenant(slug=slug, name=slug), context=current())
        with tenant_scope(resolve_slug(slug)) as context:
            endpoint = create_endpoint(url=f"{receiver}/{slug}", event_types=[TYPES], context=context)
        made.append({"slug": slug, "secret": endpoint.secret})
    return made


class Writer(threading.Thread):
    """Appends to the streams of its tenants until its share is written; notes what was committed."""

    def __init__(self, slugs: list[str], share: int, seed: int) -> None:
        """`share` is a number of events."""
        super().__init__(daemon=True)
        self.slugs, self.share, self.chance = slugs, share, random.Random(seed)
        self.name = f"w{seed}"
        self.committed: list[list[str]] = []
        self.unknown: list[list[str]] = []
        self.conflicts = 0

    def run(self) -> None:
        """Write; a refused transaction is written anew with other tokens."""
        written = turn = 0
        while written < self.share:
            turn += 1
            slug = self.chance.choice(self.slugs)
            stream = f"{slug}-{self.chance.randrange(STREAMS)}"
            tokens = [f"{slug}/{self.name}.{turn}.{n}" for n in range(self.chance.randint(1, MOST))]
            try:
                with use(RIG), tenant_scope(resolve_slug(slug)), unit_of_work() as uow:
                    uow.record(*(StormBlew(storm=stream, token=token) for token in tokens))
                self.committed.append(tokens)
                written += len(tokens)
            except (DatabaseError, InterfaceError, DomainError) as error:
                self.conflicts += getattr(error, "name", "") == "VersionConflict"
                self.unknown.append(tokens)
                connection.close()
                time.sleep(0.05)


def write(slugs: list[str], events: int, seed: int) -> dict[str, Any]:
    """Have four writers write so many events in all."""
    writers = [Writer(slugs, events // THREADS, seed * 100 + number) for number in range(THREADS)]
    started = time.monotonic()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return {
        "committed": [tokens for writer in writers for tokens in writer.committed],
        "unknown": [tokens for writer in writers for tokens in writer.unknown],
        "conflicts": sum(writer.conflicts for writer in writers),
        "seconds": time.monotonic() - started,
    }


_LOG = """
    SELECT id::text, stream, version, position, data ->> 'token' FROM events_event
    WHERE type = 'rig.storm_blew' ORDER BY position NULLS FIRST
"""
_PARKED = "SELECT stream || ' after ' || attempts || ' attempts: ' || reason FROM events_parked"
_DEAD = "SELECT stream || ' after ' || attempts || ' attempts: ' || reason FROM events_dead_letter"
_POSITIONS = "SELECT count(*), count(DISTINCT position), coalesce(max(position), 0) FROM events_event"


def log(slugs: list[str]) -> dict[str, Any]:
    """Each tenant's events in order, whether its positions are dense, and what is parked or dead."""
    found = {}
    for slug in slugs:
        with use(RIG), tenant_scope(resolve_slug(slug)):
            parked, dead = [text for (text,) in run(_PARKED)], [text for (text,) in run(_DEAD)]
            rows, different, last = run(_POSITIONS)[0]
            dense = rows == different == last
            found[slug] = {"events": run(_LOG), "parked": parked, "dead": dead, "dense": dense}
    return found


_BY_SEQUENCE = (
    "SELECT seq, data ->> 'token' FROM events_event WHERE seq > %s AND stream LIKE 'storm-control%%' ORDER BY seq"
)
_BY_POSITION = (
    "SELECT position, data ->> 'token' FROM events_event"
    " WHERE position > %s AND stream LIKE 'storm-control%%' ORDER BY position"
)


def control(slug: str) -> dict[str, Any]:
    """Read behind a transaction held open: by sequence, as a naive outbox does, and by position, as the relay does."""
    with use(RIG), tenant_scope(resolve_slug(slug)):
        base_seq, base = run("SELECT coalesce(max(seq), 0), coalesce(max(position), 0) FROM events_event")[0]
        seen: dict[str, list[str]] = {"sequence": [], "position": []}
        cursors = {"sequence": base_seq, "position": base}
        with elsewhere() as call:
            with unit_of_work() as uow:
                uow.record(StormBlew(storm="control-late", token="late"))
                uow.flush()
                call(_write_early).result()
                _wait_numbered("early")
                _look(seen, cursors, call)
            _wait_numbered("late")
            _look(seen, cursors, call)
    return {name: sorted(tokens) for name, tokens in seen.items()}


_LAGS = """
    SELECT e.stream, 1000 * extract(epoch FROM min(d.attempted_at) - e.recorded_at)::float8
    FROM events_event e LEFT JOIN webhooks_delivery d ON d.event_id = e.id AND d.succeeded
    WHERE e.type = 'rig.storm_blew' AND e.stream LIKE %s GROUP BY e.id
"""
ARRIVAL_SECONDS = 60.0


def hold(slug: str, seconds: float, rate: float) -> dict[str, Any]:
    """Write at a fixed rate, first alone, then beside a transaction that has written and stays open for `seconds`.

    The milliseconds from each event's row to its arrival at the webhook's receiver; None for what never came.
    """
    run_name = f"hold-{time.time_ns() % 16**6:x}"
    with use(RIG), tenant_scope(resolve_slug(slug)):
        _write_at(rate, seconds / 2, f"{run_name}-alone")
        with elsewhere() as call:
            opened = threading.Event()
            held = call(_stay_open, f"{run_name}-late", seconds, opened)
            opened.wait(10)
            written = _write_at(rate, seconds - 1, f"{run_name}-beside")
            still_open = not held.done()
            held.result()
        deadline = time.monotonic() + ARRIVAL_SECONDS
        rows = run(_LAGS, f"storm-{run_name}-%")
        while any(lag is None for _stream, lag in rows) and time.monotonic() < deadline:
            time.sleep(0.2)
            rows = run(_LAGS, f"storm-{run_name}-%")
    lags = {part: [lag for stream, lag in rows if f"-{part}" in stream] for part in ("alone", "beside", "late")}
    return {"lags": lags, "written": written, "still_open": still_open}


def _stay_open(stream: str, seconds: float, opened: threading.Event) -> None:
    with unit_of_work() as uow:
        uow.record(StormBlew(storm=stream, token=stream))
        uow.flush()
        opened.set()
        time.sleep(seconds)


def _write_at(rate: float, seconds: float, stream: str) -> int:
    """Open loop, one event per transaction; how many."""
    started, many = time.monotonic(), round(rate * seconds)
    for n in range(many):
        time.sleep(max(0.0, started + n / rate - time.monotonic()))
        with unit_of_work() as uow:
            uow.record(StormBlew(storm=f"{stream}-{n % 20}", token=f"{stream}-{n}"))
    return many


def _write_early() -> None:
    with unit_of_work() as uow:
        uow.record(StormBlew(storm="control-early", token="early"))


def _wait_numbered(token: str) -> None:
    """Until the platform's relay has given the event its position."""
    for _ in range(600):
        if run("SELECT 1 FROM events_event WHERE data ->> 'token' = %s AND position IS NOT NULL", token):
            return
        time.sleep(0.05)
    raise SystemExit(f"event {token} got no position within 30 s")


def _look(seen: dict[str, list[str]], cursors: dict[str, int], call: Any) -> None:
    for name, statement in (("sequence", _BY_SEQUENCE), ("position", _BY_POSITION)):
        for place, token in call(run, statement, cursors[name]).result():
            cursors[name] = place
            seen[name].append(token)


def main() -> None:
    """Do one job; its options and its answer are JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=["setup", "write", "log", "control", "hold"])
    parser.add_argument("options", type=json.loads)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    with use(RIG):
        answer = globals()[wanted.job](**wanted.options)
    wanted.out.write_text(json.dumps(answer))


if __name__ == "__main__":
    sys.exit(main())
