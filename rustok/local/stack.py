"""The servers together: which are needed, their URLs, who still uses them."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from rustok.local.errors import StackError
from rustok.local.layout import Layout
from rustok.local.postgres import SUPERUSER, Postgres
from rustok.local.server import Server
from rustok.local.valkey import BROKER, CACHE, Valkey

DATABASE_URL, BROKER_URL, REDIS_URL = "RUSTOK_DATABASE_URL", "RUSTOK_BROKER_URL", "RUSTOK_REDIS_URL"


class Stack:
    """The embedded servers of one data directory; a URL in the environment takes the place of its server."""

    def __init__(self, layout: Layout, environ: Mapping[str, str] = os.environ) -> None:
        """Decide which servers are needed; nothing is started."""
        self.layout = layout
        self.environ = environ
        self.postgres = None if environ.get(DATABASE_URL) else Postgres(layout)
        self.valkey = None if environ.get(BROKER_URL) and environ.get(REDIS_URL) else Valkey(layout)
        self.servers: tuple[Server, ...] = tuple(
            server for server in (self.postgres, self.valkey) if server is not None
        )

    def up(self) -> None:
        """Start what does not run; many processes may call this at once and get one server."""
        with self.layout.lock("stack"):
            for server in self.servers:
                server.start()

    def down(self) -> None:
        """Stop the servers, whoever started them."""
        with self.layout.lock("stack"):
            for server in reversed(self.servers):
                server.stop()

    def urls(self) -> dict[str, str]:
        """Return the environment that a program of the project needs beyond its own."""
        made = {"RUSTOK_DATA_DIR": str(self.layout.data)}
        if self.postgres is not None:
            made[DATABASE_URL] = self.postgres.url()
        if self.valkey is not None:
            made[BROKER_URL] = self.environ.get(BROKER_URL) or self.valkey.url(BROKER)
            made[REDIS_URL] = self.environ.get(REDIS_URL) or self.valkey.url(CACHE)
        if not self.environ.get("RUSTOK_SECRET_KEY"):
            made["RUSTOK_SECRET_KEY"] = self.layout.secret("secret_key")
        return made

    def status(self) -> dict[str, dict[str, object]]:
        """Return per server: pid, whether it answers, and where."""
        shown: dict[str, dict[str, object]] = {}
        for server in self.servers:
            process = server.process
            shown[server.name] = {"pid": process.pid if process else None, "ready": bool(process) and server.ready()}
        if self.postgres is not None and shown["postgres"]["ready"]:
            shown["postgres"] |= {"url": self.postgres.url(), "superuser_url": self.postgres.url(SUPERUSER, "postgres")}
        if self.valkey is not None and shown["valkey"]["ready"]:
            shown["valkey"] |= {"url": self.valkey.url(BROKER)}
        return shown

    @property
    def _keep(self) -> Path:
        return self.layout.run / "keep"

    def keep(self, wanted: bool) -> None:
        """Say whether the servers stay when their last user ends (`up` says yes, `down` no)."""
        if wanted:
            self._keep.touch()
        else:
            self._keep.unlink(missing_ok=True)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[dict[str, str]]:
        """Have the servers up inside the block; the last user stops them, unless `up` asked them to stay.

        The use is an advisory lock, so a user killed with SIGKILL does not count as one for ever.
        """
        with contextlib.ExitStack() as use:
            use.enter_context(self.layout.lock("users", shared=True))
            try:
                self.up()
                yield self.urls()
            finally:
                use.close()
                self._stop_if_unused()

    def _stop_if_unused(self) -> None:
        with self.layout.lock("users", wait=False) as alone:
            if alone and not self._keep.exists():
                with contextlib.suppress(StackError):
                    self.down()
