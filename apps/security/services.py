"""Writes of this app: users and API keys. Every one of them leaves an audit entry, none of them a secret in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.access.grants import check_held, checked_grants, invalid
from apps.security.access.services import role_to_give
from apps.security.bounds import check_bounds
from apps.security.models import ApiKey, ConsoleSession, User
from apps.security.networks import MOST_NETWORKS, canonical
from apps.security.secrets import new_key
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.transactions import unit_of_work
from rustok.errors import FieldError
from rustok.errors.families import DuplicateEntry, InvalidInput, NotFound
from rustok.policy import Action, ResourceGuard, enter, require

MOST_OVERLAP: Final = timedelta(days=30)


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
        uow.audit(AuditEntry(action="user:create", target=str(user.pk), details={"role": role}))
    return user


def set_password(*, user: User, password: str, context: ExecutionContext) -> None:
    """Give a user another password; open sessions of the user end. Needs `user:update` unless it is the user's own.

    Another person's password opens all that this person may do: it takes every permission of the user, too. A password
    that another person has set must be changed at the next sign-in, for a different one. Raises GrantExceeded.
    """
    if context.actor != user.actor:
        require(context, "user:update")
        check_held(user.granted, context)
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
    allowed_networks: Sequence[str] = (),
) -> tuple[ApiKey, str]:
    """Make a key for a program; the second value is the key itself, which is not stored and never shown again.

    `allowed_networks` (CIDR, IPv4 and IPv6): from where it may be used; none means from anywhere. Needs
    `api_key:create` and each permission that the key shall have; a key that makes one cannot give it a longer life or
    more networks than its own. Raises InvalidInput, GrantExceeded.
    """
    networks = _checked_networks(allowed_networks)
    check_bounds(expires_at=expires_at, networks=networks, context=context)
    return _new_key(name, permissions, expires_at, networks, context)


def _new_key(
    name: str, permissions: Sequence[str], expires_at: datetime | None, networks: list[str], context: ExecutionContext
) -> tuple[ApiKey, str]:
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
        allowed_networks=networks,
        created_by=context.actor.reference,
        expires_at=expires_at,
    )
    with unit_of_work() as uow:
        key.save(force_insert=True)
        details = {"name": name, "permissions": granted, "networks": networks}
        uow.audit(AuditEntry(action="api_key:create", target=str(key.pk), details=details))
    return key, material.plain


def rotate_api_key(*, key_id: UUID, overlap: timedelta, context: ExecutionContext) -> tuple[ApiKey, str]:
    """Make a successor that has what the key has; the key itself ends after `overlap`.

    A key that ends gets a successor that lasts as long, by itself too: that is how short-lived keys go on. Needs
    `api_key:update`, and what `create_api_key` needs. Raises NotFound, InvalidInput, GrantExceeded.
    """
    enter(context, "api_key:update")
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        raise invalid("/overlap_hours", "range", _("The overlap is between nothing and 30 days."))
    now = timezone.now()
    with unit_of_work() as uow:
        old = ResourceGuard(_locked_key(key_id), context).ensure(Action.UPDATE)
        if old.revoked_at is not None:
            raise NotFound(resource=str(_("API key")))
        expires_at = now + (old.expires_at - old.created_at) if old.expires_at is not None else None
        if context.actor.reference != f"api_key:{old.pk}":
            check_bounds(expires_at=expires_at, networks=old.allowed_networks, context=context)
        new, plain = _new_key(old.name, old.permissions, expires_at, old.allowed_networks, context)
        old.retire(at=now + overlap)
        uow.audit(AuditEntry(action="api_key:rotate", target=str(old.pk), details={"successor": str(new.pk)}))
    return new, plain


def revoke_api_key(*, key_id: UUID, context: ExecutionContext) -> ApiKey:
    """Refuse a key from now on. Revoking it again is no error. Needs `api_key:delete`; raises NotFound."""
    enter(context, "api_key:delete")
    with unit_of_work() as uow:
        key = ResourceGuard(_locked_key(key_id), context).ensure(Action.DELETE)
        if key.revoked_at is None:
            key.revoke(at=timezone.now())
            uow.audit(AuditEntry(action="api_key:revoke", target=str(key.pk), details={"name": key.name}))
    return key


def _locked_key(key_id: UUID) -> ApiKey:
    key = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None:
        raise NotFound(resource=str(_("API key")))
    return key


def _checked_networks(networks: Sequence[str]) -> list[str]:
    if len(networks) > MOST_NETWORKS:
        raise invalid("/allowed_networks", "too_long", _("Name fewer networks."))
    found = []
    for index, network in enumerate(networks):
        try:
            found.append(canonical(network))
        except ValueError as error:
            message = _("Write networks as 192.0.2.0/24 or 2001:db8::/32, without bits behind the mask.")
            raise invalid(f"/allowed_networks/{index}", "network", message) from error
    return sorted(set(found))


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
