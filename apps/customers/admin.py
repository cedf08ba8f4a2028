"""Customers in the tenant's console. Every write is a call of `apps.customers.services`."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.customers import services
from apps.customers.models import Customer
from apps.customers.services import CreateCustomer, UpdateCustomer
from rustok.admin import (
    Command,
    CommandCall,
    CommandForm,
    ConsoleModelAdmin,
    Done,
    Section,
    Tone,
    json_view,
    moment,
    tenant_site,
)

_EDITABLE = ("name", "email", "phone")


class CustomerForm(CommandForm):
    """Who it is."""

    name = forms.CharField(label=_("Name"), max_length=255)
    email = forms.CharField(label=_("E-mail"), required=False, max_length=254)
    phone = forms.CharField(
        label=_("Telephone"), required=False, max_length=32, help_text=_("With the country code: +44 20 7946 0000.")
    )


class NewCustomerForm(CustomerForm):
    """A new customer."""

    external_id = forms.CharField(
        label=_("External id"), required=False, max_length=64, help_text=_("The key in your own system; unique.")
    )


def _create(call: CommandCall) -> Done:
    data = dict(call.data)
    given = CreateCustomer(external_id=data.pop("external_id") or None, **data)
    customer = services.create_customer(input=given, context=call.context)
    return Done(
        message=_("%(name)s is added.") % {"name": customer.name},
        location=reverse("admin:customers_customer_change", args=[customer.pk]),
    )


def _update(call: CommandCall) -> Done:
    services.update_customer(
        customer_id=call.subject.pk,
        input=UpdateCustomer(**call.data),
        context=call.context,
        expected_version=call.version,
    )
    return Done(message=_("The customer is changed."))


class CustomerAdmin(ConsoleModelAdmin):
    """Whoever buys."""

    resource, section, position, icon = "customer", Section.SALES, 20, "groups"
    list_display = ("name", "email", "phone", "external_id", "since")
    search_fields = ("name__icontains", "email__istartswith", "external_id__startswith")
    search_help_text = _("Name, e-mail address or external id")
    ordering = ("-id",)
    fields = ("name", "external_id", "email", "phone", "since", "facts")
    readonly_fields = ("since", "facts")
    wide_fields = ("facts",)
    list_commands = (
        Command(
            "create",
            label=_("Add customer"),
            permission="customer:create",
            run=_create,
            form=NewCustomerForm,
            tone=Tone.PRIMARY,
            icon="person_add",
        ),
    )
    commands = (
        Command(
            "update",
            label=_("Edit"),
            permission="customer:update",
            run=_update,
            form=CustomerForm,
            icon="edit",
            initial=lambda customer: {name: getattr(customer, name) for name in _EDITABLE},
        ),
    )

    @admin.display(description=_("Since"), ordering="created_at")
    def since(self, customer: Customer) -> str:
        """Since when the customer is known."""
        return moment(customer.created_at)

    @admin.display(description=_("Attributes"))
    def facts(self, customer: Customer) -> str:
        """What integrators stored."""
        return json_view(customer.attributes, label=_("Attributes"))


tenant_site.register(Customer, CustomerAdmin)
