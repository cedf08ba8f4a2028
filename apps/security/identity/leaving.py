"""Signing out is a deed like signing in: it stands in the audit log, a visitor's in both."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from apps.security.identity.sessions import SessionStore
from apps.security.identity.visitors import Visitor
from apps.security.models import User
from rustok.audit import AuditEntry
from rustok.context import amended
from rustok.db.transactions import unit_of_work


@receiver(user_logged_out)
def note_sign_out(sender: Any, request: HttpRequest, user: Any, **_more: Any) -> None:  # noqa: ARG001 - Django's names
    """Note who left, and which session that ends. Django asks just before the session goes."""
    if not isinstance(user, User | Visitor):
        return
    session = request.session.id if isinstance(request.session, SessionStore) else None
    details = {"session": str(session or ""), "by": "sign-out"}
    with amended(actor=user.actor), unit_of_work() as uow:
        uow.audit(AuditEntry(action="session:end", target=str(user.pk), details=details))
