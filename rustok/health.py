"""The registry of health checks. Each app declares its own in `checks.py`; `apps.health` samples and shows them.

    def disk() -> Observation:
        free = shutil.disk_usage(path).free
        if free < LEAST:
            raise CheckFailed(_("the disk is nearly full"), Observation(free, "bytes"))
        return Observation(free, "bytes")

    register(Check(name="disk", run=disk, interval=60, timeout=2, criticality=Criticality.HIGH))

A critical check that fails takes the process out of the load balancer; any other one only degrades it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext

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


class Reason:
    """One clear clause with facts in it, told in the reader's language now, or years later from what was `packed`."""

    __slots__ = ("_facts", "_text")

    def __init__(self, text: str | Promise = "", /, **facts: object) -> None:
        """`text` is a translatable template, as in `_("only {share} of the disk is free")`; no secrets."""
        self._text, self._facts = text, facts

    def __str__(self) -> str:
        text = str(self._text) if isinstance(self._text, Promise) else gettext(self._text) if self._text else ""
        try:
            return text.format(**self._facts) if self._facts else text
        except (KeyError, IndexError, ValueError):  # a stored one of another release, or a translation's slip
            return text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @property
    def packed(self) -> dict[str, Any]:
        """The untranslated template and its facts, as plain data."""
        with translation.override(None):  # no language: the message itself
            text = str(self._text)
        facts = {name: fact if isinstance(fact, int | float) else str(fact) for name, fact in self._facts.items()}
        return {"text": text, "facts": facts}

    @classmethod
    def unpacked(cls, stored: Mapping[str, Any]) -> Reason:
        """What `packed` gave."""
        return cls(stored.get("text", ""), **stored.get("facts", {}))


def as_reason(text: str | Promise | Reason) -> Reason:
    """The text as a reason without facts, unless it is one already."""
    return text if isinstance(text, Reason) else Reason(text)


class CheckFailed(Exception):
    """The check found something wrong, and tells operators what: `CheckFailed(_("{n} files are gone"), n=3)`.

    `observed` is what it measured nevertheless: alerts and panels need the number most when it is bad.
    """

    def __init__(self, text: str | Promise, /, observed: Observation | None = None, **facts: object) -> None:
        """Say what is wrong; it is translated where it is shown."""
        self.reason, self.observed = Reason(text, **facts), observed or Observation()
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class Observation:
    """What a check saw. `warning` says what is not yet wrong but soon will be."""

    value: float | int | str | None = None
    unit: str = ""
    warning: str | Promise | Reason = ""


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
