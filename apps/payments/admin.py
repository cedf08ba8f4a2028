"""Payments in the tenant's console: read only. Money moves through the order's page, by the order's services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from apps.payments.models import Payment, PaymentStatus
from apps.security.queries import actor_labels
from rustok.admin import Badge, ConsoleModelAdmin, Section, badge, moment, tenant_site
from rustok.money import Money

_TONES = {
    PaymentStatus.CAPTURED: Badge.GOOD,
    PaymentStatus.PARTIALLY_REFUNDED: Badge.WARN,
    PaymentStatus.REFUNDED: Badge.NEUTRAL,
}


class PaymentAdmin(ConsoleModelAdmin):
    """What was taken, and what of it went back."""

    resource, section, position, icon = "payment", Section.SALES, 30, "payments"
    list_display = ("reference", "amount", "given_back", "status_badge", "provider", "when")
    list_filter = ("status",)
    search_fields = ("provider_reference__startswith",)
    search_help_text = _("The provider's reference")
    ordering = ("-id",)
    fields = ("order_link", "status_badge", "amount", "given_back", "provider", "provider_reference", "when")
    readonly_fields = ("order_link", "status_badge", "amount", "given_back", "when")
    change_form_template = "console/payment.html"

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The refunds: three statements at most."""
        rows = list(subject.refunds.order_by("id"))
        names = actor_labels(row.actor for row in rows)
        refunds = [
            {"refund": row, "amount": Money(row.amount, subject.currency), "who": names.get(row.actor, row.actor)}
            for row in rows
        ]
        return {"heading_badge": self.status_badge(subject), "refunds": refunds}

    @admin.display(description=_("Payment"))
    def reference(self, payment: Payment) -> str:
        """The provider's word for it."""
        return payment.provider_reference or f"…{str(payment.pk)[-12:]}"

    @admin.display(description=_("Order"))
    def order_link(self, payment: Payment) -> str:
        """The order that was paid."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[payment.order_id]), payment.order_id
        )

    @admin.display(description=_("Captured"), ordering="captured")
    def amount(self, payment: Payment) -> str:
        """What was taken."""
        return str(Money(payment.captured, payment.currency))

    @admin.display(description=_("Refunded"), ordering="refunded")
    def given_back(self, payment: Payment) -> str:
        """What went back."""
        return str(Money(payment.refunded, payment.currency)) if payment.refunded else "—"

    @admin.display(description=_("Status"), ordering="status")
    def status_badge(self, payment: Payment) -> str:
        """Where it stands."""
        status = PaymentStatus(payment.status)
        return badge(status.label, _TONES[status])

    @admin.display(description=_("Time"), ordering="created_at")
    def when(self, payment: Payment) -> str:
        """When it was captured."""
        return moment(payment.created_at)


tenant_site.register(Payment, PaymentAdmin)
