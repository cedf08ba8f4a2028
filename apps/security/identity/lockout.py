"""Lockout: how long to wait after so many failures, as a pure machine, and its rows, exact across processes.

An attempt is counted *before* the password is looked at and given back when it was right, so that parallel attempts
cannot slip past the count. An attempt while one must wait is refused uncounted: nobody can prolong somebody's wait, and
every wait is bounded. Names that do not exist are counted like those that do.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import ngettext

from apps.security.models import SignInCounter
from rustok.config import config
from rustok.db.transactions import unit_of_work

FORGET: Final = timedelta(hours=24)
"""A count without an attempt for so long begins again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`free` attempts in a row cost nothing; from then on each failure doubles the wait, from `base` up to `cap`."""

    free: int
    base: float
    cap: float

    def wait(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return 0.0 if failures < self.free else min(self.cap, self.base * 2.0 ** min(failures - self.free, 32))


@dataclass(frozen=True, slots=True)
class Tally:
    """Failures in a row, when the last one was, and until when nobody may try."""

    failures: int = 0
    last_at: datetime | None = None
    blocked_until: datetime | None = None

    def remaining(self, at: datetime) -> float:
        """Seconds until the next attempt; 0 when it may be made now."""
        return max(0.0, (self.blocked_until - at).total_seconds()) if self.blocked_until is not None else 0.0

    def tried(self, at: datetime, limits: Limits) -> Tally:
        """After one more attempt; only for one that may be made now."""
        stale = self.last_at is None or at - self.last_at >= FORGET
        failures = 1 if stale else self.failures + 1
        wait = limits.wait(failures)
        return Tally(failures, at, at + timedelta(seconds=wait) if wait else None)

    def given_back(self, limits: Limits) -> Tally:
        """One attempt taken back; the wait that it began ends, unless the rest has earned it."""
        failures = max(0, self.failures - 1)
        return Tally(failures, self.last_at, self.blocked_until if limits.wait(failures) else None)


@dataclass(frozen=True, slots=True)
class Key:
    """Whose attempts are counted together. `resets`: a success forgets everything, else only that attempt."""

    kind: str
    value: str
    limits: Limits
    resets: bool = True

    @property
    def digest(self) -> bytes:
        """What is stored: names and addresses themselves are not."""
        return hashlib.sha256(f"{self.kind}\0{self.value}".encode()).digest()


def account_limits() -> Limits:
    """Of one name, device or person."""
    return Limits(config().lockout_attempts, config().lockout_base, config().lockout_cap)


def address_limits() -> Limits:
    """Of one address, from which many people may sign in."""
    return Limits(config().lockout_address_attempts, config().lockout_base, config().lockout_cap)


def take(keys: Sequence[Key], *, at: datetime) -> float:
    """Count an attempt under every key, or under none and return the seconds to wait (0: go on). Commits by itself.

    Three statements; rows are locked in the order of their keys, so that two attempts cannot wait for each other.
    """
    with unit_of_work():
        rows = _locked(keys, at)
        wait = max(_tally(rows[key.digest]).remaining(at) for key in keys)
        if not wait:
            for key in keys:
                _store(rows[key.digest], _tally(rows[key.digest]).tried(at, key.limits))
    return wait


def give_back(keys: Sequence[Key], *, at: datetime) -> None:
    """Take the attempt back: it was right."""
    with unit_of_work():
        rows = _locked(keys, at)
        for key in keys:
            row = rows[key.digest]
            _store(row, Tally(0, at) if key.resets else _tally(row).given_back(key.limits))


def longest_wait(keys: Sequence[Key], *, at: datetime) -> float:
    """Seconds until the next attempt under these keys; 0 when it may be made now. One statement."""
    rows = SignInCounter.objects.filter(key__in=[key.digest for key in keys])
    return max((_tally(row).remaining(at) for row in rows), default=0.0)


def words(seconds: float) -> str:
    """A wait for people, rounded up: "30 seconds", "2 minutes"."""
    whole = math.ceil(seconds)
    if whole < 60:
        return ngettext("%(count)d second", "%(count)d seconds", whole) % {"count": whole}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def forget(digests: Sequence[bytes]) -> int:
    """Begin these counts again; returns how many there were."""
    return SignInCounter.objects.filter(key__in=digests, failures__gt=0).delete()[0]


def forget_old(*, at: datetime) -> None:
    """Remove counts that mean nothing any more."""
    SignInCounter.objects.filter(last_at__lt=at - FORGET).delete()


def _locked(keys: Sequence[Key], at: datetime) -> dict[bytes, SignInCounter]:
    digests = sorted({key.digest for key in keys})
    SignInCounter.objects.bulk_create(
        [SignInCounter(key=digest, last_at=at) for digest in digests], ignore_conflicts=True
    )
    rows = SignInCounter.objects.select_for_update().filter(key__in=digests).order_by("key")
    return {bytes(row.key): row for row in rows}


def _tally(row: SignInCounter) -> Tally:
    return Tally(row.failures, row.last_at, row.blocked_until)


def _store(row: SignInCounter, tally: Tally) -> None:
    row.failures, row.last_at, row.blocked_until = tally.failures, tally.last_at or row.last_at, tally.blocked_until
    row.save(update_fields=["failures", "last_at", "blocked_until"])
