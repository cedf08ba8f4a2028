"""The real platform as a subject of rigs and benchmarks: `python -m rustok.local run` in a place of its own.

    with Stack.start(demo_baskets=5) as stack:
        shop = stack.shops[0].client()
        stack.kill("web")

Stopped with SIGINT as a person would; nothing of it survives the block.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from rustok.local.layout import free_port
from tests.support import proc
from tests.support.http import Client, NoAnswer

PROJECT = Path(__file__).resolve().parents[2]
READY_SECONDS = 240.0
STOP_SECONDS = 30.0
_MARKS = {"web": "granian", "worker1": "worker1@", "worker2": "worker2@", "beat": " beat "}
# Ours must not lead the subject to our servers, nor make each of its processes compile everything afresh.
_NOT_PASSED = (
    "RUSTOK_DATABASE_URL",
    "RUSTOK_BROKER_URL",
    "RUSTOK_REDIS_URL",
    "RUSTOK_SECRET_KEY",
    "PYTHONDONTWRITEBYTECODE",
    # What `tests.settings` pins for the suite's own process: a platform runs as it does for everybody.
    "RUSTOK_ENVIRONMENT",
    "RUSTOK_BREAKER_STORE",
    "RUSTOK_PROJECTION_PAUSE",
)


def environment_for_others() -> dict[str, str]:
    """Our environment without what leads to our own servers."""
    return {name: value for name, value in os.environ.items() if name not in _NOT_PASSED}


class StackFailed(RuntimeError):
    """The platform did not come up, or a part of it did not come back; the text ends with its log."""


@dataclass(frozen=True)
class Shop:
    """One demo tenant: how to reach it and with which key."""

    slug: str
    host: str
    port: int
    key: str

    def client(self, *, timeout: float = 10.0, token: str | None = None) -> Client:
        """A client of the tenant's host, with the tenant's key unless `token` says otherwise."""
        return Client(port=self.port, host=self.host, token=self.key if token is None else token, timeout=timeout)


class Stack:
    """A running platform."""

    def __init__(self, data: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        """Use `start`, which waits for the platform."""
        self.data, self.port, self.process, self.log = data, port, process, log
        self.facts: dict[str, Any] = {}
        self.receiver_port = 0

    @classmethod
    @contextmanager
    def start(
        cls, *, demo_baskets: int = 5, data: Path | None = None, webhook_timeout: float = 5, **environment: str
    ) -> Iterator[Self]:
        """Start on free ports and wait for `ready:`; `data` None means a new directory that is removed at the end.

        Webhooks may go to `receiver_port`, where nothing listens yet.
        """
        place = data or Path(tempfile.mkdtemp(prefix="rk-rig-"))
        port, receiver_port = free_port(), free_port()
        environment = {
            "RUSTOK_WEBHOOK_ALLOW": f"127.0.0.1:{receiver_port}",
            "RUSTOK_WEBHOOK_TIMEOUT": str(webhook_timeout),
        } | environment
        clean = environment_for_others()
        wanted = {"RUSTOK_DATA_DIR": str(place), "RUSTOK_PORT": str(port), "RUSTOK_DEMO_BASKETS": str(demo_baskets)}
        place.mkdir(parents=True, exist_ok=True)
        log = place / "supervisor.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "rustok.local", "run"],
                env={**clean, **wanted, **environment},
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches the rig, which then stops the platform in order
            )
        stack = cls(place, port, process, log)
        stack.receiver_port = receiver_port
        try:
            stack._wait_until_ready()
            yield stack
        finally:
            stack.stop()
            if data is None:
                shutil.rmtree(place, ignore_errors=True)

    @classmethod
    def running(cls, data: Path) -> Self:
        """One that somebody else has started, and will stop; for a look at it, not for kills."""
        facts = json.loads((data / "demo.json").read_text())
        port = urlsplit(facts["platform"]["url"]).port or 80
        stack = cls(data, port, None, data / "supervisor.log")  # type: ignore[arg-type]  # not ours to stop
        stack.facts = facts
        return stack

    def _wait_until_ready(self) -> None:
        def ready() -> bool:
            if self.process.poll() is not None:
                raise StackFailed(f"the platform ended with code {self.process.returncode}:\n{self.tail()}")
            return any(line.startswith("ready:") for line in self.log.read_text(errors="replace").splitlines())

        if not wait_until(ready, READY_SECONDS, every=0.2):
            raise StackFailed(f"not ready after {READY_SECONDS:.0f} s:\n{self.tail()}")
        self.facts = json.loads((self.data / "demo.json").read_text())

    @property
    def shops(self) -> list[Shop]:
        """The demo tenants."""
        return [
            Shop(item["slug"], item["url"].split("//")[1].partition(":")[0], self.port, item["api_key"])
            for item in self.facts["tenants"]
        ]

    def platform(self, *, timeout: float = 10.0) -> Client:
        """A client of the platform host with the platform key."""
        host = self.facts["platform"]["url"].split("//")[1].partition(":")[0]
        return Client(port=self.port, host=host, token=self.facts["platform"].get("api_key") or "", timeout=timeout)

    def settle(self, seconds: float) -> bool:
        """Wait until the demo receiver has as many events of every shop as its log; False when that takes longer."""

        def level() -> bool:
            with self.platform() as client:
                answer = client.get("/demo/arrivals/")
            return answer.status == 200 and all(shop["arrived"] >= shop["recorded"] for shop in answer.json()["shops"])

        return wait_until(level, seconds, every=0.5)

    def pid(self, name: str) -> int | None:
        """The pid of `postgres`, `valkey` or a service (web, worker1, worker2, beat); None while it is down."""
        if name in ("postgres", "valkey"):
            with suppress(OSError, ValueError):
                record = json.loads((self.data / "run" / f"{name}.json").read_text())
                return record["pid"] if proc.look(record["pid"]) else None
            return None
        leaders = [p for p in proc.with_environment(f"RUSTOK_SUPERVISED={self.data}") if p.pid == p.session]
        return next((leader.pid for leader in leaders if _MARKS[name] in f"{leader.command} "), None)

    def kill(self, name: str) -> int:
        """Send SIGKILL to a part of the platform and return the pid that it had.

        A service dies with its children (the web server's worker would answer for a moment); of PostgreSQL only the
        postmaster.
        """
        pid = self.pid(name)
        if pid is None:
            raise StackFailed(f"{name} does not run:\n{self.tail()}")
        if name in _MARKS:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
        return pid

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time used so far by web, worker (both), beat, postgres and valkey, in seconds."""
        groups = {"web": ("web",), "worker": ("worker1", "worker2"), "beat": ("beat",)}
        groups |= {"postgres": ("postgres",), "valkey": ("valkey",)}
        pids = {part: [pid for name in names if (pid := self.pid(name))] for part, names in groups.items()}
        return {part: proc.cpu_seconds(roots) for part, roots in pids.items()}

    def tail(self, lines: int = 30) -> str:
        """The end of the supervisor's output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Stop as Ctrl-C does; SIGKILL when that takes too long."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
            self.process.kill()
        self.process.wait()


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Poll until the condition holds; False when `seconds` are over. NoAnswer counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(NoAnswer):
            if condition():
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
