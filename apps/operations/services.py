"""What operators decide against the machine: the service mode and single breakers. Each decision ends by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.operations.errors import NothingToLift
from apps.operations.models import Override
from apps.operations.queries import dependencies
from apps.tenants.isolation import platform_scope
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext, use
from rustok.db.transactions import unit_of_work
from rustok.errors import FieldError
from rustok.errors.families import InvalidInput, NotFound
from rustok.policy import require
from rustok.resilience.circuit_breaker import State
from rustok.resilience.degradation import Mode
from rustok.resilience.dependencies import registry
from rustok.text import clean

LONGEST: Final = timedelta(days=7)
PLATFORM: Final = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """For how long, and why."""

    seconds: float
    reason: str


def set_mode(*, mode: Mode, decision: Decision, context: ExecutionContext) -> Override:
    """Hold the whole platform in a mode; every process follows within about a second.

    Needs `degradation:update`. Raises InvalidInput (no reason, no time or more than a week).
    """
    require(context, "degradation:update")
    return _decide(Override.KIND_MODE, PLATFORM, mode.word, decision, context, action="degradation:set")


def lift_mode(*, context: ExecutionContext) -> Override:
    """Let the measurements decide again. Needs `degradation:update`; raises NothingToLift."""
    require(context, "degradation:update")
    return _lift(Override.KIND_MODE, PLATFORM, context, action="degradation:lift")


def force_breaker(*, key: str, state: State, decision: Decision, context: ExecutionContext) -> Override:
    """Hold one breaker open (nobody calls) or closed (everybody does), in all processes.

    `key` is `dependency[:tenant[:target]]`; a shorter one holds everything under it. Needs `breaker:update`. Raises
    InvalidInput, and NotFound for a dependency that nobody has.
    """
    require(context, "breaker:update")
    key = clean(key, field="key", longest=300, required=True)
    if key.partition(":")[0] not in dependencies():
        raise NotFound(resource="dependency")
    made = _decide(Override.KIND_BREAKER, key, state.value, decision, context, action="breaker:force")
    registry().force(key, state, seconds=decision.seconds, by=context.actor.reference, reason=made.reason)
    return made


def reset_breaker(*, key: str, context: ExecutionContext) -> None:
    """Close a breaker and forget what is known of it, a decision included. Needs `breaker:update`."""
    require(context, "breaker:update")
    key = clean(key, field="key", longest=300, required=True)
    with use(context), platform_scope("reset a breaker"), unit_of_work() as uow:
        _holding(Override.KIND_BREAKER, key).update(lifted_at=timezone.now())
        uow.audit(AuditEntry(action="breaker:reset", target=key))
    registry().reset(key)


def _decide(
    kind: str, name: str, value: str, decision: Decision, context: ExecutionContext, *, action: str
) -> Override:
    reason = clean(decision.reason, field="reason", longest=255, required=True)
    if not 0 < decision.seconds <= LONGEST.total_seconds():
        wrong = FieldError("/seconds", "range", _("Give more than nothing and at most a week."))
        raise InvalidInput(errors=[wrong])
    now = timezone.now()
    with use(context), platform_scope("decide about modes and breakers"), unit_of_work() as uow:
        _holding(kind, name).update(lifted_at=now)
        made = Override.objects.create(
            kind=kind,
            name=name,
            value=value,
            until=now + timedelta(seconds=decision.seconds),
            decided_by=context.actor.reference,
            decided_at=now,
            reason=reason,
        )
        details = {"value": value, "until": made.until.isoformat()}
        uow.audit(AuditEntry(action=action, target=name, reason=reason, details=details))
    return made


def _lift(kind: str, name: str, context: ExecutionContext, *, action: str) -> Override:
    with use(context), platform_scope("lift a decision"), unit_of_work() as uow:
        found = _holding(kind, name).select_for_update().first()
        if found is None:
            raise NothingToLift(name=name)
        found.lifted_at = timezone.now()
        found.save(update_fields=["lifted_at"])
        uow.audit(AuditEntry(action=action, target=name))
    return found


def _holding(kind: str, name: str) -> QuerySet[Override]:
    return Override.objects.filter(kind=kind, name=name, lifted_at=None, until__gt=timezone.now())
