"""A customer's row is the customer's own: it names the account that the person signs in with."""

from __future__ import annotations

from typing import Final

from rustok.policy import OwnedBy, Policy, Resource, register

CUSTOMER: Final = Policy(resource=Resource("customer"), model="customers.Customer", own=OwnedBy("account"))

register(CUSTOMER)
