"""The registry of health checks. Each app declares its own in `checks.py`; `apps.health` samples and shows them.

    def disk() -> Observation:
        free = shutil.disk_usage(path).free
        if free < LEAST:
            raise CheckFailed(_("the disk is nearly full"))
        return Observation(value=free, unit="bytes")

    register(Check(name="disk", run=disk, interval=60, timeout=2, criticality=Criticality.HIGH))

A critical check that fails takes the process out of the load balancer; any other one only degrades it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from rustok.operations import Criticality


class Surface(StrEnum):
    """What people and programs notice when something behind it fails: the left side of the dependency graph."""

    REST = "rest"
    CONSOLE = "console"
    WEBHOOKS = "webhooks"
    BROKERS = "brokers"
    REPORTS = "reports"
    TASKS = "tasks"
    AUDIT = "audit"


EVERYTHING: frozenset[Surface] = frozenset(Surface)


class CheckFailed(Exception):
    """The check found something wrong. Its text is shown to operators: one clear clause, translatable, no secrets."""

    def __init__(self, text: str | Promise) -> None:
        """Say what is wrong; a lazy text is translated where it is shown."""
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Observation:
    """What a passing check saw. `warning` says what is not yet wrong but soon will be."""

    value: float | int | str | None = None
    unit: str = ""
    warning: str | Promise = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question about this process's surroundings. `interval` and `timeout` are in seconds.

    `affects` are the surfaces that suffer while it fails. `run` is called in a background thread, outside every scope,
    never twice at once. It returns an Observation or raises CheckFailed; anything else that it raises is logged and
    shown as an unknown error.
    """

    name: str
    run: Callable[[], Observation]
    interval: float = 15.0
    timeout: float = 3.0
    criticality: Criticality = Criticality.NORMAL
    affects: frozenset[Surface] = EVERYTHING

    @property
    def is_critical(self) -> bool:
        """Whether a failure means that this process must not be given requests."""
        return self.criticality is Criticality.CRITICAL


_checks: dict[str, Check] = {}


def register(check: Check) -> Check:
    """Enter a check. The same name for another check is a programming error."""
    known = _checks.setdefault(check.name, check)
    if known != check:
        raise ValueError(f"health check {check.name} is registered twice")
    return check


def checks() -> tuple[Check, ...]:
    """Every registered check, by name."""
    return tuple(_checks[name] for name in sorted(_checks))
