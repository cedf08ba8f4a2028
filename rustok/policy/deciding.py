"""The one place where a question about a permission is answered, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rustok.context import ExecutionContext
from rustok.errors.families import PermissionDenied
from rustok.grants import Grant, Scope, verdict
from rustok.policy.declaring import Policy


class Ground(StrEnum):
    """What decided."""

    GRANTED = "granted"  # a grant reaches every row
    OWN = "own"  # a grant reaches own rows, and this is one
    NOT_OWN = "not_own"  # … and this is none
    OWN_ROWS_ONLY = "own_rows_only"  # … and the question was about all
    NO_OWNER = "no_owner"  # a grant reaches own rows of a thing that is nobody's own
    WITHHELD = "withheld"  # a grant with the scope `none`
    NO_GRANT = "no_grant"  # nothing speaks of it


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer. `scope` is how far it reaches, `grant` what decided, `missing` what would have been needed."""

    allowed: bool
    permission: str
    scope: Scope
    rule: Ground
    grant: str = ""
    missing: str = ""

    @property
    def error(self) -> PermissionDenied:
        """The refusal that says why."""
        return PermissionDenied(
            permission=self.permission, rule=self.rule.value, grant=self.grant, missing=self.missing
        )


def decide(context: ExecutionContext, permission: str, policy: Policy | None = None, row: Any = None) -> Decision:
    """Whether the context may do `resource:action` with the row; without one, with every row.

    Cost: none beyond a look into memory, unless the grant reaches own rows only: then what the rule needs to read.
    """
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
