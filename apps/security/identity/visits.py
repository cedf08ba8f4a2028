"""Break-glass: an operator enters a shop's console for a reason and a limited time, in sight of the shop's owner.

The visit is written twice under one id, by the platform and by the shop, in one transaction. What the visitor does is
audited in both chains (`apps.security.audit`). It ends by itself; operator and owner can end it early, at once.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.identity.errors import VisitRefused
from apps.security.identity.mirror import VISIT
from apps.security.identity.services import PROVED_AT, STRONG, device_of
from apps.security.identity.sessions import DEVICE, ENDS_AT, METHOD, VISIT_BACKEND
from apps.security.identity.visitors import OPERATOR, Visitor
from apps.security.models import BreakGlass, ConsoleSession
from apps.security.models.identity import LEVEL_LABELS
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import find_tenant, get_tenant
from rustok.audit import AuditEntry
from rustok.config import config
from rustok.context import Actor, ExecutionContext, amended, current
from rustok.db.transactions import UnitOfWork, unit_of_work
from rustok.errors.families import NotFound
from rustok.policy import require
from rustok.text import clean, refuse

TICKET_SECONDS: Final = 300
LEAST_REASON: Final = 10
START: Final = "break_glass:create"
END: Final = "break_glass:delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartVisit:
    """Where to, why, for how many minutes, and whether to look or to act."""

    tenant: str
    reason: str
    minutes: int
    level: str


def start_visit(*, input: StartVisit, operator_id: UUID, context: ExecutionContext) -> tuple[BreakGlass, str]:
    """Open a visit; the second value is the ticket that opens the shop's console once, within five minutes.

    Works in the platform's scope and needs `break_glass:create`. Raises InvalidInput, TenantNotFound, TenantSuspended.
    """
    require(context, START)
    reason, at = _checked(input), timezone.now()
    ticket = secrets.token_urlsafe(32)
    with unit_of_work() as uow:
        tenant = get_tenant(input.tenant)
        ledger = BreakGlass(
            operator_id=operator_id,
            operator_name=context.actor.label,
            tenant_id=tenant.pk,
            tenant_slug=tenant.slug,
            level=input.level,
            reason=reason,
            started_at=at,
            expires_at=at + timedelta(minutes=input.minutes),
        )
        ledger.save(force_insert=True)
        _audit(uow, ledger, "break_glass:start")
        with tenant_scope(tenant.ref()), amended(actor=Actor(OPERATOR, str(operator_id), context.actor.label)):
            BreakGlass(**_facts(ledger), ticket=_digest(ticket)).save(force_insert=True)
            _audit(uow, ledger, "break_glass:start")
    return ledger, ticket


def enter_visit(request: HttpRequest, *, ticket: str) -> Visitor:
    """Use the ticket up and open the visitor's session in the shop. Raises VisitRefused."""
    at = timezone.now()
    with unit_of_work() as uow:
        rows = BreakGlass.objects.select_for_update().filter(ticket=_digest(ticket), ended_at=None)
        fresh = rows.filter(expires_at__gt=at, started_at__gt=at - timedelta(seconds=TICKET_SECONDS))
        visit = fresh.first()
        if visit is None:
            raise VisitRefused
        visit.ticket = None
        visit.save(update_fields=["ticket"])
        visitor = Visitor(visit)
        _open_session(request, visitor, at)
        with amended(actor=visitor.actor, memo={**current().memo, VISIT: visit}):
            _audit(uow, visit, "break_glass:enter")
    return visitor


def end_visit(*, visit_id: UUID, context: ExecutionContext) -> None:
    """End a visit now, in both places; its session is gone with the next click. Ending it again changes nothing.

    The visitor may, and whoever has `break_glass:delete` on either side. Raises NotFound.
    """
    with unit_of_work() as uow:
        visit = BreakGlass.objects.filter(pk=visit_id).first()
        if visit is None:
            raise NotFound(resource=str(_("visit")))
        if context.actor.kind != OPERATOR or context.actor.id != str(visit.operator_id):
            require(context, END)
        _end_both(uow, visit, context)


