"""Locking a person out, and letting them in again: what off-boarding needs. Who they were stays in every record."""

from __future__ import annotations

from uuid import UUID

from apps.security.access.errors import OwnAccount
from apps.security.access.services import check_owner_left, person_to_change
from apps.security.identity.visits import end_visits_of
from apps.security.models import ConsoleSession, User
from apps.security.tokens.services import end_families_of
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import unit_of_work


def lock_person(*, user_id: UUID, context: ExecutionContext) -> User:
    """Refuse a person from now on: sessions, service tokens and an operator's open visits end with the next request.

    Needs `user:update` and all that the person's role grants. Locking again is no error. API keys that the person made
    belong to programs and go on. Raises NotFound, GrantExceeded, OwnAccount, LastOwner.
    """
    with unit_of_work() as uow:
        user = person_to_change(user_id=user_id, context=context)
        if user.actor == context.actor:
            raise OwnAccount
        if not user.is_active:
            return user
        check_owner_left(user)
        user.is_active = False
        user.save(update_fields=["is_active", "updated_at"])
        visits = end_visits_of(operator_id=user.pk, context=context)
        tokens = end_families_of(user=user)
        sessions, _by_table = ConsoleSession.objects.filter(user=user).delete()
        ended = {"sessions": sessions, "tokens": tokens, "visits": visits}
        uow.audit(AuditEntry(action="user:lock", target=str(user.pk), details=ended))
    return user


def unlock_person(*, user_id: UUID, context: ExecutionContext) -> User:
    """Let a locked person sign in again, with what they had; nothing that ended comes back. No error when not locked.

    Needs `user:update` and all that the person's role grants. Raises NotFound, GrantExceeded.
    """
    with unit_of_work() as uow:
        user = person_to_change(user_id=user_id, context=context)
        if not user.is_active:
            user.is_active = True
            user.save(update_fields=["is_active", "updated_at"])
            uow.audit(AuditEntry(action="user:let_in", target=str(user.pk)))
    return user
