"""An operator inside a shop: who that is to the console, and the backend that knows for how long.

Nothing of it is a row of the shop's users: a visitor cannot be saved, keeps nothing after the visit, and gets no
permission over people, credentials, policies and the addresses of webhooks, so that no way in or out is left behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise

from apps.security.models import BreakGlass
from apps.security.models.identity import ACT, LEVEL_LABELS
from apps.security.roles import ADMIN, VIEWER, permissions_of
from rustok.context import Actor, current

OPERATOR: Final = "operator"
"""The kind of actor that a visitor is."""
WITHHELD: Final = frozenset(
    {"user", "role", "session", "factor", "api_key", "signing_key", "token", "trust_policy", "break_glass", "*"}
)
NO_WAY_OUT: Final = frozenset({"webhook:create:none", "webhook:update:none"})
"""An endpoint would go on sending the shop's events when the visit is over."""
_ROLE_OF: Final = {ACT: ADMIN}


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the console asks of its user. `id` is the operator's on the platform."""

    visit: BreakGlass

    is_active = True
    is_staff = True
    is_authenticated = True
    is_anonymous = False
    is_superuser = False
    email = ""
    locale = ""
    role = "visitor"

    def __str__(self) -> str:
        return self.username

    @property
    def pk(self) -> UUID:
        """The operator's id."""
        return self.visit.operator_id

    @property
    def username(self) -> str:
        """The operator's name on the platform."""
        return self.visit.operator_name

    def get_username(self) -> str:
        """Django's way to ask for the name."""
        return self.username

    def get_role_display(self) -> str | Promise:
        """What the visit allows, in words."""
        return LEVEL_LABELS[self.visit.level]

    def has_usable_password(self) -> bool:
        """There is none here."""
        return False

    @property
    def actor(self) -> Actor:
        """As audit entries, events and histories name the operator: `operator:<id>`."""
        return Actor(OPERATOR, str(self.visit.operator_id), self.visit.operator_name)

    @property
    def permissions(self) -> frozenset[str]:
        """A viewer's or an administrator's, without what would outlive the visit."""
        granted = permissions_of(_ROLE_OF.get(self.visit.level, VIEWER))
        return NO_WAY_OUT | {text for text in granted if text.partition(":")[0] not in WITHHELD}

    def has_perm(self, _perm: str, _obj: Any = None) -> bool:
        """Django's pages ask the policy instead."""
        return False

    def has_module_perms(self, _app_label: str) -> bool:
        """Pages decide by themselves."""
        return True


def visitor_of(request: HttpRequest) -> Visitor | None:
    """The visitor whose request it is; None for everybody else."""
    user: object = request.user  # Django's stubs know of no users but rows
    return user if isinstance(user, Visitor) else None


class VisitBackend(BaseBackend):
    """Knows the visitor of a session as long as the visit goes on. Authenticates nobody: `visits.enter_visit` does."""

    def get_user(self, user_id: UUID | str) -> Visitor | None:  # type: ignore[override]  # a visitor is no row
        """The visitor; None once the visit is over, which ends the session. The platform's ledger opens nothing."""
        here = current()
        if here.tenant is None:
            return None
        rows = BreakGlass.objects.filter(pk=user_id, tenant_id=here.tenant.id, ended_at=None)
        visit = rows.filter(expires_at__gt=timezone.now()).first()
        return Visitor(visit) if visit is not None else None
