"""Reads of how people sign in, for the doors."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.identity.sessions import idle_time
from apps.security.models import ConsoleSession, Factor
from rustok.errors.families import NotFound


def console_sessions() -> QuerySet[ConsoleSession]:
    """Sessions of people that go on, newest first."""
    now = timezone.now()
    going_on = ConsoleSession.objects.filter(expires_at__gt=now, seen_at__gt=now - idle_time())
    return going_on.exclude(user=None).order_by("-id")


def get_session(*, session_id: UUID) -> ConsoleSession:
    """One session that goes on; raises NotFound."""
    found = console_sessions().filter(pk=session_id).first()
    if found is None:
        raise NotFound(resource=str(_("session")))
    return found


def second_factors() -> QuerySet[Factor]:
    """The second factors of everybody, newest first."""
    return Factor.objects.order_by("-id")


def get_factor(*, factor_id: UUID) -> Factor:
    """One factor with its person; raises NotFound."""
    found = Factor.objects.select_related("user").filter(pk=factor_id).first()
    if found is None:
        raise NotFound(resource=str(_("second factor")))
    return found
