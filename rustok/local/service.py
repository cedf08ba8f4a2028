"""One supervised process: started in its own group, restarted with back-off, ended with everything it started."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rustok.local import logs, processes

FIRST_PAUSE, LONGEST_PAUSE = 0.3, 8.0  # seconds before a restart
STEADY = 20.0  # seconds alive after which a death counts as the first again


class Service:
    """A long-running command of the platform. Start it from the main thread: Linux ties it to the starting thread."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Keep what to run; nothing is started."""
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.log = log
        self.failures = 0  # deaths in a row, none of them after a steady life
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due: float | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the running process."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self, *, rotate: bool = True) -> None:
        """Start the process; it gets SIGTERM when the supervisor dies, however that happens (Linux)."""
        self._due = None
        self._started = time.monotonic()
        with logs.open_log(self.log, rotate=rotate) as output:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=self.environment,
                preexec_fn=processes.die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads here; prctl only
            )

    def tick(self) -> str | None:
        """Restart the process when it is dead and its pause is over; return a line to show when it just died."""
        if self._child is None or self._child.poll() is None:
            return None
        if self._due is None:
            return self._plan_restart(self._child)
        if time.monotonic() >= self._due:
            self.start(rotate=False)
        return None

    def _plan_restart(self, child: subprocess.Popen[bytes]) -> str:
        processes.kill_group(child.pid)
        self.failures = 1 if time.monotonic() - self._started > STEADY else self.failures + 1
        pause = min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_PAUSE)
        self._due = time.monotonic() + pause
        return f"{self.name} {_ending(child.returncode)}; starting it again in {pause:.1f} s (log: {self.log})"

    def ask_to_stop(self) -> None:
        """Send SIGTERM and return at once."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def stopped(self) -> bool:
        """Whether the process is gone (its group may not be)."""
        return self._child is None or self._child.poll() is not None

    def finish(self) -> None:
        """Kill what is left of the process and its group."""
        if self._child is not None:
            processes.kill_group(self._child.pid)
            self._child.wait()
            self._child = None


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def environment(data: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a supervised process: ours, `extra`, and the mark for the next start."""
    return processes.environment({**extra, processes.MARK: str(data), "PYTHONUNBUFFERED": "1"})
