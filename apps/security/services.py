"""Writes of this app: users and API keys. Every one of them leaves an audit entry, none of them a secret in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.access.grants import checked_grants, invalid
from apps.security.access.services import role_to_give
from apps.security.models import ApiKey, ConsoleSession, User
from apps.security.secrets import new_key
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import unit_of_work
from rustok.errors import FieldError
from rustok.errors.families import DuplicateEntry, InvalidInput, NotFound
from rustok.policy import Action, ResourceGuard, enter, require


def create_user(
    *,
    username: str,
    password: str | None,
    role: str,
    context: ExecutionContext,
    email: str = "",
    locale: str = "",
    must_change: bool = False,
) -> User:
    """Add a person to the current scope. Without a password nobody can sign in as this user yet.

    `must_change`: somebody else knows the password, so the person has to choose another one at the first sign-in. Needs
    `user:create` and every permission of the role. Raises InvalidInput, DuplicateEntry, GrantExceeded.
    """
    require(context, "user:create")
    user = User(username=username, email=email, role=role, locale=locale, must_change_password=must_change)
    _check_user(user, password)
    user.set_password(password)
    with unit_of_work() as uow:
        role_to_give(role, context)
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as error:
            raise DuplicateEntry(resource=str(_("user")), value=username) from error
        uow.audit(AuditEntry(action="user:create", target=str(user.pk), details={"username": username, "role": role}))
    return user


def set_password(*, user: User, password: str, context: ExecutionContext) -> None:
    """Give a user another password; open sessions of the user end. Needs `user:update` unless it is the user's own.

    A password that another person has set must be changed at the next sign-in, for a different one.
    """
    if context.actor != user.actor:
        require(context, "user:update")
    _check_user(user, password)
    if context.actor == user.actor and user.must_change_password and user.check_password(password):
        raise InvalidInput(
            errors=[FieldError("/password", "same", _("Choose another password than the one you have."))]
        )
    user.set_password(password)
    user.must_change_password = context.actor.kind == "user" and context.actor != user.actor
    with unit_of_work() as uow:
        user.save(update_fields=["password", "must_change_password", "updated_at"])
        ConsoleSession.objects.filter(user=user).delete()
        uow.audit(AuditEntry(action="user:set_password", target=str(user.pk)))


def create_api_key(
    *,
    name: str,
    permissions: Sequence[str],
    context: ExecutionContext,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for a program; the second value is the key itself, which is not stored and never shown again.

    Needs `api_key:create` and each permission that the key shall have. Raises InvalidInput, GrantExceeded.
    """
    require(context, "api_key:create")
    granted = checked_grants(list(permissions), context)
    if expires_at is not None and expires_at <= timezone.now():
        raise invalid("/expires_at", "past", _("This time has passed."))
    material = new_key()
    key = ApiKey(
        name=name,
        prefix=material.prefix,
        secret_hash=material.secret_hash,
        permissions=granted,
        created_by=context.actor.reference,
        expires_at=expires_at,
    )
    with unit_of_work() as uow:
        key.save(force_insert=True)
        details = {"name": name, "permissions": granted}
        uow.audit(AuditEntry(action="api_key:create", target=str(key.pk), details=details))
    return key, material.plain


def revoke_api_key(*, key_id: UUID, context: ExecutionContext) -> ApiKey:
    """Refuse a key from now on. Revoking it again is no error. Needs `api_key:delete`; raises NotFound."""
    enter(context, "api_key:delete")
    with unit_of_work() as uow:
        key = ApiKey.objects.select_for_update().filter(pk=key_id).first()
        if key is None:
            raise NotFound(resource=str(_("API key")))
        ResourceGuard(key, context).ensure(Action.DELETE)
        if key.revoked_at is None:
            key.revoke(at=timezone.now())
            uow.audit(AuditEntry(action="api_key:revoke", target=str(key.pk), details={"name": key.name}))
    return key


def _check_user(user: User, password: str | None) -> None:
    try:
        user.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        places = error.message_dict if hasattr(error, "error_dict") else {"password": error.messages}
        raise InvalidInput(
            errors=[FieldError(f"/{name}", "invalid", text) for name, texts in places.items() for text in texts]
        ) from error
