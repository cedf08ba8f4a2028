"""Flags compiled for evaluation: no statement, no lock, no allocation beyond the answer.

Order, the first that matches decides: kill switch; then the shop's level, then the operators' level, each from the most
particular to the most general: user, audience, group, tenant, the rest. `off` stands before `on` at every step. What
nobody decides is off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple
from uuid import UUID

from apps.flags.registry import Unit
from apps.flags.targeting import People, Targeting
from rustok.db.ids import IdSet

DISABLED: Final = "DISABLED"
MATCH: Final = "TARGETING_MATCH"
SPLIT: Final = "SPLIT"
STATIC: Final = "STATIC"
DEFAULT: Final = "DEFAULT"
SLICES: Final = 1000  # a percentage has one decimal


class Subject(NamedTuple):
    """Who asks. `ordinal` finds the dense number of an id, for audiences; None: not in any audience."""

    actor: str
    tenant: UUID | None
    groups: frozenset[str]
    ordinal: Callable[[str], int | None]


class Outcome(NamedTuple):
    """A decision: the value, OpenFeature's reason, and the rule that decided, for people."""

    value: bool
    reason: str
    rule: str


Step = Callable[[Subject], Outcome | None]
OFF: Final = Outcome(False, DEFAULT, "default")
KILLED: Final = Outcome(False, DISABLED, "kill switch")


@dataclass(frozen=True, slots=True)
class Audience:
    """A large list of users or of tenants."""

    members: IdSet
    of: str


@dataclass(frozen=True, slots=True)
class Rules:
    """One compiled flag."""

    key: str
    killed: bool
    shops: Mapping[UUID, tuple[Step, ...]]
    platform: tuple[Step, ...]

    def decide(self, subject: Subject) -> Outcome:
        """The answer for a subject."""
        if self.killed:
            return KILLED
        tenant = subject.tenant
        if tenant is not None and self.shops:
            for step in self.shops.get(tenant, ()):
                found = step(subject)
                if found is not None:
                    return found
        for step in self.platform:
            found = step(subject)
            if found is not None:
                return found
        return OFF

    def matches(self, subject: Subject) -> list[Outcome]:
        """Everything that speaks for or against, the deciding one first: shows conflicts."""
        steps = (*(self.shops.get(subject.tenant, ()) if subject.tenant else ()), *self.platform)
        found = [outcome for step in steps if (outcome := step(subject)) is not None]
        return [KILLED, *found] if self.killed else found


def compile_level(
    key: str, level: str, targeting: Targeting, *, unit: Unit, audiences: Mapping[str, Audience]
) -> tuple[Step, ...]:
    """The steps of one level, in their order; an empty level has none. `level` names it in answers."""
    steps: list[Step] = []
    sides = ((False, targeting.off), (True, targeting.on))
    steps += [_users(level, value, people) for value, people in sides if people.users]
    for value, people in sides:
        steps += [_audience(level, value, name, audiences[name]) for name in people.audiences if name in audiences]
    steps += [_groups(level, value, people) for value, people in sides if people.groups]
    steps += [_tenants(level, value, people) for value, people in sides if people.tenants]
    if targeting.enabled is not None:
        steps.append(_static(level, targeting.enabled))
    elif targeting.percent is not None:
        steps.append(_percentage(level, key, targeting.percent, unit))
    return tuple(steps)


def slice_of(key: str, unit: str) -> int:
    """The slice 0 … 999 of a unit under a flag: the same for ever, independent between flags."""
    return slicer(key)(unit)


def slicer(key: str) -> Callable[[str], int]:
    """`slice_of` for one flag, half the time: its key is hashed once."""
    begun = blake2b(f"{key}\0".encode("utf-8", "surrogatepass"), digest_size=6)

    def slice_of_unit(unit: str) -> int:
        state = begun.copy()
        state.update(unit.encode("utf-8", "surrogatepass"))
        return int.from_bytes(state.digest()) % SLICES

    return slice_of_unit


def _word(value: bool) -> str:
    return "on" if value else "off"


def _users(level: str, value: bool, people: People) -> Step:
    users, outcome = frozenset(people.users), Outcome(value, MATCH, f"{level}: user {_word(value)}")
    return lambda subject: outcome if subject.actor in users else None


def _audience(level: str, value: bool, name: str, audience: Audience) -> Step:
    members, outcome = audience.members, Outcome(value, MATCH, f"{level}: audience {name} {_word(value)}")
    of_tenants = audience.of == Unit.TENANT

    def step(subject: Subject) -> Outcome | None:
        one = str(subject.tenant) if of_tenants else subject.actor
        ordinal = subject.ordinal(one)
        return outcome if ordinal is not None and ordinal in members else None

    return step


def _groups(level: str, value: bool, people: People) -> Step:
    groups, outcome = frozenset(people.groups), Outcome(value, MATCH, f"{level}: group {_word(value)}")
    return lambda subject: None if groups.isdisjoint(subject.groups) else outcome


def _tenants(level: str, value: bool, people: People) -> Step:
    tenants = frozenset(UUID(text) for text in people.tenants)
    outcome = Outcome(value, MATCH, f"{level}: tenant {_word(value)}")
    return lambda subject: outcome if subject.tenant in tenants else None


def _static(level: str, value: bool) -> Step:
    outcome = Outcome(value, STATIC, f"{level}: {_word(value)} for everybody")
    return lambda _subject: outcome


def _percentage(level: str, key: str, percent: float, unit: Unit) -> Step:
    inside = round(percent * SLICES / 100)
    rule = f"{level}: {percent:g} % of {'shops' if unit == Unit.TENANT else 'actors'}"
    of_tenants, slice_of_unit = unit == Unit.TENANT, slicer(key)
    chosen, spared = Outcome(True, SPLIT, rule), Outcome(False, SPLIT, rule)

    def step(subject: Subject) -> Outcome:
        one = str(subject.tenant or "") if of_tenants else subject.actor
        return chosen if one and slice_of_unit(one) < inside else spared

    return step
