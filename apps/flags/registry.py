"""Flags that the code asks for: each app declares its own in its `flags.py`, with an owner and a date of expiry.

    NEW_CHECKOUT = declare(FlagSpec(key="new-checkout-flow", owner="orders", expires=date(2027, 6, 30), note="…"))

A declared flag exists without a row and is off. Past its date tests and health wall complain: take the flag out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

KEY: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LONGEST_KEY: Final = 100


class Unit(StrEnum):
    """What a percentage is a part of: whole shops, or those who act (users, keys, or whom the caller names)."""

    TENANT = "tenant"
    ACTOR = "actor"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagSpec:
    """One flag. `delegated` lets a shop's staff target it inside their shop."""

    key: str
    owner: str
    expires: date
    note: str
    unit: Unit = Unit.ACTOR
    delegated: bool = True


_specs: dict[str, FlagSpec] = {}


def declare(spec: FlagSpec) -> FlagSpec:
    """Enter a flag. Raises ValueError for a malformed key, a missing owner, or one key with two meanings."""
    if not KEY.fullmatch(spec.key) or len(spec.key) > LONGEST_KEY:
        raise ValueError(f"{spec.key!r} is no flag key: lower-case words joined by hyphens")
    if not spec.owner or not spec.note:
        raise ValueError(f"flag {spec.key}: say who owns it and what it does")
    known = _specs.setdefault(spec.key, spec)
    if known != spec:
        raise ValueError(f"flag {spec.key} is declared twice")
    return spec


def declared() -> tuple[FlagSpec, ...]:
    """Every declared flag, by key."""
    return tuple(_specs[key] for key in sorted(_specs))


def overdue(today: date) -> tuple[FlagSpec, ...]:
    """The declared flags past their date."""
    return tuple(spec for spec in declared() if spec.expires < today)
