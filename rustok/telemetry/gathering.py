"""Several processes of one host as one scrape. Each writes its numbers to files in one directory; any of them answers.

A process that is gone leaves files. Its gauges go at the next scrape; its counters are added to one file for all
the dead, so that neither sums fall nor files pile up. The directory is emptied before the first process starts.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

RETIRED: Final = "retired"
_SUMS: Final = ("counter", "histogram")


class SharedNames:
    """A short list of names that all processes of the host agree on: first come, first served."""

    def __init__(self, file: Path) -> None:
        """The file appears with the first name."""
        self._file = file

    def enter(self, name: str, limit: int) -> set[str]:
        """The names after adding this one, if there was room."""
        with self._file.open("a+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            handle.seek(0)
            known = set(handle.read().splitlines())
            if len(known) < limit and name not in known:
                handle.write(name + "\n")
                known.add(name)
        return known


class _Documented(Collector):
    """The numbers of all processes, with the help texts that the files do not hold."""

    def __init__(self, place: Path, own: CollectorRegistry) -> None:
        self._files: Any = MultiProcessCollector(None, str(place))  # type: ignore[no-untyped-call]  # the library's gap
        self._texts = {metric.name: metric.documentation for metric in own.collect()}

    def collect(self) -> Iterator[Metric]:
        """Every metric that any process has written."""
        for metric in self._files.collect():
            metric.documentation = self._texts.get(metric.name, metric.documentation)
            yield metric


class _Read(Collector):
    """Metrics that have been read already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        """As they were."""
        return self._metrics


def gathered(place: Path, own: CollectorRegistry) -> CollectorRegistry:
    """What all processes of the host have counted, as a registry to render. Reads every file: milliseconds."""
    with _alone(place):
        bury(place)
        metrics = list(_Documented(place, own).collect())
    together = CollectorRegistry()
    together.register(_Read(metrics))
    return together


def bury(place: Path) -> None:
    """Fold the files of processes that are gone; the caller holds the lock."""
    for file in sorted(place.glob("*.db")):
        kind, _sign, owner = file.stem.rpartition("_")
        if not owner.isdigit() or _lives(int(owner)):
            continue
        if kind in _SUMS:
            _fold(file, place / f"{kind}_{RETIRED}.db")
        file.unlink(missing_ok=True)


def _fold(file: Path, into: Path) -> None:
    kept: Any = MmapedDict(str(into))  # type: ignore[no-untyped-call]  # as above
    try:
        read: Any = MmapedDict.read_all_values_from_file
        for key, value, moment, _place in read(str(file)):
            kept.write_value(key, kept.read_value(key)[0] + value, moment)
    finally:
        kept.close()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One scrape at a time: a file must not be counted while it is being folded."""
    with (place / "scrape.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