def end_visits_of(*, operator_id: UUID, context: ExecutionContext) -> int:
    """End an operator's open visits, in both places; returns how many. The caller asks for rights, on the platform."""
    with unit_of_work() as uow:
        uow.flush()
        going = list(BreakGlass.objects.filter(operator_id=operator_id, ended_at=None, expires_at__gt=timezone.now()))
        for visit in going:
            _end_both(uow, visit, context)
    return len(going)


def note_page(visitor: Visitor, *, method: str, path: str) -> None:
    """Note in both chains that the visitor opened a page."""
    with unit_of_work() as uow:
        details = {"method": method, "visit": str(visitor.visit.pk)}
        target = path.replace("\x00", "")[:200]  # which no column can hold
        uow.audit(AuditEntry(action="break_glass:page", target=target, details=details))


def _checked(wanted: StartVisit) -> str:
    reason = clean(wanted.reason, field="reason", longest=500)
    if len(reason) < LEAST_REASON:
        raise refuse("reason", "too_short", _("Say why in at least ten characters."))
    if not 1 <= wanted.minutes <= config().break_glass_minutes:
        raise refuse("minutes", "range", _("This is longer than visits may last."))
    if wanted.level not in LEVEL_LABELS:
        raise refuse("level", "unknown", _("There is no such level."))
    return reason


def _facts(visit: BreakGlass) -> dict[str, Any]:
    names = ("id", "operator_id", "operator_name", "tenant_id", "tenant_slug", "level", "reason")
    return {name: getattr(visit, name) for name in (*names, "started_at", "expires_at")}


def _end_both(uow: UnitOfWork, visit: BreakGlass, context: ExecutionContext) -> None:
    _end_here(uow, visit.pk, by=context.actor.label)
    if context.tenant is not None:
        with platform_scope("close the ledger's side of a visit"):
            _end_here(uow, visit.pk, by=context.actor.label)
    elif (tenant := find_tenant(visit.tenant_slug)) is not None:
        with tenant_scope(tenant.ref(), even_suspended=True):
            _end_here(uow, visit.pk, by=context.actor.label)


def _end_here(uow: UnitOfWork, visit_id: UUID, *, by: str) -> None:
    visit = BreakGlass.objects.select_for_update().filter(pk=visit_id).first()
    at = timezone.now()
    if visit is None or not visit.is_open(at=at):
        return
    visit.end(at=at, by=by)
    ConsoleSession.objects.filter(visit_id=visit_id).delete()
    here = current()
    if here.tenant is not None or VISIT not in here.memo:  # what a visitor does is in the platform's chain already
        _audit(uow, visit, "break_glass:end")
    uow.flush()


def _audit(uow: UnitOfWork, visit: BreakGlass, action: str) -> None:
    details = {
        "visit": str(visit.pk),
        "tenant": visit.tenant_slug,
        "operator": visit.operator_name,
        "level": visit.level,
        "until": visit.expires_at.isoformat(timespec="seconds"),
    }
    uow.audit(AuditEntry(action=action, target=str(visit.tenant_id), reason=visit.reason, details=details))
    uow.flush()


def _open_session(request: HttpRequest, visitor: Visitor, at: datetime) -> None:
    """What `django.contrib.auth.login` does, for somebody who is no row: neither time of last sign-in nor hash."""
    request.session.flush()
    request.session.update(
        {
            SESSION_KEY: str(visitor.visit.pk),
            BACKEND_SESSION_KEY: VISIT_BACKEND,
            METHOD: "break-glass",
            STRONG: True,
            PROVED_AT: at.timestamp(),
            DEVICE: device_of(request),
            ENDS_AT: visitor.visit.expires_at.timestamp(),
        }
    )
    request.session.create()
    rotate_token(request)


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
