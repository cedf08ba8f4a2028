"""What PostgreSQL and Valkey have in common: an idempotent start, readiness by a real connection, and an end."""

import abc
import signal
import subprocess
from pathlib import Path

from rustok.local import logs, processes
from rustok.local.errors import StackError
from rustok.local.layout import Layout

READY_SECONDS = 120.0  # the recovery after a crash under load included


class Server(abc.ABC):
    """One embedded server of a data directory; whoever starts it, every process sees the same state."""

    name: str
    stop_signal = signal.SIGTERM

    def __init__(self, layout: Layout) -> None:
        """Keep the layout; nothing is started."""
        self.layout = layout
        self._child: subprocess.Popen[bytes] | None = None

    @abc.abstractmethod
    def ready(self) -> bool:
        """Whether a real client gets an answer now."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make files and clear what a crash left; called when no process of the server is recorded as running."""

    @abc.abstractmethod
    def spawn(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the process, detached from the terminal, writing to `log`."""

    @property
    def record(self) -> Path:
        """The file that names the running process."""
        return self.layout.run / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.layout.logs / f"{self.name}.log"

    @property
    def process(self) -> processes.Identity | None:
        """The running process, whoever started it."""
        if self._child is not None and self._child.poll() is None:
            return processes.Identity.of(self._child.pid)
        return processes.load(self.record)

    def start(self) -> bool:
        """Bring the server up; True when this call started it, False when it ran already.

        The caller holds the layout's `stack` lock. StackError with the end of the log when it does not come up.
        """
        running = self.process
        if running is not None:
            if processes.wait_until(lambda: self.ready() or not running.alive, READY_SECONDS / 4) and running.alive:
                return False
            processes.end(running, signal.SIGKILL, 5)
        self.prepare()
        logs.open_log(self.log, rotate=True).close()
        for attempt in (1, 2, 3):
            if self._attempt():
                return True
            if attempt < 3:
                self.after_failure()
        raise StackError(f"{self.name} does not start; the end of {self.log}:\n{logs.tail(self.log)}")

    def _attempt(self) -> bool:
        child = self._child = self.spawn(self.log)
        identity = processes.Identity.of(child.pid)
        if identity is not None:
            processes.save(self.record, identity)
        if (
            processes.wait_until(lambda: self.ready() or child.poll() is not None, READY_SECONDS)
            and child.poll() is None
        ):
            return True
        child.kill()
        child.wait()
        return False

    def after_failure(self) -> None:
        """Repair what may have prevented the start, before the next attempt."""
        self.prepare()

    def stop(self, seconds: float = 8) -> None:
        """End the server cleanly, with SIGKILL after `seconds`; returns when it is gone."""
        running = self.process
        if running is not None:
            processes.end(running, self.stop_signal, seconds)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self.record.unlink(missing_ok=True)
