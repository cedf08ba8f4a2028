"""The outbox libraries that the relay is measured against, each in its own process and database on the same server.

They are installed into a throw-away virtual environment; the platform never requires them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from rustok.config import ROOT, config

PEERS = {"django-outbox-pattern": "3.2.1", "django-jaiminho": "2.2.1", "django-celery-outbox": "0.4.3"}
INSTALL_SECONDS = 300
RUN_SECONDS = 600


class NoPeers(RuntimeError):
    """The libraries could not be installed here; nothing was compared."""


def rates(events: int, *, port: int = 0) -> dict[str, float]:
    """Events per second of each library's relay to a sink that does nothing, or by POST to `port`. Raises NoPeers."""
    with tempfile.TemporaryDirectory(prefix="rk-peers-") as place:
        python = _installed(Path(place))
        return {f"{name} {version}": events / _seconds(python, name, events, port) for name, version in PEERS.items()}


def _installed(place: Path) -> Path:
    uv, python = ROOT / ".tools" / "bin" / "uv", place / "bin" / "python"
    wanted = ["django>=5.2,<5.3", "psycopg[binary]", *(f"{name}=={version}" for name, version in PEERS.items())]
    try:
        for command in (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, place],
            [uv, "pip", "install", "--quiet", "--python", python, *wanted],
        ):
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoPeers(f"{type(error).__name__}: {error}") from error
    return python


def _seconds(python: Path, name: str, events: int, port: int) -> float:
    url = config().database_url.get_secret_value()
    database = name.replace("-", "_")
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(f'DROP DATABASE IF EXISTS "{database}"')
        link.execute(f'CREATE DATABASE "{database}"')
        try:
            own = urlsplit(url)._replace(path=f"/{database}").geturl()
            command = [python, Path(__file__).with_name("outbox_peer.py"), name, own, str(events), str(port)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=RUN_SECONDS)
        finally:
            link.execute(f'DROP DATABASE "{database}" WITH (FORCE)')
    return float(done.stdout.split()[-1])
