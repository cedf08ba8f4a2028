"""Where the embedded stack keeps its things, and the small files that it remembers ports and secrets in."""

import contextlib
import fcntl
import json
import os
import random
import secrets
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rustok.local.errors import StackError

PROJECT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
# Below the range that Linux hands to outgoing connections, so that a remembered port is seldom taken.
PORT_RANGE = range(20_000, 32_000)
SECRET_NAMES = ("secret_key", "postgres_superuser", "postgres", "valkey")


@dataclass(frozen=True)
class Layout:
    """The folders and files of one data directory."""

    data: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Layout":
        """Return the layout of RUSTOK_DATA_DIR, by default `.rustok/` beside the code, created with mode 0700."""
        chosen = environ.get("RUSTOK_DATA_DIR") or str(PROJECT / ".rustok")
        layout = cls(Path(chosen).expanduser().absolute())
        layout.create()
        return layout

    def create(self) -> None:
        """Create the folders; StackError when the place is not ours to write."""
        try:
            for folder in (self.data, self.logs, self.run):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.data.chmod(0o700)
        except OSError as error:
            raise StackError(f"cannot use {self.data}: {error.strerror}; set RUSTOK_DATA_DIR") from error

    @property
    def postgres(self) -> Path:
        """The PostgreSQL cluster."""
        return self.data / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only file and configuration."""
        return self.data / "valkey"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.data / "logs"

    @property
    def run(self) -> Path:
        """Locks and process records."""
        return self.data / "run"

    @property
    def metrics(self) -> Path:
        """What the services have counted, for whichever of them answers a scrape."""
        return self.run / "metrics"

    def secret(self, name: str) -> str:
        """Return the generated secret `name`; all are made once, in a file of mode 0600."""
        path = self.data / "secrets.json"
        known = read_json(path)
        missing = [key for key in SECRET_NAMES if key not in known]
        if missing:
            known.update({key: secrets.token_urlsafe(48 if key == "secret_key" else 24) for key in missing})
            write_json(path, known)
        return str(known[name])

    def port(self, name: str) -> int:
        """Return the remembered port of server `name`, or a new free one when that is taken."""
        path = self.data / "ports.json"
        known = read_json(path)
        port = known.get(name)
        if not (isinstance(port, int) and is_free(port)):
            port = free_port()
            write_json(path, {**known, name: port})
        return port

    def remembered_port(self, name: str) -> int | None:
        """Return the port that server `name` was last started on, free or not."""
        port = read_json(self.data / "ports.json").get(name)
        return port if isinstance(port, int) else None

    @contextlib.contextmanager
    def lock(self, name: str, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
        """Hold the advisory lock `name`; yields False when `wait` is off and somebody else holds it.

        The kernel drops it with the process, so a crash leaves nothing to clean.
        """
        with (self.run / f"{name}.lock").open("w") as handle:
            mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            try:
                fcntl.flock(handle, mode if wait else mode | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def read_json(path: Path) -> dict[str, object]:
    """Return the object in `path`, empty when the file is absent or was torn by a crash."""
    try:
        value = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Replace `path` (mode 0600) so that a crash leaves the old or the new content, never half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(value, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    for port in random.sample(PORT_RANGE, 200):
        if is_free(port):
            return port
    raise StackError("no free loopback port found")
