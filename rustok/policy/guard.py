"""`ResourceGuard`: one policy for a row, for many rows, and for the explanation of both."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar, cast

from django.db.models import Model, Q, QuerySet

from rustok.context import NO_MEMO, ExecutionContext
from rustok.grants import Scope, scope_of
from rustok.policy.deciding import Decision, decide
from rustok.policy.declaring import Action, Policy, find_policy, is_row, needs_of, policies, policy_of
from rustok.policy.rules import NOTHING

T = TypeVar("T")
R = TypeVar("R", bound=Model)
ASKED: Final = "policy.asked"


class ResourceGuard(Generic[T]):
    """Answers for one resource in one context. `resource` is a row, a model, or a resource's name."""

    __slots__ = ("_context", "_name", "_policy", "_subject")

    def __init__(self, resource: T, context: ExecutionContext) -> None:
        """Find the policy. A name stands for the resource's model, when it has exactly one."""
        self._context, self._subject = context, resource
        self._policy: Policy | None = None
        if isinstance(resource, str):
            self._name: str = resource
            known = policies(resource)
            self._policy = known[0] if len(known) == 1 else None
        else:
            self._policy = policy_of(cast("type[Model] | Model", resource))
            self._name = self._policy.resource.name

    def decide(self, action: str = Action.READ, row: Any = None) -> Decision:
        """The answer with its reason."""
        if row is None and is_row(self._subject):
            row = self._subject
        policy = find_policy(row) if is_row(row) else self._policy
        return decide(self._context, f"{self._name}:{action}", policy, row)

    def allows(self, action: str = Action.READ, row: Any = None) -> bool:
        """Whether the action is allowed with this row, or without one with every row."""
        return self.decide(action, row).allowed

    def reaches(self, action: str = Action.READ) -> bool:
        """Whether there can be a row, maybe an own one, with which the action is allowed."""
        return self.decide(action).scope is not Scope.NONE

    def ensure(self, action: str = Action.READ) -> T:
        """The resource, if the action is allowed with it; else PermissionDenied, which says why."""
        note_asked(self._context)
        decision = self.decide(action)
        if not decision.allowed:
            raise decision.error
        return self._subject

    def visible(self, rows: QuerySet[R], action: str = Action.READ) -> QuerySet[R]:
        """Those of the rows with which the action is allowed. No statement; with a grant for all, the same query."""
        note_asked(self._context)
        policy = find_policy(rows.model)
        name = policy.resource.name if policy is not None else self._name
        permission = f"{name}:{action}"
        scope = decide(self._context, permission, policy).scope
        if scope is Scope.NONE or (scope is Scope.OWN and (policy is None or policy.own is None)):
            return rows.none()
        own = policy.own.where(self._context) if policy is not None and policy.own is not None else NOTHING
        return _without_unmet(rows if scope is Scope.ALL else rows.filter(own), self._context, permission, own)


def _without_unmet(rows: QuerySet[R], context: ExecutionContext, permission: str, own: Q) -> QuerySet[R]:
    """The rows less those with which the action takes a further permission that does not reach them."""
    for need in needs_of(permission):
        reach = scope_of(context.permissions, need.permission)
        if need.when is None or reach is Scope.ALL:
            continue
        same = need.permission.partition(":")[0] == permission.partition(":")[0]
        rows = rows.filter(~need.when.where(context) | (own if same and reach is Scope.OWN else NOTHING))
    return rows


def require(context: ExecutionContext, permission: str) -> None:
    """Raise PermissionDenied unless the context grants `resource:action` for all rows."""
    decision = decide(context, permission)
    if not decision.allowed:
        raise decision.error


def enter(context: ExecutionContext, permission: str) -> Scope:
    """How far the context reaches; raises PermissionDenied when that is nowhere. Own rows are asked about later."""
    decision = ResourceGuard(permission.partition(":")[0], context).decide(permission.partition(":")[2])
    if decision.scope is Scope.NONE:
        raise decision.error
    return decision.scope


def note_asked(context: ExecutionContext) -> None:
    """Remember for the door of this request that rows were asked about."""
    if context.memo is not NO_MEMO:
        context.memo[ASKED] = True


def was_asked(context: ExecutionContext) -> bool:
    """Whether a guard was asked about rows since the request came in."""
    return bool(context.memo.get(ASKED))
