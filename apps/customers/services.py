"""Creating and changing customers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.customers.events import CustomerCreated, CustomerUpdated
from apps.customers.models import Customer
from apps.tenants.validation import validate_email, validate_phone
from rustok.audit import AuditEntry
from rustok.context import ExecutionContext
from rustok.db.constraints import unique
from rustok.db.transactions import transactional, unit_of_work
from rustok.errors.families import NotFound, VersionConflict
from rustok.policy import Action, ResourceGuard, enter, require
from rustok.telemetry import traced
from rustok.text import clean, clean_attributes, refuse

ACCOUNT: Final = re.compile(r"[a-z][a-z_]{0,31}:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCustomer:
    """Who it is; only the name is needed. `external_id` and `account` (`user:<id>`) are unique when given."""

    name: str
    email: str = ""
    phone: str = ""
    external_id: str | None = None
    account: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomer:
    """The fields to change; None leaves a field as it is, an empty account takes it away."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    account: str | None = None
    attributes: Mapping[str, Any] | None = None


@traced("customers.create_customer")
def create_customer(*, input: CreateCustomer, context: ExecutionContext) -> Customer:
    """Create a customer. Needs `customer:create`. Raises InvalidInput, DuplicateEntry (the external id is known)."""
    return create_customers(inputs=[input], context=context)[0]


@transactional
def create_customers(*, inputs: Sequence[CreateCustomer], context: ExecutionContext) -> list[Customer]:
    """Create many customers, all or none, in a fixed number of statements. Needs `customer:create`."""
    require(context, "customer:create")
    now = timezone.now()
    customers = [
        Customer(
            name=_checked("name", given.name),
            email=_checked("email", given.email),
            phone=_checked("phone", given.phone),
            external_id=clean(given.external_id, field="external_id", longest=64) if given.external_id else None,
            account=_account(given.account),
            attributes=clean_attributes(given.attributes),
            created_at=now,
            updated_at=now,
        )
        for given in inputs
    ]
    with unit_of_work() as uow, unique("customer", ", ".join(c.external_id or c.name for c in customers[:5])):
        Customer.objects.bulk_create(customers)
        for customer in customers:
            uow.record(CustomerCreated(customer_id=customer.pk, external_id=customer.external_id), new_stream=True)
            uow.audit(AuditEntry(action="customer:create", target=str(customer.pk)))
    return customers


@transactional
def update_customer(
    *, customer_id: UUID, input: UpdateCustomer, context: ExecutionContext, expected_version: int | None = None
) -> Customer:
    """Change a customer. Needs `customer:update`, for all rows when the account changes.

    Raises NotFound, PermissionDenied, VersionConflict, InvalidInput, DuplicateEntry (the account is taken).
    """
    enter(context, "customer:update")
    given = {"name": input.name, "email": input.email, "phone": input.phone}
    changes: dict[str, Any] = {name: _checked(name, text) for name, text in given.items() if text is not None}
    if input.attributes is not None:
        changes["attributes"] = clean_attributes(input.attributes)
    if input.account is not None:
        require(context, "customer:update")
        changes["account"] = _account(input.account)
    customer = Customer.objects.select_for_update(no_key=True).filter(pk=customer_id).first()
    if customer is None:
        raise NotFound(resource=_("customer"))
    ResourceGuard(customer, context).ensure(Action.UPDATE)
    if expected_version is not None and customer.version != expected_version:
        raise VersionConflict(resource=_("customer"), current=customer.version)
    changed = tuple(name for name, value in changes.items() if getattr(customer, name) != value)
    if changed:
        for name in changed:
            setattr(customer, name, changes[name])
        customer.version += 1
        customer.updated_at = timezone.now()
        with unique(str(_("customer")), input.account or ""):
            customer.save(update_fields=[*changed, "version", "updated_at"])
        with unit_of_work() as uow:
            uow.record(CustomerUpdated(customer_id=customer.pk, changed=changed))
            details = {"changed": list(changed)}
            uow.audit(AuditEntry(action="customer:update", target=str(customer.pk), details=details))
    return customer


def _account(text: str | None) -> str | None:
    if not text:
        return None
    if not ACCOUNT.fullmatch(text):
        raise refuse("account", "reference", _("Name an actor as kind:id, like user:<id>."))
    return text


def _checked(name: str, text: str) -> str:
    """The text in normal form: the name is needed, address and number may be left out."""
    if name == "name":
        return clean(text, field="name", longest=255)
    if not text:
        return ""
    return validate_email(text) if name == "email" else validate_phone(text)
