"""Orders in the tenant's console: every move calls the same service as the API, and only possible moves are offered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from apps.orders import services
from apps.orders.models import Cart, Order, OrderStatus, OrderTransition, PaymentState
from apps.orders.services import CancelOrder, Note, PayOrder, RefundOrder, ShipOrder
from apps.orders.states import CANCELLED, CHECKED_OUT, CONFIRMED, DELIVERED, OPEN, ORDER, PAID, PENDING, SHIPPED
from apps.payments.queries import payments
from apps.security.queries import actor_labels
from rustok import context
from rustok.admin import (
    Badge,
    Command,
    CommandCall,
    CommandForm,
    ConsoleModelAdmin,
    Done,
    ReasonForm,
    Section,
    Tone,
    badge,
    moment,
    tenant_site,
)
from rustok.admin.forms import AmountField, minor
from rustok.money import Money
from rustok.operations import Criticality

TONES = {
    PENDING: Badge.WARN,
    CONFIRMED: Badge.INFO,
    PAID: Badge.INFO,
    SHIPPED: Badge.INFO,
    DELIVERED: Badge.GOOD,
    CANCELLED: Badge.BAD,
}
_PAYMENT_TONES = {
    PaymentState.UNPAID: Badge.NEUTRAL,
    PaymentState.PAID: Badge.GOOD,
    PaymentState.PARTIALLY_REFUNDED: Badge.WARN,
    PaymentState.REFUNDED: Badge.NEUTRAL,
}
_PATH = (PENDING, CONFIRMED, PAID, SHIPPED, DELIVERED)
_ACTIONS: dict[str, str | Promise] = {
    "place": _("Placed"),
    "confirm": _("Confirmed"),
    "pay": _("Paid"),
    "ship": _("Shipped"),
    "deliver": _("Delivered"),
    "cancel": _("Cancelled"),
    "refund": _("Refunded"),
}


class ShipForm(CommandForm):
    """Who carries the goods."""

    carrier = forms.CharField(label=_("Carrier"), required=False, max_length=64)
    tracking = forms.CharField(label=_("Tracking number"), required=False, max_length=128)


class PayForm(CommandForm):
    """How the money came."""

    reference = forms.CharField(
        label=_("Reference"),
        required=False,
        max_length=128,
        help_text=_("Receipt or transfer number, if there is one."),
    )


class RefundForm(ReasonForm):
    """How much goes back, and why."""

    amount = AmountField(
        label=_("Amount"), required=False, help_text=_("Leave empty to refund everything that is left.")
    )
    field_order = ("amount", "reason")

    def clean(self) -> dict[str, Any]:
        """Add `minor`: the amount in minor units of the order's currency, None for everything."""
        cleaned = super().clean() or self.cleaned_data
        cleaned["minor"] = None
        if cleaned.get("amount"):
            try:
                cleaned["minor"] = minor(cleaned["amount"], self.subject.currency)
            except forms.ValidationError as error:
                self.add_error("amount", error)
        return cleaned


def _leads_to(target: str) -> Callable[[Order], bool]:
    return lambda order: ORDER.allows(order.status, target)


def _confirm(call: CommandCall) -> Done:
    services.confirm_order(order_id=call.subject.pk, input=Note(), context=call.context, expected_version=call.version)
    return Done(message=_("The order is confirmed."))


def _pay(call: CommandCall) -> Done:
    services.pay_order(
        order_id=call.subject.pk,
        input=PayOrder(reference=call.data["reference"]),
        context=call.context,
        expected_version=call.version,
    )
    return Done(message=_("The order is paid."))


def _ship(call: CommandCall) -> Done:
    services.ship_order(
        order_id=call.subject.pk, input=ShipOrder(**call.data), context=call.context, expected_version=call.version
    )
    return Done(message=_("The order is shipped."))


def _deliver(call: CommandCall) -> Done:
    services.deliver_order(order_id=call.subject.pk, input=Note(), context=call.context, expected_version=call.version)
    return Done(message=_("The order is delivered."))


