"""Which surface depends on what, and how each fares: checks, service mode and breakers here, surfaces there.

Facts only; the picture is drawn in `pictures`. Nothing here reads the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.health.sampler import Result, Status
from rustok.health import EVERYTHING, Reason, Surface
from rustok.resilience.degradation import Mode

TITLES: Final[dict[Surface, str | Promise]] = {
    Surface.REST: _("REST API"),
    Surface.CONSOLE: _("Consoles"),
    Surface.WEBHOOKS: _("Webhooks"),
    Surface.BROKERS: _("Message brokers"),
    Surface.REPORTS: _("Reports"),
    Surface.TASKS: _("Background work"),
    Surface.AUDIT: _("Audit log"),
}
BEHIND: Final[dict[str, frozenset[Surface]]] = {
    "payments": frozenset({Surface.REST}),
    "broker": frozenset({Surface.TASKS}),
    "oidc": frozenset({Surface.CONSOLE}),
}
"""Which surfaces the platform's own dependencies serve; others are what an installation adds."""
_MODES: Final = {
    Mode.FULL: Status.PASS,
    Mode.DEGRADED: Status.WARN,
    Mode.MINIMAL: Status.FAIL,
    Mode.OFFLINE: Status.FAIL,
}
_LEFT_OUT: Final[dict[Mode, frozenset[Surface]]] = {Mode.DEGRADED: frozenset({Surface.REPORTS, Surface.TASKS})}


@dataclass(frozen=True, slots=True)
class Part:
    """Something that surfaces stand on. `told` says why, when it does not simply work."""

    name: str
    title: str | Promise
    status: Status
    affects: frozenset[Surface]
    critical: bool = False
    told: str | Promise | Reason = ""


@dataclass(frozen=True, slots=True)
class Top:
    """A surface with its parts and the worst that they do to it."""

    surface: Surface
    title: str | Promise
    status: Status
    parts: Sequence[Part]

    @property
    def sick(self) -> list[Part]:
        """The parts that do not simply work."""
        return [part for part in self.parts if part.status is not Status.PASS]


@dataclass(frozen=True, slots=True)
class Graph:
    """Both sides."""

    tops: Sequence[Top]
    parts: Sequence[Part]


def graph(results: Iterable[Result], mode: Mode, breakers: Iterable[tuple[str, str]], names: Iterable[str]) -> Graph:
    """The graph now. `breakers` are (key, state) of sick ones, `names` all dependencies."""
    parts = [
        *(Part(r.check.name, r.check.name, r.status, r.check.affects, r.check.is_critical, r.output) for r in results),
        Part("mode", _("service mode"), _MODES[mode], _LEFT_OUT.get(mode, EVERYTHING), mode > Mode.DEGRADED, mode.word),
        *_breakers(dict(breakers), names),
    ]
    return Graph([_top(surface, parts) for surface in Surface], parts)


def _top(surface: Surface, parts: Sequence[Part]) -> Top:
    """A critical part that fails takes the surface along; anything else only degrades it."""
    mine = [part for part in parts if surface in part.affects]
    status = Status.PASS
    if any(part.critical and part.status is Status.FAIL for part in mine):
        status = Status.FAIL
    elif any(part.status is not Status.PASS for part in mine):
        status = Status.WARN
    return Top(surface, TITLES[surface], status, mine)


def _breakers(sick: dict[str, str], names: Iterable[str]) -> list[Part]:
    found = []
    for name in names:
        states = sorted({state for key, state in sick.items() if key.partition(":")[0] == name})
        open_ = [state for state in states if state != "closed"]
        keys = sorted(key for key, state in sick.items() if key.partition(":")[0] == name and state != "closed")
        status = (Status.FAIL if "open" in open_ else Status.WARN) if open_ else Status.PASS
        told = f"{', '.join(open_)}: {', '.join(keys[:3])}" + ("…" if len(keys) > 3 else "") if open_ else ""
        affects = BEHIND.get(name, frozenset({Surface.BROKERS}))
        found.append(Part(f"breaker-{name}", _titled(name), status, affects, told=told))
    return found


def _titled(name: str) -> str:
    return f"⚡ {name}"
