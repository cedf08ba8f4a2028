"""Writes of this room: signing keys and the shop's trust policy. Each is one transaction with its audit entry."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.operations.owners import remember_owner
from apps.security.access.grants import checked_grants
from apps.security.bounds import check_bounds
from apps.security.models import SigningKey, TrustPolicy
from apps.security.models.trust import HMAC_SHA256, REQUIRED
from apps.security.signing import new_secret, readable_key
from apps.security.zero_trust.keyring import PURPOSE
from apps.security.zero_trust.queries import get_signing_key, signing_keys
from apps.security.zero_trust.rules import forget_rules
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.ids import new_id
from rustok.db.transactions import unit_of_work
from rustok.errors import FieldError
from rustok.errors.families import InvalidInput
from rustok.policy import Action, ResourceGuard, enter, require
from rustok.sealing import seal

MOST_OVERLAP: Final = timedelta(days=30)
MOST_ORIGINS: Final = 50
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]{1,253}(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSigningKey:
    """A wish. `public_key` is PEM and belongs to the asymmetric algorithms; HMAC secrets are made here."""

    name: str
    algorithm: str = HMAC_SHA256
    permissions: Sequence[str] = ()
    public_key: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTrustPolicy:
    """A whole policy; a rate of None means the platform's default."""

    signatures: str
    rate_per_tenant: int | None = None
    rate_per_key: int | None = None
    rate_per_route: int | None = None
    allowed_origins: Sequence[str] = ()


def create_signing_key(*, input: CreateSigningKey, context: ExecutionContext) -> tuple[SigningKey, str]:
    """Make a key; the second value is the shared secret in base64, shown once, or "" for a public key.

    Needs `signing_key:create` and each permission that the key shall have; a key that makes one cannot give it a longer
    life than its own, and none when it is bound to networks. Raises InvalidInput, GrantExceeded.
    """
    check_bounds(expires_at=input.expires_at, networks=(), context=context)
    return _create(input, context)


def _create(input: CreateSigningKey, context: ExecutionContext) -> tuple[SigningKey, str]:
    require(context, "signing_key:create")
    granted = checked_grants(list(input.permissions), context)
    if input.expires_at is not None and input.expires_at <= timezone.now():
        raise _invalid("/expires_at", "past", _("This time has passed."))
    key, secret = _new_key(input, granted, context)
    with unit_of_work() as uow:
        key.save(force_insert=True)
        remember_owner(key.key_id)
        details = {"name": key.name, "key_id": key.key_id, "algorithm": key.algorithm, "permissions": granted}
        uow.audit(AuditEntry(action="signing_key:create", target=str(key.pk), details=details))
    return key, secret


def rotate_signing_key(
    *, key_id: UUID, overlap: timedelta, public_key: str, context: ExecutionContext
) -> tuple[SigningKey, str]:
    """Make a successor with the same name, algorithm and permissions; the old key ends after `overlap`.

    A key that ends gets a successor that lasts as long. Needs `signing_key:update` for it, and what
    `create_signing_key` needs. Raises NotFound, InvalidInput, GrantExceeded.
    """
    enter(context, "signing_key:update")
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        raise _invalid("/overlap_hours", "range", _("The overlap is between nothing and 30 days."))
    with unit_of_work() as uow:
        old, now = (
            ResourceGuard(get_signing_key(key_id=key_id, lock=True), context).ensure(Action.UPDATE),
            timezone.now(),
        )
        wanted = CreateSigningKey(
            name=old.name,
            algorithm=old.algorithm,
            permissions=old.permissions,
            public_key=public_key,
            expires_at=now + (old.expires_at - old.created_at) if old.expires_at is not None else None,
        )
        if context.actor.reference != f"signing_key:{old.pk}":
            check_bounds(expires_at=wanted.expires_at, networks=(), context=context)
        new, secret = _create(wanted, context)
        old.retire(at=now + overlap)
        uow.audit(AuditEntry(action="signing_key:rotate", target=str(old.pk), details={"successor": new.key_id}))
    return new, secret


def revoke_signing_key(*, key_id: UUID, context: ExecutionContext) -> SigningKey:
    """Refuse a key from now on; the second time is no error. Needs `signing_key:delete`; raises NotFound."""
    enter(context, "signing_key:delete")
    with unit_of_work() as uow:
        key = ResourceGuard(get_signing_key(key_id=key_id, lock=True), context).ensure(Action.DELETE)
        if key.revoked_at is None:
            key.revoke(at=timezone.now())
            uow.audit(AuditEntry(action="signing_key:revoke", target=str(key.pk), details={"key_id": key.key_id}))
    return key


def change_trust_policy(*, input: ChangeTrustPolicy, context: ExecutionContext) -> TrustPolicy:
    """Replace the policy of the current scope. Needs `trust_policy:update`.

    Requiring signatures without a key in force would lock everybody out and is refused with InvalidInput.
    """
    require(context, "trust_policy:update")
    if input.signatures == REQUIRED and not signing_keys().exists():
        raise _invalid("/signatures", "no_key", _("Create a signing key first."))
    _check_origins(input.allowed_origins)
    values = {
        "signatures": input.signatures,
        "rate_per_tenant": input.rate_per_tenant,
        "rate_per_key": input.rate_per_key,
        "rate_per_route": input.rate_per_route,
        "allowed_origins": sorted(set(input.allowed_origins)),
    }
    with unit_of_work() as uow:
        policy, _created = TrustPolicy.objects.update_or_create(only=True, defaults=values)
        uow.audit(AuditEntry(action="trust_policy:update", target=str(policy.pk), details=values))
        transaction.on_commit(forget_rules)
    forget_rules()
    return policy


def _new_key(wanted: CreateSigningKey, granted: list[str], context: ExecutionContext) -> tuple[SigningKey, str]:
    row = new_id()
    if wanted.algorithm == HMAC_SHA256:
        if wanted.public_key:
            raise _invalid("/public_key", "unexpected", _("An HMAC key has no public part; its secret is made here."))
        material = new_secret()
        secret = base64.b64encode(material).decode()
    else:
        try:
            material, secret = readable_key(wanted.algorithm, wanted.public_key), ""
        except ValueError as error:
            message = _("Give a public key of this algorithm in PEM.")
            raise _invalid("/public_key", "unreadable", message) from error
    key = SigningKey(
        id=row,
        name=wanted.name,
        key_id=f"sk_{secrets.token_hex(8)}",
        algorithm=wanted.algorithm,
        material=seal(material, purpose=PURPOSE, row=row),
        permissions=granted,
        created_by=context.actor.reference,
        expires_at=wanted.expires_at,
    )
    return key, secret


def _check_origins(origins: Sequence[str]) -> None:
    """Serialised origins (RFC 6454 section 6.2) of the web, a few of them."""
    if len(origins) > MOST_ORIGINS:
        raise _invalid("/allowed_origins", "too_long", _("List at most 50 origins."))
    for index, origin in enumerate(origins):
        if not _ORIGIN.fullmatch(origin):
            raise _invalid(f"/allowed_origins/{index}", "origin", _("Write origins as https://www.shop.example"))


def _invalid(pointer: str, code: str, message: object) -> InvalidInput:
    return InvalidInput(errors=(FieldError(pointer, code, str(message)),))