def _cancel(call: CommandCall) -> Done:
    services.cancel_order(
        order_id=call.subject.pk,
        input=CancelOrder(reason=call.data["reason"]),
        context=call.context,
        expected_version=call.version,
    )
    return Done(message=_("The order is cancelled."))


def _refund(call: CommandCall) -> Done:
    services.refund_order(
        order_id=call.subject.pk,
        input=RefundOrder(amount=call.data["minor"], reason=call.data["reason"]),
        context=call.context,
        expected_version=call.version,
    )
    return Done(message=_("The refund is booked."))


COMMANDS = (
    Command(
        "confirm", label=_("Confirm"), permission="order:confirm", run=_confirm, available=_leads_to(CONFIRMED),
        tone=Tone.PRIMARY, icon="check", criticality=Criticality.HIGH,
    ),
    Command(
        "pay", label=_("Record payment"), permission="order:pay", run=_pay, form=PayForm, available=_leads_to(PAID),
        tone=Tone.PRIMARY, icon="payments", criticality=Criticality.HIGH,
        explanation=_("The whole total is booked as received."),
    ),
    Command(
        "ship", label=_("Ship"), permission="order:ship", run=_ship, form=ShipForm, available=_leads_to(SHIPPED),
        tone=Tone.PRIMARY, icon="local_shipping", criticality=Criticality.HIGH,
        explanation=_("The reserved goods leave the shelf."),
    ),
    Command(
        "deliver", label=_("Mark as delivered"), permission="order:deliver", run=_deliver,
        available=_leads_to(DELIVERED), tone=Tone.PRIMARY, icon="where_to_vote", criticality=Criticality.HIGH,
    ),
    Command(
        "refund", label=_("Refund"), permission="order:refund", run=_refund, form=RefundForm,
        available=lambda order: order.payment_status in {PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED},
        icon="undo", criticality=Criticality.HIGH,
    ),
    Command(
        "cancel", label=_("Cancel order"), permission="order:cancel", run=_cancel, form=ReasonForm,
        available=_leads_to(CANCELLED), tone=Tone.DANGER, icon="cancel", criticality=Criticality.HIGH,
        explanation=_("Stock is freed and what was paid is refunded. This cannot be undone."),
    ),
)  # fmt: skip


class OrderAdmin(ConsoleModelAdmin):
    """Purchases and their lives."""

    resource, section, position, icon = "order", Section.SALES, 10, "receipt_long"
    list_display = ("number", "customer_name", "amount", "status_badge", "payment_badge", "placed")
    list_select_related = ("customer",)
    list_filter = ("status", "payment_status")
    search_fields = ("number__istartswith", "external_id__startswith", "customer__name__istartswith")
    search_help_text = _("Order number, external id or customer")
    ordering = ("-placed_at", "-id")
    fields = ("customer_link", "payment_badge", "external_id", "carrier", "tracking", "placed")
    readonly_fields = ("customer_link", "payment_badge", "placed")
    change_form_template = "console/order.html"
    commands = COMMANDS

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the customer, for the page of one order too."""
        return super().get_queryset(request).select_related("customer")

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """Lines, history and payments: six statements at most, whatever the order's size."""
        may_see_money = context.current().allows("payment:read")
        return {
            "heading_badge": self.status_badge(subject),
            "steps": _steps(subject),
            "lines": [_line(line, subject.currency) for line in subject.lines.order_by("position")],
            "history": _history(subject),
            "payments": [_payment(payment) for payment in payments(order_id=subject.pk)] if may_see_money else [],
        }

    @admin.display(description=_("Customer"), ordering="customer__name")
    def customer_name(self, order: Order) -> str:
        """Who bought, if known."""
        return order.customer.name if order.customer is not None else "—"

    @admin.display(description=_("Customer"))
    def customer_link(self, order: Order) -> str:
        """Who bought, with a way there."""
        if order.customer is None:
            return "—"
        url = reverse("admin:customers_customer_change", args=[order.customer_id])
        return format_html('<a href="{}">{}</a>', url, order.customer.name)

    @admin.display(description=_("Total"), ordering="total")
    def amount(self, order: Order) -> str:
        """The total with its currency."""
        return str(order.money)

    @admin.display(description=_("Status"), ordering="status")
    def status_badge(self, order: Order) -> str:
        """Where the order is in its life."""
        return badge(OrderStatus(order.status).label, TONES[order.status])

    @admin.display(description=_("Payment"), ordering="payment_status")
    def payment_badge(self, order: Order) -> str:
        """What the payments say."""
        state = PaymentState(order.payment_status)
        return badge(state.label, _PAYMENT_TONES[state])

    @admin.display(description=_("Placed"), ordering="placed_at")
    def placed(self, order: Order) -> str:
        """When it was placed."""
        return moment(order.placed_at)


