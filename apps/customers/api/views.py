"""`/api/v1/customers/`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.customers import queries, services
from apps.customers.api.schemas import (
    CreateCustomerBody,
    CustomerFilter,
    CustomerOut,
    UpdateCustomerBody,
    customer_out,
)
from rustok.api import Call, Endpoint, Page, operation, paginate
from rustok.errors.families import DuplicateEntry, NotFound, VersionConflict
from rustok.operations import Criticality


class CustomerCollection(Endpoint):
    """All customers."""

    @operation(
        "customers.list",
        permission="customer:read",
        criticality=Criticality.NORMAL,
        own=True,
        query=CustomerFilter,
        answer=Page[CustomerOut],
        summary=_("List customers"),
    )
    def get(self, call: Call[None, CustomerFilter]) -> dict[str, Any]:
        """Newest first."""
        given = call.query
        found = queries.customers(
            search=given.search or "", email=given.email or "", external_id=given.external_id or ""
        )
        return paginate(found, call, to_dict=customer_out, ordering=("-id",))

    @operation(
        "customers.create",
        permission="customer:create",
        criticality=Criticality.NORMAL,
        body=CreateCustomerBody,
        answer=CustomerOut,
        status=201,
        errors=(DuplicateEntry,),
        idempotent=True,
        summary=_("Create a customer"),
        example={"name": "Ann Lee", "email": "ann@example.com", "external_id": "crm-17"},
    )
    def post(self, call: Call[CreateCustomerBody, None]) -> dict[str, Any]:
        """A customer; `external_id` is unique."""
        return customer_out(services.create_customer(input=call.body.as_input(), context=call.context))


class CustomerDetail(Endpoint):
    """One customer."""

    @operation(
        "customers.retrieve",
        permission="customer:read",
        criticality=Criticality.NORMAL,
        own=True,
        answer=CustomerOut,
        errors=(NotFound,),
        summary=_("Retrieve a customer"),
    )
    def get(self, call: Call[None, None], customer_id: UUID) -> dict[str, Any]:
        """The customer, its version as ETag."""
        return customer_out(call.ensure(queries.get_customer(customer_id)))

    @operation(
        "customers.update",
        permission="customer:update",
        criticality=Criticality.NORMAL,
        own=True,
        body=UpdateCustomerBody,
        answer=CustomerOut,
        errors=(NotFound, VersionConflict, DuplicateEntry),
        summary=_("Update a customer"),
    )
    def patch(self, call: Call[UpdateCustomerBody, None], customer_id: UUID) -> dict[str, Any]:
        """Change the given members; with `If-Match` only the version that the caller has seen."""
        changed = services.update_customer(
            customer_id=customer_id, input=call.body.as_input(), context=call.context, expected_version=call.if_match
        )
        return customer_out(changed)
