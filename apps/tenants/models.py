"""Tenants, the hosts they are reached by, and the list of changes that other processes follow.

Compatible with django-tenants' TENANT_MODEL, without its mixin: that one switches connections from `save()` and keeps
scopes on a shared list (trap 51). Schemas are made by `apps.lifecycle`, scopes by `apps.tenants.isolation`.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from apps.tenants.states import ACTIVE, PROVISIONING, SUSPENDED, TENANT
from rustok.context import TenantRef
from rustok.db.ids import Entity
from rustok.tenant_config import overrides_of

SCHEMA_PREFIX: Final = "t_"
STATUS_LABELS: Final = {PROVISIONING: _("provisioning"), ACTIVE: _("active"), SUSPENDED: _("suspended")}


def schema_name_for(tenant_id: UUID) -> str:
    """The schema of a tenant: `t_` and the 48 random bits at the end of its UUIDv7, in hex.."""
    return SCHEMA_PREFIX + tenant_id.hex[-12:]


class Tenant(Entity):
    """One shop. Its rows live in the schema `schema_name`."""

    auto_create_schema = False
    auto_drop_schema = False
    domain_url: str | None = None

    slug = models.CharField(_("slug"), max_length=63, unique=True)
    name = models.CharField(_("name"), max_length=200)
    schema_name = models.CharField(_("schema"), max_length=63, unique=True, editable=False)
    status = models.CharField(_("status"), max_length=16, default=PROVISIONING, choices=list(STATUS_LABELS.items()))
    status_reason = models.CharField(_("reason"), max_length=500, blank=True)
    strategy = models.CharField(_("isolation"), max_length=16, default="schema", editable=False)
    locale = models.CharField(_("language"), max_length=16, default="en")
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    overrides = models.JSONField(
        _("configuration"), default=dict, db_default=Value({}, models.JSONField()), editable=False
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        """The database knows the states too."""

        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")
        ordering = ("slug",)
        constraints = [
            models.CheckConstraint(condition=Q(status__in=TENANT.states), name="tenants_tenant_status_known"),
            models.CheckConstraint(
                condition=Q(schema_name__startswith=SCHEMA_PREFIX), name="tenants_tenant_schema_prefix"
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def save(self, *args: object, **kwargs: object) -> None:
        """Store the row; a new one gets its schema name."""
        self.schema_name = self.schema_name or schema_name_for(self.id)
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed through as Django defines them

    def move_to(self, status: str, *, reason: str = "") -> None:
        """Change the status; raises IllegalTransition. The caller holds the row lock."""
        TENANT.check(self.status, status)
        self.status, self.status_reason = status, reason
        self.version += 1
        self.save(update_fields=["status", "status_reason", "version", "updated_at"])

    def configure(self, overrides: dict[str, Any]) -> None:
        """Store the knobs that differ for this tenant, already checked. The caller holds the row lock."""
        self.overrides = overrides
        self.version += 1
        self.save(update_fields=["overrides", "version", "updated_at"])

    def ref(self, host: str = "") -> TenantRef:
        """The immutable facts that requests carry."""
        return TenantRef(
            id=self.id,
            slug=self.slug,
            name=self.name,
            schema=self.schema_name,
            status=self.status,
            strategy=self.strategy,
            locale=self.locale,
            host=host,
            overrides=overrides_of(self.overrides),
        )


class Domain(Entity):
    """A host name of a tenant, normalised (`resolution.hosts.normalise`). Only verified ones are served."""

    domain = models.CharField(_("domain"), max_length=253, unique=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="domains", verbose_name=_("tenant"))
    is_primary = models.BooleanField(_("primary"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        """At most one primary domain per tenant."""

        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        ordering = ("domain",)
        constraints = [
            models.UniqueConstraint(fields=["tenant"], condition=Q(is_primary=True), name="tenants_domain_one_primary"),
        ]

    def __str__(self) -> str:
        return self.domain


class TenantChange(models.Model):
    """One change that other processes must see: revisions are dense and in commit order (the writer holds a lock)."""

    revision = models.BigIntegerField(primary_key=True)
    tenant_id = models.UUIDField()
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Machine bookkeeping; nothing that people edit."""

        verbose_name = _("tenant change")
        verbose_name_plural = _("tenant changes")

    def __str__(self) -> str:
        return f"{self.revision}: {self.tenant_id}"
