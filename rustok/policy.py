"""Who may do what. The one question that doors and services ask; roles and grants live in `apps.security`."""

from __future__ import annotations

import re
from typing import Final

from rustok.context import ExecutionContext
from rustok.errors.families import PermissionDenied

PERMISSION: Final = re.compile(r"(?:[a-z][a-z0-9_]*|\*):(?:[a-z][a-z0-9_]*|\*)")


def is_permission(text: str) -> bool:
    """Whether the text has the form `resource:action` (either part may be `*`)."""
    return PERMISSION.fullmatch(text) is not None


def require(context: ExecutionContext, permission: str) -> None:
    """Raise PermissionDenied unless the context grants `resource:action`."""
    if not context.allows(permission):
        raise PermissionDenied(permission=permission)
