"""Flags, how shops target them, audiences, and the version that tells every process of a change.

All in the shared schema. `Flag` is waffle's model (WAFFLE_FLAG_MODEL), so `waffle.flag_is_active`, its decorators and
template tags work; they answer from the snapshot instead of waffle's per-flag cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from waffle.models import AbstractBaseFlag

from apps.flags import evaluation
from apps.flags.registry import LONGEST_KEY, Unit
from apps.flags.targeting import Targeting
from rustok.db.ids import Entity, IdSet

if TYPE_CHECKING:
    from django.http import HttpRequest

UNITS = ((Unit.TENANT.value, _("shops")), (Unit.ACTOR.value, _("users")))


class Flag(Entity, AbstractBaseFlag):
    """One flag as the operators set it. `everyone` False is the kill switch; waffle's other switches are not used."""

    owner = models.CharField(_("owner"), max_length=64)
    expires_on = models.DateField(_("expires on"))
    unit = models.CharField(_("a percentage is one of"), max_length=8, choices=UNITS, default=Unit.ACTOR.value)
    delegated = models.BooleanField(_("shops may target it"), default=True)
    targeting = models.JSONField(_("targeting"), default=dict)
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        """Every flag has an owner; the unit is one of two."""

        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="flag_owned", condition=~Q(owner="")),
            models.CheckConstraint(name="flag_unit", condition=Q(unit__in=[unit.value for unit in Unit])),
            models.CheckConstraint(name="flag_kill_switch_only", condition=Q(everyone=None) | Q(everyone=False)),
        ]

    def __str__(self) -> str:
        """The key."""
        return self.name

    @property
    def killed(self) -> bool:
        """Whether it is off for everybody, whatever else is set."""
        return self.everyone is False

    @property
    def level(self) -> Targeting:
        """The operators' targeting."""
        return Targeting.from_dict(self.targeting)

    # -- waffle's face

    @classmethod
    def get(cls, name: str) -> Any:
        """The flag for `waffle.flag_is_active`: no statement, no cache."""
        return cls(name=name)

    def is_active(self, request: HttpRequest, read_only: bool = False) -> bool:  # noqa: ARG002 - waffle's signature
        """The value for the active context; the request is not looked at."""
        return evaluation.is_enabled(self.name)

    def flush(self) -> None:
        """Nothing to flush: waffle's cache is not used."""


class ShopTargeting(Entity):
    """How one shop targets a delegated flag inside the shop."""

    flag = models.ForeignKey(Flag, models.CASCADE, related_name="shops", db_index=False)
    tenant_id = models.UUIDField(_("tenant"))
    targeting = models.JSONField(_("targeting"), default=dict)
    version = models.PositiveIntegerField(_("version"), default=1)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        """One per shop and flag."""

        verbose_name = _("targeting of a shop")
        verbose_name_plural = _("targetings of shops")
        constraints = [models.UniqueConstraint(name="shop_targeting_once", fields=["flag", "tenant_id"])]
        indexes = [models.Index(name="shop_targeting_tenant", fields=["tenant_id"])]

    def __str__(self) -> str:
        """Whose."""
        return str(self.tenant_id)

    @property
    def level(self) -> Targeting:
        """The shop's targeting."""
        return Targeting.from_dict(self.targeting)


class Audience(Entity):
    """A large list of users or tenants as a bitmap of ordinals; `tenant_id` is its shop, None: the platform's."""

    key = models.CharField(_("key"), max_length=LONGEST_KEY)
    tenant_id = models.UUIDField(_("tenant"), null=True, blank=True)
    of = models.CharField(_("a list of"), max_length=8, choices=UNITS, default=Unit.ACTOR.value)
    members = models.BinaryField(_("members"))
    count = models.PositiveIntegerField(_("members"), default=0)
    version = models.PositiveIntegerField(_("version"), default=1)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        """Keys are unique per owner."""

        verbose_name = _("audience")
        verbose_name_plural = _("audiences")
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(name="audience_key", fields=["tenant_id", "key"], nulls_distinct=False),
            models.CheckConstraint(name="audience_of", condition=Q(of__in=[unit.value for unit in Unit])),
        ]

    def __str__(self) -> str:
        """The key."""
        return self.key

    @property
    def ids(self) -> IdSet:
        """The members' ordinals."""
        return IdSet.from_bytes(bytes(self.members)) if self.members else IdSet()


class Subject(models.Model):
    """An id that was ever in an audience, and its dense number. Never deleted: a number means one id for ever."""

    ordinal = models.BigAutoField(primary_key=True)
    subject = models.UUIDField(unique=True)

    class Meta:
        """Machine bookkeeping."""

        verbose_name = _("subject")
        verbose_name_plural = _("subjects")

    def __str__(self) -> str:
        """The id."""
        return str(self.subject)


class Revision(models.Model):
    """One row: the version of all flags together."""

    only = models.BooleanField(primary_key=True, default=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        """There is exactly one."""

        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        constraints = [models.CheckConstraint(name="flags_one_revision", condition=Q(only=True))]

    def __str__(self) -> str:
        """The version."""
        return str(self.version)
