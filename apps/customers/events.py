"""Facts about customers. They carry no personal data: events are kept, people may ask to be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from rustok.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCreated(DomainEvent):
    """Somebody became a customer."""

    type: ClassVar[str] = "customers.customer_created"
    aggregate: ClassVar[str] = "customer"
    key: ClassVar[str] = "customer_id"

    customer_id: UUID
    external_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerUpdated(DomainEvent):
    """Something about a customer changed; `changed` names the fields."""

    type: ClassVar[str] = "customers.customer_updated"
    aggregate: ClassVar[str] = "customer"
    key: ClassVar[str] = "customer_id"

    customer_id: UUID
    changed: tuple[str, ...]
