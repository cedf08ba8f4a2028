"""Why somebody may or may not do something: the very decision that doors and services get, with its reason in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from apps.security.access.grants import invalid
from apps.security.access.queries import get_role
from apps.security.models import ApiKey, SigningKey, User
from rustok.context import Actor, ExecutionContext, current
from rustok.errors.families import NotFound
from rustok.grants import Grant, Scope
from rustok.policy import Decision, Ground, ResourceGuard, is_permission, policies, resource

_REASONS: Final = {
    Ground.GRANTED: _("The grant %(grant)s reaches all rows."),
    Ground.OWN: _("The grant %(grant)s reaches own rows, and this is one."),
}
_NOBODY: Final = Actor("role", "-", "role")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever is asked about: an actor with its grants, or a role that nobody wears here."""

    actor: Actor
    permissions: frozenset[str]
    role: str = ""

    @classmethod
    def of(cls, context: ExecutionContext) -> Holder:
        """The caller."""
        return cls(context.actor, context.permissions, next(iter(sorted(context.groups)), ""))

    def context(self) -> ExecutionContext:
        """The circumstances in which this holder would ask, in the current scope."""
        return replace(current(), actor=self.actor, permissions=self.permissions)


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer for people and programs."""

    holder: Holder
    decision: Decision
    row: Model | None = None

    @property
    def reason(self) -> str:
        """What decided, in words of the active language."""
        decision = self.decision
        if not decision.allowed:
            return decision.error.reason
        reason = str(_REASONS[decision.rule]) % {"grant": decision.grant}
        if not decision.sometimes:
            return reason
        more = _("With some of them it also takes %(missing)s.") % {"missing": ", ".join(decision.sometimes)}
        return f"{reason} {more}"

    def facts(self) -> dict[str, Any]:
        """The answer as JSON has it."""
        decision = self.decision
        return {
            "allowed": decision.allowed,
            "permission": decision.permission,
            "rule": decision.rule.value,
            "scope": decision.scope.word,
            "grant": decision.grant or None,
            "missing": decision.missing or None,
            "sometimes_missing": list(decision.sometimes),
            "reason": self.reason,
            "actor": None if self.holder.actor is _NOBODY else self.holder.actor.reference,
            "role": self.holder.role or None,
            "object": str(self.row.pk) if self.row is not None else None,
        }


def explain(*, permission: str, holder: Holder, object_id: UUID | None = None, discreet: bool = False) -> Explanation:
    """Ask the guard as if the holder did it: about one row, or without one about all. At most some statements.

    `discreet` keeps to itself whether a row exists that the holder may not touch. Raises InvalidInput (nothing asks for
    this permission), NotFound (no such row).
    """
    name, _colon, action = permission.partition(":")
    kind = resource(name)
    if not is_permission(permission) or (permission != "*:*" and (kind is None or not kind.knows(action))):
        raise invalid("/permission", "unknown", _("Nothing here asks for this permission."))
    guard = ResourceGuard(name, holder.context())
    about_all = guard.decide(str(Grant.parse(permission).action))
    if object_id is None:
        return Explanation(holder, about_all)
    if discreet and about_all.scope is Scope.NONE:
        return Explanation(holder, about_all)
    row = _row(name, object_id)
    if row is None and discreet and not about_all.allowed:
        return Explanation(holder, replace(about_all, rule=Ground.NOT_OWN))
    if row is None:
        raise NotFound(resource=name)
    return Explanation(holder, guard.decide(action, row), row)


def find_holder(*, actor: str = "", key: str = "", role: str = "") -> Holder:
    """An actor by `kind:id` or user name, a key by its prefix, or a role by its slug; raises NotFound."""
    if role:
        return Holder(_NOBODY, get_role(role).permissions, role)
    if key:
        return _of_key(ApiKey.objects.filter(prefix=_prefix(key), revoked_at=None).first())
    kind, _colon, identity = actor.partition(":")
    try:
        row_id = UUID(identity)
    except ValueError:
        return _of_user(User.objects.filter(username__iexact=actor).first())
    if kind == "api_key":
        return _of_key(ApiKey.objects.filter(pk=row_id, revoked_at=None).first())
    if kind == "signing_key":
        return _of_key(SigningKey.objects.filter(pk=row_id, revoked_at=None).first())
    return _of_user(User.objects.filter(pk=row_id).first() if kind == "user" else None)


def _prefix(key: str) -> str:
    return key.removeprefix("rk_").partition("_")[0]


def _of_user(user: User | None) -> Holder:
    if user is None:
        raise NotFound(resource=str(_("user")))
    return Holder(user.actor, user.permissions, user.role)


def _of_key(key: ApiKey | SigningKey | None) -> Holder:
    if key is None:
        raise NotFound(resource=str(_("API key")))
    kind = "api_key" if isinstance(key, ApiKey) else "signing_key"
    return Holder(Actor(kind, str(key.pk), key.name), frozenset(key.permissions))


def _row(name: str, object_id: UUID) -> Model | None:
    for policy in policies(name):
        row = policy.rows._default_manager.filter(pk=object_id).first()
        if row is not None:
            return row
    return None
