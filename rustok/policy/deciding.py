"""The one place where a question about a permission is answered, with the reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from rustok.context import ExecutionContext
from rustok.errors.families import PermissionDenied
from rustok.grants import Grant, Scope, verdict
from rustok.policy.declaring import Need, Policy, needs_of


class Ground(StrEnum):
    """What decided."""

    GRANTED = "granted"  # a grant reaches every row
    OWN = "own"  # a grant reaches own rows, and this is one
    NOT_OWN = "not_own"  # … and this is none
    OWN_ROWS_ONLY = "own_rows_only"  # … and the question was about all
    NO_OWNER = "no_owner"  # a grant reaches own rows of a thing that is nobody's own
    WITHHELD = "withheld"  # a grant with the scope `none`
    NO_GRANT = "no_grant"  # nothing speaks of it
    NEEDS = "needs"  # granted, but the action does more here, and that is not granted


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer. `scope` is how far it reaches, `grant` what decided, `missing` what would have been needed.

    `sometimes` are permissions that the actor lacks and that the action takes with some of the rows asked about.
    """

    allowed: bool
    permission: str
    scope: Scope
    rule: Ground
    grant: str = ""
    missing: str = ""
    sometimes: tuple[str, ...] = ()

    @property
    def error(self) -> PermissionDenied:
        """The refusal that says why."""
        return PermissionDenied(
            permission=self.permission, rule=self.rule.value, grant=self.grant, missing=self.missing
        )


def decide(context: ExecutionContext, permission: str, policy: Policy | None = None, row: Any = None) -> Decision:
    """Whether the context may do `resource:action` with the row; without one, with every row.

    Where the action takes further permissions (`Need`), those are decided too. Cost: none beyond a look into memory,
    unless the grant reaches own rows only: then what the rule needs to read.
    """
    answer = _by_grants(context, permission, policy, row)
    needs = needs_of(permission) if answer.scope is not Scope.NONE else ()
    unmet = [(need, also) for need in needs if not (also := _also(context, need, policy, row)).allowed]
    for need, also in unmet:
        if need.when is None or (row is not None and need.when.holds(context, row)):
            return Decision(False, permission, Scope.NONE, Ground.NEEDS, also.grant, also.missing)
    if unmet and row is None:
        return replace(answer, sometimes=tuple(also.missing for _need, also in unmet))
    return answer


def _also(context: ExecutionContext, need: Need, policy: Policy | None, row: Any) -> Decision:
    """The answer about a further permission: about the same row, when it is about the same kind of thing."""
    same = policy is not None and policy.resource.name == need.permission.partition(":")[0]
    return _by_grants(context, need.permission, policy if same else None, row if same else None)


def _by_grants(context: ExecutionContext, permission: str, policy: Policy | None, row: Any) -> Decision:
    """The answer of the grants alone."""
    found = verdict(context.permissions, permission)
    own = policy.own if policy is not None else None
    if found.scope is Scope.ALL:
        return Decision(True, permission, Scope.ALL, Ground.GRANTED, found.grant)
    if found.scope is Scope.NONE:
        ground = Ground.WITHHELD if found.grant else Ground.NO_GRANT
        return Decision(False, permission, Scope.NONE, ground, found.grant, _missing(permission))
    if policy is not None and own is None:
        return Decision(False, permission, Scope.NONE, Ground.NO_OWNER, found.grant, _missing(permission))
    if own is None or row is None:
        return Decision(False, permission, Scope.OWN, Ground.OWN_ROWS_ONLY, found.grant, _missing(permission))
    if own.holds(context, row):
        return Decision(True, permission, Scope.OWN, Ground.OWN, found.grant)
    return Decision(False, permission, Scope.OWN, Ground.NOT_OWN, found.grant, _missing(permission))


def _missing(permission: str) -> str:
    return str(Grant.parse(permission))
