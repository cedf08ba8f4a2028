"""The roles that every shop has, and what they may do as long as nobody changes them. A role is a name for grants.

`owner` holds everything in one shop; `admin` all but the audit log; `manager` runs the shop day by day; `viewer` looks;
`customer` has what is its own, and does not enter the console. `operator` holds everything on the platform side. A role
of one side means nothing on the other. What is stored about roles is in `models.Role`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

OWNER: Final = "owner"
ADMIN: Final = "admin"
MANAGER: Final = "manager"
VIEWER: Final = "viewer"
CUSTOMER: Final = "customer"
OPERATOR: Final = "operator"

TENANT_ROLES: Final = (OWNER, ADMIN, MANAGER, VIEWER, CUSTOMER)
PLATFORM_ROLES: Final = (OPERATOR,)
FIXED: Final = frozenset({OWNER, OPERATOR})
"""Whoever may everything can repair everything: what is stored about these two changes nothing."""

_ACCOUNT: Final = frozenset({"session:read:own", "session:delete:own", "factor:read:own", "factor:delete:own"})
"""What people may do about how they sign in themselves. The console's account page asks for none of it; REST does."""
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
        "console:use",
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
                "token:*",
                "flag:*",
                "role:*",
                "session:*",
                "factor:*",
                "console:use",
            }
        ),
        MANAGER: _LOOK
        | _ACCOUNT
        | {"product:*", "stock:*"}
        | {f"order:{action}" for action in ("update", "confirm", "ship", "deliver", "cancel", "refund")},
        VIEWER: _LOOK | _ACCOUNT,
        CUSTOMER: _ACCOUNT
        | frozenset(
            {
                "product:read",
                "customer:read:own",
                "customer:update:own",
                "cart:*:own",
                "order:create:own",
                "order:read:own",
                "order:cancel:own",
                "payment:read:own",
            }
        ),
        OPERATOR: frozenset({"*:*"}),
    }
)


def permissions_of(role: str) -> frozenset[str]:
    """What a role grants as it came; nothing for a name that is no role of every shop."""
    return PERMISSIONS.get(role, frozenset())


def effective(role: str, stored: Iterable[str] | None) -> frozenset[str]:
    """What a role grants, given what is stored about it; None where nothing is."""
    return permissions_of(role) if stored is None or role in FIXED else frozenset(stored)
