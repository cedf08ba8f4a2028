"""Facts about running processes from Linux's /proc: who belongs to a stack, and how much CPU a tree has used."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """One process as it was when it was looked at. `ticks` include the children that it has reaped."""

    pid: int
    parent: int
    session: int
    ticks: int
    command: str


def look(pid: int) -> Process | None:
    """Return the facts of a live process, None for one that is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    if fields[0] in "ZX":
        return None
    return Process(pid, int(fields[1]), int(fields[3]), sum(map(int, fields[11:15])), command)


def everything() -> list[Process]:
    """All live processes."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [found for pid in pids if (found := look(pid)) is not None]


def tree(roots: Iterable[int]) -> list[Process]:
    """The processes `roots` and all that descend from them."""
    alive = everything()
    wanted = set(roots)
    grown = True
    while grown:
        children = {process.pid for process in alive if process.parent in wanted}
        grown = not children <= wanted
        wanted |= children
    return [process for process in alive if process.pid in wanted]


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU time used so far by the trees under `roots`, user and system, reaped children included."""
    return sum(process.ticks for process in tree(roots)) / TICKS_PER_SECOND


def with_environment(entry: str) -> list[Process]:
    """The live processes that have `NAME=value` in their environment."""
    found = []
    for process in everything():
        with suppress(OSError):
            if entry.encode() in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"):
                found.append(process)
    return found
