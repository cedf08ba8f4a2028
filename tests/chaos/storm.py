"""Fifty thousand events of twenty tenants while workers die and freeze, sessions and the broker are cut off, and the
receiver fails every fifth call and hangs on every tenth. Nothing may be lost, stuck, out of order or take effect twice.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.findings import Finding, at_most, exactly, nothing
from tests.chaos.storm_faults import Faults, plan
from tests.support.http import Client
from tests.support.stack import PROJECT, Stack, environment_for_others, wait_until

FAULTS_SECONDS = 150.0
SETTLE_SECONDS = 420.0
LAST_RETRY_SECONDS = 60.0  # more than the back-off after the receiver's last bad answer
LIMIT_SECONDS = 600.0


def run(stack: Stack, *, seed: int, events: int, tenants: int, **_others: object) -> Iterator[Finding]:
    """Provision, write under fire, settle, draw up the ledger; then the negative control."""
    started = time.monotonic()
    name = f"storm-{time.time_ns() % 16**6:x}"
    jobs = Jobs(stack)
    made = jobs.do("setup", run_name=name, tenants=tenants, receiver=f"http://127.0.0.1:{stack.receiver_port}")
    slugs = [tenant["slug"] for tenant in made]
    out = stack.data / "storm-arrivals.json"
    faults = Faults(stack, jobs.database_url(), plan(seed, FAULTS_SECONDS))
    with receiving(stack.receiver_port, seed, out, {tenant["slug"]: tenant["secret"] for tenant in made}):
        faults.start()
        book = jobs.do("write", slugs=slugs, events=events, seed=seed)
        written = sum(map(len, book["committed"]))
        yield Finding("events committed", written, f">= {events}", written >= events)
        yield Finding("writing, events per second under fire", f"{written / book['seconds']:.0f}", "any", True)
        faults.join()
        settle_started = time.monotonic()
        # What was cut off while it committed may be in the log as well.
        logged = sum(len(facts["events"]) for facts in jobs.do("log", slugs=slugs).values())
        wait_until(lambda: taken(stack.receiver_port) >= logged, SETTLE_SECONDS, every=1.0)
        # What took effect and was answered with an error is tried again until the answer is good.
        wait_until(
            lambda: not any(facts["parked"] for facts in jobs.do("log", slugs=slugs).values()), LAST_RETRY_SECONDS
        )
        time.sleep(2.0)  # what must not come would come now
        settled = time.monotonic() - settle_started
    yield Finding(f"faults of seed {seed}", dict(faults.done), "each kind", len(faults.done) == 6)
    arrivals = json.loads(out.read_text())
    yield Finding("receiver", arrivals["faults"], "any", True)
    yield Finding("seconds until everything had arrived, after the last fault", f"{settled:.0f}", "any", True)
    yield from ledger(book, jobs.do("log", slugs=slugs), arrivals["taken"])
    yield at_most("seconds in all", time.monotonic() - started, LIMIT_SECONDS)
    yield from negative_control(jobs.do("control", slug=slugs[0]))


def ledger(book: dict[str, Any], logs: dict[str, Any], taken: list[list[Any]]) -> Iterator[Finding]:
    """Promised against logged against arrived."""
    committed = {token for tokens in book["committed"] for token in tokens}
    rows = [row for facts in logs.values() for row in facts["events"]]
    logged = Counter(token for *_rest, token in rows)
    arrived = [(slug, stream, version, data["token"]) for slug, _id, stream, version, data, _valid in taken]
    halves = [ts for ts in book["unknown"] if 0 < sum(token in logged for token in ts) < len(ts)]
    strangers = set(logged) - committed - {token for tokens in book["unknown"] for token in tokens}
    yield nothing("committed events missing in the log", sorted(committed - set(logged)))
    yield nothing("events in the log twice", [token for token, n in logged.items() if n > 1])
    yield nothing("transactions half in the log", halves)
    yield nothing("events in the log that nobody wrote", sorted(strangers))
    yield nothing("tenants whose positions are not dense", [slug for slug, facts in logs.items() if not facts["dense"]])
    yield nothing("events lost on the way", sorted(set(logged) - {token for *_rest, token in arrived}))
    yield nothing("effects more than once", [t for t, n in Counter(a[3] for a in arrived).items() if n > 1])
    yield nothing("events at another tenant's address", [a for a in arrived if not a[3].startswith(f"{a[0]}/")])
    yield nothing("signatures that are not valid", [row[1] for row in taken if not row[5]])
    yield nothing("streams out of order in the log", disorder([(row[1], row[2]) for row in rows]))
    yield nothing("streams out of order at the receiver", disorder([(a[1], a[2]) for a in arrived]))
    yield nothing("parked keys left", [key for facts in logs.values() for key in facts["parked"]])
    yield nothing("dead letters", [letter for facts in logs.values() for letter in facts["dead"]])
    yield Finding("streams", len({row[1] for row in rows}), "many", bool(rows))


def disorder(entries: list[tuple[str, int]]) -> list[str]:
    """The streams whose versions do not run 1, 2, 3 …"""
    versions: dict[str, list[int]] = defaultdict(list)
    for stream, version in entries:
        versions[stream].append(version)
    return [stream for stream, seen in versions.items() if seen != [*range(1, len(seen) + 1)]]


def negative_control(seen: dict[str, list[str]]) -> Iterator[Finding]:
    """The rig can see a loss: a cursor over the sequence misses what committed late, positions do not."""
    yield exactly("control: a sequence cursor loses the late commit", seen["sequence"], ["early"])
    yield exactly("control: positions do not", seen["position"], ["early", "late"])


class Jobs:
    """Work in processes with the platform's settings."""

    def __init__(self, stack: Stack) -> None:
        """Nothing runs yet."""
        self.stack = stack
        self.environment = {
            **environment_for_others(),
            "RUSTOK_DATA_DIR": str(stack.data),
            "RUSTOK_PORT": str(stack.port),
            "RUSTOK_WEBHOOK_ALLOW": f"127.0.0.1:{stack.receiver_port}",
            "DJANGO_SETTINGS_MODULE": "rustok.settings",
        }

    def do(self, job: str, **options: Any) -> Any:
        """Run one job to its end; its answer."""
        out = self.stack.data / f"storm-{job}.json"
        command = [sys.executable, "-m", "tests.chaos.storm_writers", job, json.dumps(options), "--out", str(out)]
        self._run(command)
        return json.loads(out.read_text())

    def database_url(self) -> str:
        """Where PostgreSQL is."""
        return self._run([sys.executable, "-c", "import os; print(os.environ['RUSTOK_DATABASE_URL'])"]).strip()

    def _run(self, command: list[str]) -> str:
        within = [sys.executable, "-m", "rustok.local", "exec", "--", *command]
        log = Path(self.stack.data / "storm.log")
        with log.open("ab") as errors:
            done = subprocess.run(
                within, env=self.environment, cwd=PROJECT, stdout=subprocess.PIPE, stderr=errors, text=True, check=False
            )
        if done.returncode:
            raise SystemExit(f"{command[2:4]} failed; the end of its log:\n{log.read_text()[-2000:]}")
        return done.stdout


@contextmanager
def receiving(port: int, seed: int, out: Path, secrets: dict[str, str]) -> Iterator[None]:
    """Have the bad receiver inside the block; afterwards `out` holds what it took."""
    command = [sys.executable, "-m", "tests.chaos.storm_receiver", str(port), str(seed), str(out), json.dumps(secrets)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait(20)


def taken(port: int) -> int:
    """How many different events the receiver has."""
    with Client(port=port, host="127.0.0.1", token="", timeout=3) as client:
        return int(client.get("/count").body)
