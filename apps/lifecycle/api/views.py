"""`/api/v1/tenants/` on the platform host."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.lifecycle import services
from apps.lifecycle.api.schemas import (
    ConfigurationOut,
    ConfigureBody,
    ProvisionBody,
    ProvisionedOut,
    ResumeBody,
    SuspendBody,
    TenantFilter,
    TenantOut,
    configuration_out,
    provisioned_out,
    tenant_out,
)
from apps.tenants.errors import TenantNotFound
from apps.tenants.queries import all_tenants, get_tenant
from rustok.api import Call, Endpoint, Page, operation, paginate
from rustok.errors.families import DuplicateEntry, IllegalTransition, VersionConflict
from rustok.operations import Criticality


class TenantCollection(Endpoint):
    """All shops."""

    @operation(
        "tenants.list",
        permission="tenant:read",
        criticality=Criticality.NORMAL,
        query=TenantFilter,
        answer=Page[TenantOut],
        summary=_("List tenants"),
    )
    def get(self, call: Call[None, TenantFilter]) -> dict[str, Any]:
        """By slug."""
        found = all_tenants()
        if call.query.status is not None:
            found = found.filter(status=call.query.status)
        return paginate(found, call, to_dict=tenant_out, ordering=("slug",))

    @operation(
        "tenants.provision",
        permission="tenant:create",
        criticality=Criticality.NORMAL,
        body=ProvisionBody,
        answer=ProvisionedOut,
        status=201,
        errors=(DuplicateEntry,),
        summary=_("Provision a tenant"),
        example={"slug": "corner-shop", "name": "Corner Shop"},
    )
    def post(self, call: Call[ProvisionBody, None]) -> dict[str, Any]:
        """A shop with its own schema and an owner; the password is shown in this answer only."""
        return provisioned_out(services.provision_tenant(input=call.body.as_input(), context=call.context))


class TenantDetail(Endpoint):
    """One shop."""

    @operation(
        "tenants.retrieve",
        permission="tenant:read",
        criticality=Criticality.NORMAL,
        answer=TenantOut,
        errors=(TenantNotFound,),
        summary=_("Retrieve a tenant"),
    )
    def get(self, call: Call[None, None], slug: str) -> dict[str, Any]:  # noqa: ARG002 - every handler is given the call
        """The shop, its version as ETag."""
        return tenant_out(get_tenant(slug))


class TenantConfiguration(Endpoint):
    """Knobs of one shop."""

    @operation(
        "tenants.config",
        permission="tenant:read",
        criticality=Criticality.NORMAL,
        answer=ConfigurationOut,
        errors=(TenantNotFound,),
        summary=_("Retrieve the configuration of a tenant"),
    )
    def get(self, call: Call[None, None], slug: str) -> dict[str, Any]:  # noqa: ARG002 - every handler is given the call
        """Every knob that may differ per shop, and which layer says so."""
        return configuration_out(get_tenant(slug))

    @operation(
        "tenants.configure",
        permission="tenant:configure",
        criticality=Criticality.NORMAL,
        body=ConfigureBody,
        answer=ConfigurationOut,
        errors=(TenantNotFound, VersionConflict),
        summary=_("Configure a tenant"),
        example={"cart_ttl": 900, "webhook_timeout": None},
    )
    def patch(self, call: Call[ConfigureBody, None], slug: str) -> dict[str, Any]:
        """Set some knobs, give others back to the installation; the rest stays. Holds within two seconds."""
        named = call.body.named()
        tenant = services.configure_tenant(
            tenant_id=get_tenant(slug).pk,
            change={name: value for name, value in named.items() if value is not None},
            unset=[name for name, value in named.items() if value is None],
            context=call.context,
            expected_version=call.if_match,
        )
        return configuration_out(tenant)


class TenantSuspension(Endpoint):
    """Closing."""

    @operation(
        "tenants.suspend",
        permission="tenant:suspend",
        criticality=Criticality.HIGH,
        body=SuspendBody,
        answer=TenantOut,
        errors=(TenantNotFound, VersionConflict, IllegalTransition),
        idempotent=True,
        summary=_("Suspend a tenant"),
        example={"reason": "unpaid"},
    )
    def post(self, call: Call[SuspendBody, None], slug: str) -> dict[str, Any]:
        """Requests, tasks and deliveries of the shop are refused; nothing is deleted."""
        tenant = services.suspend_tenant(
            tenant_id=get_tenant(slug).pk,
            reason=call.body.reason,
            context=call.context,
            expected_version=call.if_match,
        )
        return tenant_out(tenant)


class TenantResumption(Endpoint):
    """Opening again."""

    @operation(
        "tenants.resume",
        permission="tenant:resume",
        criticality=Criticality.HIGH,
        body=ResumeBody,
        answer=TenantOut,
        errors=(TenantNotFound, VersionConflict, IllegalTransition),
        idempotent=True,
        summary=_("Resume a tenant"),
    )
    def post(self, call: Call[ResumeBody, None], slug: str) -> dict[str, Any]:
        """Deliveries go on where they stopped."""
        tenant = services.resume_tenant(
            tenant_id=get_tenant(slug).pk, context=call.context, expected_version=call.if_match
        )
        return tenant_out(tenant)
