"""Who may do what. Doors and services ask here and nowhere else; roles and grants live in `apps.security`.

    require(context, "order:ship")                                  # for all rows, or PermissionDenied
    order = ResourceGuard(order, context).ensure("cancel")          # this row
    rows = ResourceGuard("order", context).visible(Order.objects.all())

Each app declares in its `policies.py` what its rows are called and when a row is somebody's own. The same declaration
answers for one row and filters many: `list(guard.visible(rows)) == [row for row in rows if guard.allows("read", row)]`.
"""

from __future__ import annotations

import re
from typing import Final

from rustok.grants import Grant, Scope, is_grant, lacking
from rustok.policy.deciding import Decision, Ground, decide
from rustok.policy.declaring import (
    Action,
    Need,
    Policy,
    Resource,
    find_policy,
    needs_of,
    policies,
    policy_of,
    register,
    resource,
    resources,
)
from rustok.policy.guard import ResourceGuard, enter, require, was_asked
from rustok.policy.rules import AnyOf, Holding, OwnedBy, Rule, Through, identity, reference

__all__ = [
    "PERMISSION",
    "Action",
    "AnyOf",
    "Decision",
    "Grant",
    "Ground",
    "Holding",
    "Need",
    "OwnedBy",
    "Policy",
    "Resource",
    "ResourceGuard",
    "Rule",
    "Scope",
    "Through",
    "decide",
    "enter",
    "find_policy",
    "identity",
    "is_grant",
    "is_permission",
    "lacking",
    "needs_of",
    "policies",
    "policy_of",
    "reference",
    "register",
    "require",
    "resource",
    "resources",
    "was_asked",
]

PERMISSION: Final = re.compile(r"(?:[a-z][a-z0-9_]*|\*):(?:[a-z][a-z0-9_]*|\*)")


def is_permission(text: str) -> bool:
    """Whether the text has the form `resource:action` (either part may be `*`)."""
    return PERMISSION.fullmatch(text) is not None
