"""A customer as the events tell it: they carry no personal data, so only the key and the count of changes compare."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from apps.customers.events import CustomerCreated, CustomerUpdated
from apps.customers.models import Customer
from rustok.aggregates import Aggregate, register
from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """The integrator's key, and how often the customer was written."""

    external_id: str | None
    version: int = 1


def fold(state: CustomerFacts | None, event: DomainEvent) -> CustomerFacts | None:
    """The customer after one more fact; facts that no customer tells change nothing."""
    match event:
        case CustomerCreated():
            return CustomerFacts(external_id=event.external_id)
        case CustomerUpdated() if state is not None:
            return replace(state, version=state.version + 1)
    return state


def stored(ids: Collection[UUID]) -> dict[UUID, CustomerFacts]:
    """The customers as the rows have them. One statement."""
    rows = Customer.objects.filter(pk__in=ids).values_list("pk", "external_id", "version")
    return {pk: CustomerFacts(external_id=external_id, version=version) for pk, external_id, version in rows}


register(Aggregate(name="customer", state=CustomerFacts, fold=fold, stored=stored, table="customers_customer"))
