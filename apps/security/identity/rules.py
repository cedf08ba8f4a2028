"""What this console asks of people who sign in: one statement per console, process and two seconds, else from memory.

Whoever changes the policy is seen by other processes within `STALE_SECONDS`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from threading import Lock
from typing import Final

from apps.security.access.grants import check_held
from apps.security.models import IdentityPolicy, User
from apps.security.models.trust import OFF, OPTIONAL, REQUIRED
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext, current
from rustok.db.transactions import unit_of_work
from rustok.errors import FieldError
from rustok.errors.families import InvalidInput
from rustok.policy import require

STALE_SECONDS: Final = 2.0
CHANGE: Final = "trust_policy:update"
_CAPACITY: Final = 10_000
_STRICTER: Final = (OFF, OPTIONAL, REQUIRED)

__all__ = ["CHANGE", "OFF", "OPTIONAL", "REQUIRED", "STALE_SECONDS", "change_policy", "forget_policy", "second_factor"]

_known: Final[OrderedDict[str | None, tuple[float, str]]] = OrderedDict()
_lock: Final = Lock()


def second_factor() -> str:
    """OFF, OPTIONAL or REQUIRED, for the current scope."""
    schema, now = current().schema, time.monotonic()
    with _lock:
        found = _known.get(schema)
    if found is not None and now - found[0] < STALE_SECONDS:
        return found[1]
    read = IdentityPolicy.objects.values_list("second_factor", flat=True).first() or OPTIONAL
    with _lock:
        _known[schema] = (now, read)
        _known.move_to_end(schema)
        while len(_known) > _CAPACITY:
            _known.popitem(last=False)
    return read


def forget_policy() -> None:
    """Read afresh at the next request of this process."""
    with _lock:
        _known.clear()


def change_policy(*, second_factor: str, context: ExecutionContext) -> None:
    """Ask for second factors, offer or ignore them, from now on. Needs `trust_policy:update`; raises InvalidInput.

    To ask for less takes all that the people here may do (else GrantExceeded): nobody weakens who may do more.
    `required` does not end sessions: who has no factor yet sees only the page to add one.
    """
    require(context, CHANGE)
    if second_factor not in {OFF, OPTIONAL, REQUIRED}:
        raise InvalidInput(errors=[FieldError("/second_factor", "unknown", "off, optional, required")])
    with unit_of_work() as uow:
        now = IdentityPolicy.objects.select_for_update().values_list("second_factor", flat=True).first() or OPTIONAL
        if _STRICTER.index(second_factor) < _STRICTER.index(now):
            for person in User.objects.filter(is_active=True).order_by("role").distinct("role"):
                check_held(person.granted, context)
        IdentityPolicy.objects.update_or_create(only=True, defaults={"second_factor": second_factor})
        uow.audit(AuditEntry(action="identity_policy:update", details={"second_factor": second_factor}))
        uow.after_commit(forget_policy)
