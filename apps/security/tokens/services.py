"""Writes of this room: opening, refreshing and ending families of service tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.operations.wakeups import PLATFORM
from apps.security.errors import GrantExceeded
from apps.security.models import RefreshToken, TokenFamily, User
from apps.security.models.tokens import REUSED
from apps.security.tokens.errors import RefreshTokenReused, TokenNotExchangeable
from apps.security.tokens.grants import intersection
from apps.security.tokens.refreshing import digest_of, is_refresh_token, new_refresh_token, successor_of
from apps.security.tokens.signing import read, sign
from apps.security.tokens.standing import KEY_ROLE, Standing, stamp_of, standing_of
from rustok.audit import AuditEntry
from rustok.config import config
from rustok.context import ExecutionContext, current, use
from rustok.db.transactions import UnitOfWork, unit_of_work
from rustok.errors import DomainError, FieldError
from rustok.errors.families import InvalidCredentials, InvalidInput, NotFound, TokenExpired
from rustok.grants import lacking, normal
from rustok.policy import Action, ResourceGuard

RETRY_WINDOW: Final = timedelta(seconds=10)
"""How long a refresh may be repeated because its answer was lost (ADR 0028)."""
KEPT_AFTER_END: Final = timedelta(days=7)
PRUNE_BATCH: Final = 500
_PRUNE: Final = """
DELETE FROM security_tokenfamily WHERE id IN (
    SELECT id FROM security_tokenfamily WHERE expires_at < %s ORDER BY expires_at, id LIMIT %s FOR UPDATE SKIP LOCKED
)
"""
_PRUNE_TOKENS: Final = """
DELETE FROM security_refreshtoken WHERE family_id IN (
    SELECT id FROM security_tokenfamily WHERE expires_at < %s ORDER BY expires_at, id LIMIT %s FOR UPDATE
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """The answer of an exchange or a refresh: both tokens in clear, for the caller's eyes only."""

    access_token: str
    refresh_token: str
    expires_in: int
    permissions: frozenset[str]
    family: UUID


def exchange(*, permissions: Sequence[str] | None, context: ExecutionContext) -> IssuedTokens:
    """Open a family for the API key that acts, with some of its permissions (None: all of them).

    Raises TokenNotExchangeable for any other actor, GrantExceeded.
    """
    if context.actor.kind != "api_key":
        raise TokenNotExchangeable
    family = TokenFamily(api_key_id=UUID(context.actor.id), label=context.actor.label)
    return _open(family, KEY_ROLE, permissions, context)


def exchange_for_person(*, user: User, permissions: Sequence[str] | None, context: ExecutionContext) -> IssuedTokens:
    """Open a family for a person who has just proved who they are. Raises GrantExceeded."""
    family = TokenFamily(user=user, label=user.username, stamp=stamp_of(user.password))
    acting = replace(context, actor=user.actor, permissions=user.permissions, groups=frozenset({user.role}))
    with use(acting):
        return _open(family, user.role, permissions, acting)


def refresh(*, token: str, permissions: Sequence[str] | None, context: ExecutionContext) -> IssuedTokens:
    """Trade a refresh token for its successor and a new access token, perhaps with fewer permissions.

    Raises InvalidCredentials, TokenExpired, AddressRefused, InvalidInput, GrantExceeded, and the token is good still;
    RefreshTokenReused ends the family.
    """
    with unit_of_work() as uow:
        kept = _find(token)
        standing = standing_of(kept.family_id)
        reused = not _rotate(kept, token, context.address)
        may = intersection(standing.granted, standing.held)
        chosen = may if reused else _chosen(permissions, may)  # inside: a refusal takes the rotation back
        if reused and kept.family.revoke(at=timezone.now(), reason=REUSED):
            details = {"parent": kept.family.parent, "label": kept.family.label}
            uow.audit(AuditEntry(action="token:reuse", target=str(kept.family_id), outcome="refused", details=details))
    if reused:
        raise RefreshTokenReused
    return _issued(kept.family, standing, chosen, successor_of(token))


def parent_of(token: str) -> tuple[Standing, UUID]:
    """Whom a refresh token speaks for, without using it up; raises InvalidCredentials and the like. Two statements."""
    if not is_refresh_token(token):
        raise InvalidCredentials
    family = RefreshToken.objects.filter(digest=digest_of(token)).values_list("family_id", flat=True).first()
    if family is None:
        raise InvalidCredentials
    return standing_of(family), family


def revoke_family(*, family_id: UUID, context: ExecutionContext) -> TokenFamily:
    """Refuse every token of a family from now on. Again is no error. Needs `token:delete`; raises NotFound."""
    with unit_of_work() as uow:
        family = TokenFamily.objects.select_for_update().filter(pk=family_id).first()
        if family is None:
            raise NotFound(resource=str(_("service token")))
        _end(uow, ResourceGuard(family, context).ensure(Action.DELETE))
    return family


def revoke_token(*, token: str) -> None:
    """End the family of a token, by whoever holds it (RFC 7009). What is no token of ours is no error."""
    family_id = _family_of(token)
    if family_id is None:
        return
    with unit_of_work() as uow:
        family = TokenFamily.objects.select_for_update().filter(pk=family_id).first()
        if family is not None:
            _end(uow, family)


def end_families_of(*, user: User) -> int:
    """Refuse every token that a person has opened; returns how many families that ended. The caller asks for rights."""
    with unit_of_work() as uow:
        going = list(TokenFamily.objects.select_for_update().filter(user=user, revoked_at=None))
        for family in going:
            _end(uow, family)
    return len(going)


def prune(*, at: datetime) -> int:
    """Forget up to `PRUNE_BATCH` families that ended a week before `at`, their refresh tokens included."""
    limit = (at - KEPT_AFTER_END, PRUNE_BATCH)
    with unit_of_work(), connection.cursor() as cursor:
        cursor.execute(_PRUNE_TOKENS, limit)
        cursor.execute(_PRUNE, limit)
        return int(cursor.rowcount)


def _open(family: TokenFamily, role: str, permissions: Sequence[str] | None, context: ExecutionContext) -> IssuedTokens:
    now, settings, token = timezone.now(), config(), new_refresh_token()
    granted = _chosen(permissions, context.permissions)
    family.permissions, family.address = sorted(granted), context.address[:45]
    family.created_at = family.refreshed_at = now
    family.ends_at = now + timedelta(seconds=settings.token_family_ttl)
    family.expires_at = min(now + timedelta(seconds=settings.refresh_token_ttl), family.ends_at)
    with unit_of_work() as uow:
        family.save(force_insert=True)
        RefreshToken(family=family, digest=digest_of(token), expires_at=family.expires_at).save(force_insert=True)
        details = {"label": family.label, "permissions": family.permissions}
        uow.audit(AuditEntry(action="token:create", target=str(family.pk), details=details))
    standing = Standing(context.actor, role, granted, granted, family.ends_at)
    return _issued(family, standing, granted, token)


def _find(token: str) -> RefreshToken:
    """The row of a refresh token, its family locked first: refreshes of one family take turns."""
    if not is_refresh_token(token):
        raise InvalidCredentials
    rows = RefreshToken.objects.filter(digest=digest_of(token))
    family_id = rows.values_list("family_id", flat=True).first()
    family = TokenFamily.objects.select_for_update().filter(pk=family_id).first() if family_id else None
    kept = rows.first()
    if family is None or kept is None:
        raise InvalidCredentials
    kept.family = family
    return kept


def _rotate(kept: RefreshToken, token: str, address: str) -> bool:
    """Make the successor, or find that it is there because the same refresh came a moment ago; False: a reuse."""
    now, successor = timezone.now(), digest_of(successor_of(token))
    if kept.used_at is not None:
        fresh = now - kept.used_at <= RETRY_WINDOW
        return fresh and RefreshToken.objects.filter(digest=successor, used_at=None).exists()
    if kept.expires_at <= now:
        raise TokenExpired
    kept.use(at=now)
    until = min(now + timedelta(seconds=config().refresh_token_ttl), kept.family.ends_at)
    RefreshToken(family=kept.family, digest=successor, expires_at=until).save(force_insert=True)
    kept.family.refreshed(at=now, until=until, address=address)
    return True


def _issued(family: TokenFamily, standing: Standing, permissions: frozenset[str], token: str) -> IssuedTokens:
    now = timezone.now()
    seconds = min(config().access_token_ttl, max(1, int((standing.ends_at - now).total_seconds())))
    access = sign(
        subject=standing.actor.reference,
        client=standing.actor.label,
        family=family.pk,
        permissions=permissions,
        role=standing.role,
        expires=int(now.timestamp()) + seconds,
    )
    return IssuedTokens(
        access_token=access, refresh_token=token, expires_in=seconds, permissions=permissions, family=family.pk
    )


def _chosen(permissions: Sequence[str] | None, held: frozenset[str]) -> frozenset[str]:
    if permissions is None:
        return held
    try:
        beyond, wanted = lacking(held, permissions), frozenset(normal(permissions))
    except ValueError as error:
        message = _("Write permissions as resource:action.")
        raise InvalidInput(errors=(FieldError("/scope", "permission", str(message)),)) from error
    if beyond:
        raise GrantExceeded(permission=beyond[0])
    return wanted


def _family_of(token: str) -> UUID | None:
    if is_refresh_token(token):
        return RefreshToken.objects.filter(digest=digest_of(token)).values_list("family_id", flat=True).first()
    try:
        said = read(token)
    except DomainError:
        return None
    tenant = current().tenant
    return said.family if said.tenant == (tenant.id if tenant is not None else PLATFORM) else None


def _end(uow: UnitOfWork, family: TokenFamily) -> None:
    if family.revoke(at=timezone.now()):
        details = {"label": family.label, "parent": family.parent}
        uow.audit(AuditEntry(action="token:revoke", target=str(family.pk), details=details))
