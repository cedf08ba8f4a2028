"""Asking a flag: `is_enabled(NEW_CHECKOUT.key)`. Public to every app.

The first question of a request or task pins the snapshot; all its other questions are answered from the same one, so no
request sees two values. An answer costs about two microseconds and never waits for anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.conf import settings

from apps.flags.disk import LastKnown
from apps.flags.hints import ValkeyHints
from apps.flags.polling import Poller
from apps.flags.rules import OFF, Outcome, Subject
from apps.flags.snapshots import FROM_DATABASE, Snapshot
from apps.flags.source import PostgresSource
from apps.flags.store import FlagStore
from rustok.context import ANONYMOUS, NO_MEMO, ExecutionContext, current

_MEMO: Final = "flags"
STALE_SECONDS: Final = 2.0


@cache
def poller() -> Poller:
    """The process's flags."""
    store = FlagStore(PostgresSource(), LastKnown(settings.RUSTOK_FLAG_DIR / "last-known"))
    return Poller(store, ValkeyHints, threaded=settings.RUSTOK_FLAG_POLLING)


def pinned(context: ExecutionContext) -> Snapshot:
    """The snapshot of this request or task."""
    memo = context.memo
    snapshot: Snapshot | None = memo.get(_MEMO)
    if snapshot is None:
        snapshot = poller().current()
        if memo is not NO_MEMO:
            memo[_MEMO] = snapshot
    return snapshot


def is_enabled(key: str, *, unit: str = "", context: ExecutionContext | None = None) -> bool:
    """Whether the flag is on for the context (by default the active one); an unknown flag is off.

    `unit` is the id of whom the question is about, when that is not the actor (a customer, a device).
    """
    return outcome(key, unit=unit, context=context).value


def outcome(key: str, *, unit: str = "", context: ExecutionContext | None = None) -> Outcome:
    """The decision with its reason."""
    context = context or current()
    snapshot = pinned(context)
    rules = snapshot.flags.get(key)
    return OFF if rules is None else rules.decide(_subject(context, snapshot, unit))


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a flag has its value. `conflicts` are the rules that would have said otherwise, `stale` means unconfirmed."""

    key: str
    value: bool
    reason: str
    rule: str
    conflicts: tuple[str, ...]
    version: int
    origin: str
    stale: bool

    def as_dict(self) -> dict[str, Any]:
        """For answers."""
        return {name: getattr(self, name) for name in self.__slots__}


def is_known(key: str, *, context: ExecutionContext | None = None) -> bool:
    """Whether the flag is declared or stored."""
    return key in pinned(context or current()).flags


def explain(key: str, *, unit: str = "", context: ExecutionContext | None = None) -> Explanation:
    """The decision, what speaks against it, and how fresh the knowledge is."""
    context = context or current()
    snapshot = pinned(context)
    found, rules = outcome(key, unit=unit, context=context), snapshot.flags.get(key)
    matches = [] if rules is None else rules.matches(_subject(context, snapshot, unit))
    return Explanation(
        key=key,
        value=found.value,
        reason=found.reason,
        rule=found.rule,
        conflicts=tuple(match.rule for match in matches if match.value != found.value),
        version=snapshot.version,
        origin=snapshot.origin,
        stale=snapshot.origin != FROM_DATABASE or poller().store.age() > STALE_SECONDS,
    )


def all_outcomes(*, unit: str = "", context: ExecutionContext | None = None) -> dict[str, Outcome]:
    """Every flag's decision, by key, all of one snapshot."""
    context = context or current()
    snapshot = pinned(context)
    subject = _subject(context, snapshot, unit)
    return {key: snapshot.flags[key].decide(subject) for key in sorted(snapshot.flags)}


def _subject(context: ExecutionContext, snapshot: Snapshot, unit: str) -> Subject:
    tenant, actor = context.tenant, context.actor
    who = unit or ("" if actor is ANONYMOUS else actor.id)
    return Subject(who, None if tenant is None else tenant.id, context.groups, snapshot.ordinals)
