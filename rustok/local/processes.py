"""Processes beyond their parent: identity that survives pid reuse, ending of groups, leftovers of a crash."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rustok.local.layout import read_json, write_json

LINUX = sys.platform.startswith("linux")
PR_SET_PDEATHSIG = 1
# In the environment of every supervised process: whose it is, for the next start after a crash.
MARK = "RUSTOK_SUPERVISED"
# Loaded here because nothing may be imported or allocated freely between fork and exec.
_LIBC = ctypes.CDLL(None) if LINUX else None


@dataclass(frozen=True)
class Identity:
    """A process by pid and start time: a reused pid is another process."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """Return the identity of the live process `pid`; None for none and for a zombie."""
        facts = _facts(pid)
        if facts is None or facts[1] in "ZX":
            return None
        return cls(pid, facts[0])

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return Identity.of(self.pid) == self

    def signal(self, number: int) -> None:
        """Send a signal, if the process is still the same."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _facts(pid: int) -> tuple[str, str] | None:
    """Return (start time, state letter) of a process."""
    if LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return fields[19], fields[0]
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return (started.strip(), state[:1]) if state else None


def save(path: Path, identity: Identity) -> None:
    """Record a started process in `path`."""
    write_json(path, {"pid": identity.pid, "started": identity.started})


def load(path: Path) -> Identity | None:
    """Return the recorded process if it still runs."""
    record = read_json(path)
    pid, started = record.get("pid"), record.get("started")
    if not (isinstance(pid, int) and isinstance(started, str)):
        return None
    identity = Identity(pid, started)
    return identity if identity.alive else None


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Poll `condition` until it holds; False when `seconds` are over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def reap(pid: int) -> None:
    """Take the exit status of a dead child, so that it does not stay a zombie; nothing for another's child."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def end(identity: Identity, first: int, seconds: float) -> None:
    """End a process: signal `first`, then SIGKILL after `seconds`; returns when it is gone."""

    def gone() -> bool:
        reap(identity.pid)
        return not identity.alive

    identity.signal(first)
    if not wait_until(gone, seconds):
        identity.signal(signal.SIGKILL)
        wait_until(gone, 30)  # a disk under load can hold even a killed process for a while


def kill_group(leader: int) -> None:
    """Kill what is left of the process group of `leader`, so that an orphan cannot hold a port."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return our environment with `extra`, for a child that may keep compiled Python.

    PYTHONDONTWRITEBYTECODE, common in containers, makes every process of the platform compile 1,500 modules anew: four
    CPU seconds each.
    """
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | dict(extra)


def die_with_parent(number: int) -> Callable[[], None] | None:
    """Return a `preexec_fn` that asks Linux for signal `number` when the starting thread dies; None elsewhere."""
    if _LIBC is None:
        return None
    libc = _LIBC
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the request
            os.kill(os.getpid(), number)

    return ask


def _pids() -> Iterator[int]:
    if LINUX:
        yield from (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def working_in(folder: Path) -> list[int]:
    """Return the processes whose current directory is `folder` (PostgreSQL's are in their cluster). Linux only."""
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cwd").readlink() == folder.resolve():
                found.append(pid)
    return found


def marked(data: Path) -> list[int]:
    """Return the processes that a supervisor of this data directory started. Linux only."""
    wanted = f"{MARK}={data}".encode()
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def kill_all(find: Callable[[], list[int]], seconds: float = 5) -> None:
    """Kill everything that `find` returns until it returns nothing."""

    def none_left() -> bool:
        pids = [pid for pid in find() if pid != os.getpid() and Identity.of(pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            reap(pid)
        return not pids

    wait_until(none_left, seconds)