def _steps(order: Order) -> list[dict[str, Any]]:
    """The way of an order as a progress line; a cancelled one stops where it was."""
    taken = [status for status in _PATH if status == PENDING or getattr(order, f"{status}_at") is not None]
    steps = [
        {"label": OrderStatus(status).label, "done": status in taken, "now": status == order.status} for status in _PATH
    ]
    if order.status == CANCELLED:
        steps = [step for step in steps if step["done"]]
        steps.append({"label": OrderStatus.CANCELLED.label, "stop": True, "now": True})
    return steps


def _line(line: Any, currency: str) -> dict[str, Any]:
    return {"line": line, "unit": Money(line.unit_price, currency), "total": Money(line.total, currency)}


def _history(order: Order) -> list[dict[str, Any]]:
    """The moves, newest first, each with the name of who made it."""
    moves: list[OrderTransition] = list(order.transitions.order_by("-version"))
    names = actor_labels(move.actor for move in moves)
    return [
        {"move": move, "label": _ACTIONS.get(move.action, move.action), "who": names.get(move.actor)} for move in moves
    ]


def _payment(payment: Any) -> dict[str, Any]:
    return {
        "payment": payment,
        "captured": Money(payment.captured, payment.currency),
        "refunded": Money(payment.refunded, payment.currency) if payment.refunded else None,
    }


class CartAdmin(ConsoleModelAdmin):
    """What people are about to buy, and what became of it."""

    resource, section, position, icon = "cart", Section.SALES, 15, "shopping_cart"
    list_display = ("id", "status_badge", "flow", "goods", "currency", "changed", "ends")
    list_filter = ("status", "flow")
    ordering = ("-id",)
    fields = ("status_badge", "flow", "currency", "goods", "order_link", "changed", "ends")
    readonly_fields = ("status_badge", "goods", "order_link", "changed", "ends")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the lines."""
        return super().get_queryset(request).select_related("order").prefetch_related("lines")

    @admin.display(description=_("Status"), ordering="status")
    def status_badge(self, cart: Cart) -> str:
        """Open, checked out or expired."""
        tones = {OPEN: Badge.INFO, CHECKED_OUT: Badge.GOOD}
        return badge(cart.get_status_display(), tones.get(cart.status, Badge.NEUTRAL))

    @admin.display(description=_("Lines"))
    def goods(self, cart: Cart) -> str:
        """The first few lines."""
        lines = [str(line) for line in cart.loaded_lines]
        return ", ".join(lines[:5]) + (" …" if len(lines) > 5 else "") or "—"

    @admin.display(description=_("Order"))
    def order_link(self, cart: Cart) -> str:
        """What it became."""
        if cart.order is None:
            return "—"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[cart.order_id]), cart.order
        )

    @admin.display(description=_("Changed"), ordering="updated_at")
    def changed(self, cart: Cart) -> str:
        """When it was last touched."""
        return moment(cart.updated_at)

    @admin.display(description=_("Expires"), ordering="expires_at")
    def ends(self, cart: Cart) -> str:
        """When it ends by itself."""
        return moment(cart.expires_at)


tenant_site.register(Order, OrderAdmin)
tenant_site.register(Cart, CartAdmin)
