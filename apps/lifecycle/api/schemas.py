"""What the tenants' endpoints read and answer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints, create_model

from apps.lifecycle.services import ProvisionedTenant, ProvisionTenant, knobs_of
from rustok.api import Body, Out, PageQuery
from rustok.api.models import Line
from rustok.config import Config, config
from rustok.tenant_config import OVERRIDABLE
from rustok.text import NON_BLANK

if TYPE_CHECKING:
    from apps.tenants.models import Tenant

Slug = Annotated[
    str,
    StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
    Field(description="Letters, digits and single hyphens; some words are reserved."),
]
Domain = Annotated[str, StringConstraints(min_length=3, max_length=253, pattern=r"^[^\x00-\x20\x7f/:@]+$")]
Username = Annotated[str, StringConstraints(min_length=1, max_length=150, pattern=r"^[A-Za-z0-9_.@+-]+$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NON_BLANK)]


class ProvisionBody(Body):
    """A new shop."""

    slug: Slug
    name: Line
    locale: Literal["en", "ru"] = "en"
    admin_username: Username = "owner"
    admin_password: Annotated[SecretStr, Field(min_length=10, max_length=128)] | None = None
    domains: Annotated[list[Domain], Field(max_length=20)] = []

    def as_input(self) -> ProvisionTenant:
        """The service's form."""
        return ProvisionTenant(
            slug=self.slug,
            name=self.name,
            locale=self.locale,
            admin_username=self.admin_username,
            admin_password=self.admin_password.get_secret_value() if self.admin_password else None,
            domains=tuple(self.domains),
        )


class SuspendBody(Body):
    """Why the shop is closed."""

    reason: Reason


class ResumeBody(Body):
    """Nothing is needed."""


class TenantFilter(PageQuery):
    """Which shops."""

    status: Literal["provisioning", "active", "suspended"] | None = None


class TenantOut(Out):
    """A shop."""

    id: UUID
    slug: str
    name: str
    status: str
    status_reason: str
    strategy: str
    locale: str
    url: str
    version: int
    created_at: datetime
    updated_at: datetime


if TYPE_CHECKING:
    _Knobs = Body
else:  # the fields, types and limits of the configuration itself
    _Knobs = create_model(
        "Knobs",
        __base__=Body,
        **{name: (Config.model_fields[name].rebuild_annotation() | None, None) for name in OVERRIDABLE},
    )


class ConfigureBody(_Knobs):
    """Knobs to set; null gives one back to the installation, what is not named stays (RFC 7396)."""

    def named(self) -> dict[str, Any]:
        """What the caller gave, nulls included."""
        return self.model_dump(exclude_unset=True)


class KnobOut(Out):
    """One knob: what holds for the shop, who says so, and what the installation says."""

    name: str
    value: float
    origin: str
    installation: float


class ConfigurationOut(Out):
    """All knobs that may differ per shop."""

    tenant: str
    version: int
    knobs: list[KnobOut]


class ProvisionedOut(TenantOut):
    """A new shop with its owner's password, which is shown this once."""

    admin_username: str
    admin_password: str


def tenant_out(tenant: Tenant) -> dict[str, Any]:
    """The answer's shape, see TenantOut."""
    return {
        "id": tenant.pk,
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status,
        "status_reason": tenant.status_reason,
        "strategy": tenant.strategy,
        "locale": tenant.locale,
        "url": config().public_url(f"{tenant.slug}.{config().base_domain}"),
        "version": tenant.version,
        "created_at": tenant.created_at,
        "updated_at": tenant.updated_at,
    }


def configuration_out(tenant: Tenant) -> dict[str, Any]:
    """The answer's shape, see ConfigurationOut."""
    return {"tenant": tenant.slug, "version": tenant.version, "knobs": [asdict(knob) for knob in knobs_of(tenant)]}


def provisioned_out(made: ProvisionedTenant) -> dict[str, Any]:
    """The answer's shape, see ProvisionedOut."""
    return {
        **tenant_out(made.tenant),
        "admin_username": made.admin_username,
        "admin_password": made.admin_password,
    }
