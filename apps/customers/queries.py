"""Reads of customers."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.customers.models import Customer
from rustok.errors.families import NotFound


def customers(*, search: str = "", email: str = "", external_id: str = "") -> QuerySet[Customer]:
    """Customers; `search` looks into names and e-mail addresses."""
    found = Customer.objects.all()
    if search:
        found = found.filter(Q(name__icontains=search) | Q(email__icontains=search))
    if email:
        found = found.filter(email=email)
    if external_id:
        found = found.filter(external_id=external_id)
    return found


def customer_exists(customer_id: UUID) -> bool:
    """Whether there is such a customer. One statement; plain SQL, since every order asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM customers_customer WHERE id = %s", [customer_id])
        return cursor.fetchone() is not None


def get_customer(customer_id: UUID) -> Customer:
    """One customer; raises NotFound."""
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise NotFound(resource=_("customer"))
    return customer
