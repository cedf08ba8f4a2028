"""Roles and what they may do. One literal table; a role is a name for a set of permissions, nothing else.

`owner` holds everything in one shop; `admin` all but the audit log; `manager` runs the shop day by day; `viewer` looks.
`operator` holds everything on the platform side. A role of one side means nothing on the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OWNER: Final = "owner"
ADMIN: Final = "admin"
MANAGER: Final = "manager"
VIEWER: Final = "viewer"
OPERATOR: Final = "operator"

TENANT_ROLES: Final = (OWNER, ADMIN, MANAGER, VIEWER)
PLATFORM_ROLES: Final = (OPERATOR,)

_LOOK: Final = frozenset(
    {
        "product:read",
        "stock:read",
        "order:read",
        "cart:read",
        "payment:read",
        "customer:read",
        "event:read",
        "webhook:read",
        "delivery:read",
        "analytics:read",
        "report:read",
    }
)
PERMISSIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        OWNER: frozenset({"*:*"}),
        ADMIN: frozenset(
            {
                "product:*",
                "stock:*",
                "order:*",
                "cart:*",
                "payment:*",
                "customer:*",
                "event:*",
                "webhook:*",
                "delivery:*",
                "analytics:*",
                "report:*",
                "projection:*",
                "user:*",
                "api_key:*",
                "signing_key:*",
                "trust_policy:*",
                "flag:*",
            }
        ),
        MANAGER: _LOOK
        | {"product:*", "stock:*"}
        | {f"order:{action}" for action in ("update", "confirm", "ship", "deliver", "cancel")},
        VIEWER: _LOOK,
        OPERATOR: frozenset({"*:*"}),
    }
)


def permissions_of(role: str) -> frozenset[str]:
    """What a role grants; nothing for a name that is no role."""
    return PERMISSIONS.get(role, frozenset())
