"""Finding, making and keeping up to date the operator who belongs to an account at the provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.security.access.grants import check_held
from apps.security.access.services import assign_role
from apps.security.models import ConsoleSession, ExternalIdentity, User
from apps.security.oidc.errors import ProviderAccountRefused, refused
from apps.security.oidc.provider import Provider
from apps.security.services import create_user
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext, amended, current, system_actor
from rustok.db.transactions import unit_of_work
from rustok.errors.families import DuplicateEntry, InvalidInput
from rustok.policy import require
from rustok.telemetry.logging import log_event

_MACHINE: Final = system_actor("oidc")


def person_of(provider: Provider, claims: Mapping[str, Any]) -> User:
    """The operator behind verified claims, in the platform's scope; raises ProviderAccountRefused.

    An account is known by issuer and subject. A new one belongs to the person with the same address, if the provider
    has verified it and the person has no account there yet (addresses are given to others when people leave); else to a
    new person, if its groups give a role. A mapped role is renewed at every sign-in.
    """
    _check_domain(provider, claims)
    role = _role(provider, claims)
    try:
        user = _admitted(provider, claims, role)
    except IntegrityError as error:  # two first sign-ins at once: the other one has made the link
        raise refused("linked at this moment") from error
    if user is None:
        raise _refused(_("its e-mail address belongs to somebody with another account there"))
    return user


def unlink(*, user: User, context: ExecutionContext) -> int:
    """Forget a person's accounts at providers; returns how many. Sessions end; the address finds the person again.

    Needs `user:update` and, as for another's password, every permission of the user. Raises GrantExceeded.
    """
    require(context, "user:update")
    check_held(user.granted, context)
    with unit_of_work() as uow:
        gone, _by_table = ExternalIdentity.objects.filter(user=user).delete()
        ConsoleSession.objects.filter(user=user).delete()
        uow.audit(AuditEntry(action="identity:unlink", target=str(user.pk), details={"accounts": gone}))
    return gone


def is_linked(user: User) -> bool:
    """Whether the person has an account at a provider."""
    return ExternalIdentity.objects.filter(user=user).exists()


def _admitted(provider: Provider, claims: Mapping[str, Any], role: str | None) -> User | None:
    with amended(actor=_MACHINE, permissions=frozenset({"*:*"})), unit_of_work() as uow:
        link = ExternalIdentity.objects.select_for_update(of=("self",)).filter(**_account(provider, claims)).first()
        now = timezone.now()
        if link is not None:
            user = User.objects.get(pk=link.user_id)
            link.seen(at=now)
        else:
            known = _known_by_address(claims)
            if known is not None and ExternalIdentity.objects.filter(user=known, issuer=provider.issuer).exists():
                facts = {"issuer": provider.issuer}
                uow.audit(AuditEntry(action="identity:link", target=str(known.pk), outcome="refused", details=facts))
                return None
            user = known or _made(claims, role)
            link = ExternalIdentity(user=user, seen_at=now, **_account(provider, claims))
            link.save(force_insert=True)
            details = {"issuer": provider.issuer, "link": str(link.pk)}
            uow.audit(AuditEntry(action="identity:link", target=str(user.pk), details=details))
        if not user.is_active:
            raise _refused(_("the person is locked here"))
        if role is not None and user.role != role:
            user = assign_role(user_id=user.pk, role=role, context=current())
    return user


def _account(provider: Provider, claims: Mapping[str, Any]) -> dict[str, str]:
    return {"issuer": provider.issuer, "subject": str(claims["sub"])}


def _address(claims: Mapping[str, Any]) -> str:
    """The verified e-mail address, or nothing: an unverified one is what somebody typed."""
    email = claims.get("email")
    return email.lower() if isinstance(email, str) and claims.get("email_verified") is True else ""


def _check_domain(provider: Provider, claims: Mapping[str, Any]) -> None:
    if provider.domains and _address(claims).rpartition("@")[2] not in provider.domains:
        raise _refused(_("its e-mail address is not verified, or of another domain"))


def _role(provider: Provider, claims: Mapping[str, Any]) -> str | None:
    """What the groups give; None when roles are not the provider's business."""
    if not provider.roles:
        return None
    groups = claims.get(provider.groups_claim)
    mine = {group for group in groups if isinstance(group, str)} if isinstance(groups, list) else set()
    found = next((role for group, role in provider.roles.items() if group in mine), None)
    if found is None:
        raise _refused(_("none of its groups has a role"))
    return found


def _known_by_address(claims: Mapping[str, Any]) -> User | None:
    """Whose address it is, the row locked: of two new accounts that claim one person at once, one is first."""
    address = _address(claims)
    rows = User.objects.select_for_update(of=("self",))
    return rows.filter(email__iexact=address).first() if address else None


def _made(claims: Mapping[str, Any], role: str | None) -> User:
    if role is None:
        raise _refused(_("nobody here has its e-mail address"))
    address = _address(claims)
    name = claims.get("preferred_username")
    username = name if isinstance(name, str) and name else address or str(claims["sub"])
    try:
        return create_user(username=username, email=address, role=role, password=None, context=current())
    except (DuplicateEntry, InvalidInput) as error:
        log_event("oidc.person_not_made", reason=error.detail)
        raise _refused(_("its name cannot be used here")) from error


def _refused(reason: str | Promise) -> ProviderAccountRefused:
    return ProviderAccountRefused(reason=reason)
