"""Customers: whoever buys. Being known is optional; an order may have none."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rustok.db.ids import Entity


class Customer(Entity):
    """A person or firm. `external_id` is the key in the integrator's own system.

    `account` names the actor who is this customer, as `user:<id>` or `api_key:<id>`: grants for own rows reach it, its
    carts, its orders and their payments.
    """

    name = models.CharField(_("name"), max_length=255)
    email = models.CharField(_("email"), max_length=254, blank=True, default="")
    phone = models.CharField(_("phone"), max_length=16, blank=True, default="")
    external_id = models.CharField(_("external id"), max_length=64, null=True, blank=True)  # noqa: DJ001 - unique when given
    account = models.CharField(_("account"), max_length=128, null=True, blank=True)  # noqa: DJ001 - unique when given
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        """Found by e-mail and by the integrator's key."""

        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(name="customer_external_id", fields=["external_id"]),
            models.UniqueConstraint(name="customer_account", fields=["account"]),
            models.CheckConstraint(name="customer_account_given", condition=~Q(account="")),
            models.CheckConstraint(name="customer_name_given", condition=~Q(name="")),
            models.CheckConstraint(name="customer_external_id_given", condition=~Q(external_id="")),
        ]
        indexes = [models.Index(name="customer_email", fields=["email"], condition=~Q(email=""))]

    def __str__(self) -> str:
        """The name."""
        return self.name
