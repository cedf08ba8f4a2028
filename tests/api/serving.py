"""The real web server over the test database: the same process, server and settings as `make run` has."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlunsplit

from django.db import connection

from tests.support.http import Client, NoAnswer
from tests.support.stack import PROJECT, free_port

START_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """Where the server listens, and what it has written."""

    port: int
    log: Path


def database_url() -> str:
    """The database that the tests use at this moment."""
    settings = connection.settings_dict
    user = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}@{settings['HOST']}:{settings['PORT']}"
    return urlunsplit(("postgresql", user, settings["NAME"], "", ""))


@contextmanager
def serving(place: Path, *, application: str = "rustok.wsgi:application", **environment: str) -> Iterator[Served]:
    """Serve until the block ends. `place` takes the log."""
    port, log = free_port(), place / "web.log"
    wanted = {"RUSTOK_DATABASE_URL": database_url(), "RUSTOK_PORT": str(port), "RUSTOK_ENVIRONMENT": "development"}
    wanted["RUSTOK_SERVICE_MODES"] = "false"  # no worker runs beside it, and the sweep sets every mode
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "4", "--no-ws", application,
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **wanted, **environment}, stdout=output, stderr=output
        )
    try:
        _wait(process, port, log)
        yield Served(port, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with Client(port=port, host="localhost") as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                client.get("/api/errors/")
            except NoAnswer:
                time.sleep(0.1)
            else:
                return
    raise RuntimeError(f"the server did not come up:\n{log.read_text(errors='replace')[-4000:]}")
