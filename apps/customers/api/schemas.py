"""What the customers' endpoints read and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.customers.models import Customer
from apps.customers.services import CreateCustomer, UpdateCustomer
from rustok.api import Body, Out, PageQuery
from rustok.api.models import Attributes, Email, Phone
from rustok.text import NON_BLANK, ONE_LINE

Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NON_BLANK)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NON_BLANK)]
Account = Annotated[
    str,
    StringConstraints(max_length=128, pattern=r"^([a-z][a-z_]{0,31}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$"),
]
Search = Annotated[str, StringConstraints(max_length=100, pattern=ONE_LINE)]


class CreateCustomerBody(Body):
    """A new customer; only the name is needed."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None
    external_id: ExternalId | None = None
    account: Account | None = Field(None, description="Who signs in as this customer: `user:<id>` or `api_key:<id>`.")
    attributes: Attributes = {}

    def as_input(self) -> CreateCustomer:
        """The service's form."""
        return CreateCustomer(
            name=self.name,
            email=self.email or "",
            phone=self.phone or "",
            external_id=self.external_id,
            account=self.account,
            attributes=self.attributes,
        )


class UpdateCustomerBody(Body):
    """The members to change; an empty text removes an address, a number or the account."""

    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    account: Account | None = None
    attributes: Attributes | None = None

    def as_input(self) -> UpdateCustomer:
        """The service's form."""
        return UpdateCustomer(**dict(self))


class CustomerFilter(PageQuery):
    """`search` looks into names and addresses; the others match exactly."""

    search: Search | None = None
    email: Search | None = None
    external_id: ExternalId | None = None


class CustomerOut(Out):
    """A customer; an unknown address or number is an empty text."""

    id: UUID
    name: str
    email: str
    phone: str
    external_id: str | None
    account: str | None
    attributes: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


def customer_out(customer: Customer) -> dict[str, Any]:
    """The answer's shape, see CustomerOut."""
    return {
        "id": customer.pk,
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "external_id": customer.external_id,
        "account": customer.account,
        "attributes": customer.attributes,
        "version": customer.version,
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
    }
