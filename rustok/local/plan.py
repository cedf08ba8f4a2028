"""What `make run` runs: the start-up steps and the services, as data."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rustok.local.errors import StackError
from rustok.local.layout import LOOPBACK, PROJECT, Layout

# Granian and Celery stand beside the running interpreter.
PROGRAMS = Path(sys.executable).parent
MANAGE = (sys.executable, str(PROJECT / "manage.py"))


@dataclass(frozen=True)
class Step:
    """A start-up command that must succeed. `shown`: its output goes to the terminal (progress), not to a log."""

    name: str
    title: str
    command: tuple[str, ...]
    shown: bool = False


# Before the services: the schema they need.
BEFORE = (Step("migrate", "migrating", (*MANAGE, "fleet", "migrate")),)
# With the services up: the demo receiver answers while the baskets are replayed.
AFTER = (Step("demo", "loading the demo data", (*MANAGE, "demo", "load"), shown=True),)
# Pages that answer before "ready": the platform's before the steps of AFTER, each tenant's after them.
PLATFORM_PAGES = ("/health/ready", "/admin/login/", "/demo/")
TENANT_PAGES = ("/health/ready", "/admin/login/", "/api/docs/")


@dataclass(frozen=True)
class Settings:
    """How this run is reached."""

    port: int
    base_domain: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read RUSTOK_PORT (8000) and RUSTOK_BASE_DOMAIN (localhost)."""
        port = environ.get("RUSTOK_PORT") or "8000"
        if not (port.isdecimal() and 0 < int(port) < 65_536):
            raise StackError(f"RUSTOK_PORT is no port: {port}")
        return cls(int(port), environ.get("RUSTOK_BASE_DOMAIN") or "localhost")

    @property
    def url(self) -> str:
        """The platform's address."""
        return f"http://{self.base_domain}:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return what every process of this run is told; the demo receiver is the one loopback address it may call."""
        receivers = f"{LOOPBACK}:{self.port},{self.base_domain}:{self.port}"
        allowed = ",".join(filter(None, (os.environ.get("RUSTOK_WEBHOOK_ALLOW"), receivers)))
        return {
            "RUSTOK_PORT": str(self.port),
            "RUSTOK_BASE_DOMAIN": self.base_domain,
            "RUSTOK_WEBHOOK_ALLOW": allowed,
            "RUSTOK_DEMO": "true",
        }


@dataclass(frozen=True)
class Plan:
    """One run: what to do first, what to keep alive, what to do then, which pages to wait for."""

    services: Mapping[str, tuple[str, ...]]
    before: tuple[Step, ...] = BEFORE
    after: tuple[Step, ...] = AFTER
    platform_pages: tuple[str, ...] = PLATFORM_PAGES
    tenant_pages: tuple[str, ...] = TENANT_PAGES


def whole_platform(settings: Settings, layout: Layout) -> Plan:
    """Return the plan of `make run`: two workers, so that one can die."""
    web = (
        "--interface",
        "wsgi",
        "--host",
        LOOPBACK,
        "--port",
        str(settings.port),
        "--no-ws",
        "--respawn-failed-workers",
    )
    # More threads than the gate lets work or wait, and room for a flood of refusals (docs/operations.md, "Overload").
    threads = ("--workers", "1", "--blocking-threads", "144", "--workers-kill-timeout", "4")
    flood = ("--backpressure", "2048", "--backlog", "4096")
    # HTTP/1 with bounded, timely headers: HTTP/2 ends at the proxy, and here would only be one more way in.
    strict = ("--http", "1", "--http1-buffer-size", "65536", "--http1-header-read-timeout", "10000")
    celery = (str(PROGRAMS / "celery"), "-A", "rustok")
    worker = (*celery, "worker", "-P", "threads", "-c", "4", "-l", "INFO", "--without-gossip", "--without-mingle")
    commands = {
        "web": (str(PROGRAMS / "granian"), *web, *threads, *flood, *strict, "rustok.wsgi:application"),
        "worker1": (*worker, "-n", "worker1@%h"),
        "worker2": (*worker, "-n", "worker2@%h"),
        "beat": (*celery, "beat", "-l", "INFO", "-s", str(layout.run / "beat-schedule"), "--pidfile="),
    }
    return Plan(commands)
