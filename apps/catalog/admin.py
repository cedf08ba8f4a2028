"""Products, prices and stock in the tenant's console. Every write is a call of `apps.catalog.services`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.catalog import services
from apps.catalog.models import MovementKind, Product, ProductStatus, ReservationStatus, StockLevel, Variant
from apps.catalog.services import CreateProduct, NewVariant, UpdateProduct
from apps.security.queries import actor_labels
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
from rustok.admin.forms import AmountField, CurrencyField, minor

_TONES = {ProductStatus.DRAFT: Badge.WARN, ProductStatus.ACTIVE: Badge.GOOD, ProductStatus.ARCHIVED: Badge.NEUTRAL}
_SHOWN_MOVEMENTS = 50


class PriceFields(CommandForm):
    """An amount with its currency."""

    amount = AmountField(label=_("Price"), help_text=_("As on a price tag, for example 12.50."))
    currency = CurrencyField()

    def clean(self) -> dict[str, Any]:
        """Add `minor`: the price in minor units."""
        cleaned = super().clean() or self.cleaned_data
        if "amount" in cleaned and "currency" in cleaned:
            try:
                cleaned["minor"] = minor(cleaned["amount"], cleaned["currency"])
            except forms.ValidationError as error:
                self.add_error("amount", error)
        return cleaned


class ProductForm(PriceFields):
    """A product with one variant."""

    name = forms.CharField(label=_("Name"), max_length=255)
    sku = forms.CharField(label=_("SKU"), max_length=64, help_text=_("The unit that orders refer to; unique."))
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    on_hand = forms.IntegerField(label=_("On hand"), min_value=0, initial=0)
    field_order = ("name", "sku", "description", "amount", "currency", "on_hand")


class ProductChangeForm(CommandForm):
    """Texts and status."""

    name = forms.CharField(label=_("Name"), max_length=255)
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    status = forms.ChoiceField(label=_("Status"), choices=ProductStatus.choices)


class PriceForm(PriceFields):
    """The price of one variant."""

    sku = forms.ChoiceField(label=_("SKU"))
    field_order = ("sku", "amount", "currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the product's variants."""
        super().__init__(*args, **kwargs)
        variants = self.subject.variants.all()
        self.fields["sku"].choices = [(v.sku, f"{v.sku} {v.title}".strip()) for v in variants]  # type: ignore[attr-defined]  # it is the ChoiceField above


class CountForm(CommandForm):
    """What was counted."""

    on_hand = forms.IntegerField(label=_("On hand"), min_value=0)
    threshold = forms.IntegerField(label=_("Low stock threshold"), min_value=0)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=255)


class AdjustForm(ReasonForm):
    """What came or went."""

    delta = forms.IntegerField(label=_("Change"), help_text=_("12 adds twelve units, -3 takes three away."))
    field_order = ("delta", "reason")


def _create(call: CommandCall) -> Done:
    data = call.data
    variant = NewVariant(sku=data["sku"], prices={data["currency"]: data["minor"]}, on_hand=data["on_hand"])
    given = CreateProduct(name=data["name"], description=data["description"], variants=[variant])
    product = services.create_product(input=given, context=call.context)
    return Done(
        message=_("%(name)s is for sale.") % {"name": product.name},
        location=reverse("admin:catalog_product_change", args=[product.pk]),
    )


def _update(call: CommandCall) -> Done:
    given = UpdateProduct(**{name: call.data[name] for name in ("name", "description", "status")})
    services.update_product(
        product_id=call.subject.pk, input=given, context=call.context, expected_version=call.version
    )
    return Done(message=_("The product is changed."))


def _price(call: CommandCall) -> Done:
    data = call.data
    price = services.set_price(sku=data["sku"], currency=data["currency"], amount=data["minor"], context=call.context)
    return Done(message=_("%(sku)s now costs %(price)s.") % {"sku": data["sku"], "price": price.money})


def _count(call: CommandCall) -> Done:
    level = services.set_stock(
        sku=call.subject.variant.sku,
        location=call.subject.location,
        on_hand=call.data["on_hand"],
        low_stock_threshold=call.data["threshold"],
        reason=call.data["reason"],
        context=call.context,
    )
    return Done(message=_("%(count)s on hand now.") % {"count": level.on_hand})


def _adjust(call: CommandCall) -> Done:
    level = services.adjust_stock(
        sku=call.subject.variant.sku,
        location=call.subject.location,
        delta=call.data["delta"],
        reason=call.data["reason"],
        context=call.context,
    )
    return Done(message=_("%(count)s on hand now.") % {"count": level.on_hand})


class ProductAdmin(ConsoleModelAdmin):
    """What the shop sells."""

    resource, section, position, icon = "product", Section.CATALOG, 10, "inventory_2"
    list_display = ("name", "skus", "prices", "available", "status_badge")
    list_filter = ("status",)
    search_fields = ("name__icontains", "variants__sku__istartswith")
    search_help_text = _("Name or SKU")
    ordering = ("name", "id")
    fields = ("name", "status_badge", "description", "changed")
    readonly_fields = ("status_badge", "changed")
    wide_fields = ("description",)
    change_form_template = "console/product.html"
    list_commands = (
        Command(
            "create",
            label=_("Add product"),
            permission="product:create",
            run=_create,
            form=ProductForm,
            tone=Tone.PRIMARY,
            icon="add",
        ),
    )
    commands = (
        Command("price", label=_("Set price"), permission="product:update", run=_price, form=PriceForm, icon="sell"),
        Command(
            "update",
            label=_("Edit"),
            permission="product:update",
            run=_update,
            form=ProductChangeForm,
            icon="edit",
            initial=lambda product: {name: getattr(product, name) for name in ("name", "description", "status")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        """With variants, prices and stock: three more statements, whatever the number of rows."""
        variants = Variant.objects.prefetch_related("prices", "levels")
        return super().get_queryset(request).prefetch_related(Prefetch("variants", queryset=variants))

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The variants with their prices and levels."""
        return {"heading_badge": self.status_badge(subject), "variants": list(subject.variants.all())}

    @admin.display(description=_("SKU"))
    def skus(self, product: Product) -> str:
        """The first SKUs."""
        names = [variant.sku for variant in product.variants.all()]
        return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")

    @admin.display(description=_("Price"))
    def prices(self, product: Product) -> str:
        """The first variant's prices."""
        first = next(iter(product.variants.all()), None)
        return ", ".join(str(price.money) for price in first.prices.all()) if first is not None else "—"

    @admin.display(description=_("Available"))
    def available(self, product: Product) -> int:
        """What can still be promised, over all variants and locations."""
        return sum(level.available for variant in product.variants.all() for level in variant.levels.all())

    @admin.display(description=_("Status"), ordering="status")
    def status_badge(self, product: Product) -> str:
        """Whether it can be bought."""
        status = ProductStatus(product.status)
        return badge(status.label, _TONES[status])

    @admin.display(description=_("Changed"))
    def changed(self, product: Product) -> str:
        """The last change."""
        return moment(product.updated_at)


class LowStockFilter(admin.SimpleListFilter):
    """Levels at or below their threshold."""

    title = _("stock")
    parameter_name = "low"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """One choice beside "all"."""
        return [("1", _("Low"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StockLevel]) -> QuerySet[StockLevel]:
        """Keep the low ones."""
        if self.value() == "1":
            return queryset.filter(on_hand__lte=F("reserved") + F("low_stock_threshold"))
        return queryset


class StockAdmin(ConsoleModelAdmin):
    """How much there is, and how much of it is promised."""

    resource, section, position, icon = "stock", Section.CATALOG, 20, "warehouse"
    plural = _("Stock")
    list_display = ("sku", "product", "location", "on_hand", "reserved", "available_badge")
    list_select_related = ("variant__product",)
    list_filter = (LowStockFilter,)
    search_fields = ("variant__sku__istartswith", "variant__product__name__icontains")
    search_help_text = _("SKU or product")
    ordering = ("variant__sku", "location")
    fields = ("sku", "product", "location", "available_badge", "on_hand", "reserved", "low_stock_threshold", "changed")
    readonly_fields = ("sku", "product", "available_badge", "changed")
    change_form_template = "console/stock.html"
    commands = (
        Command(
            "adjust",
            label=_("Adjust"),
            permission="stock:update",
            run=_adjust,
            form=AdjustForm,
            tone=Tone.PRIMARY,
            icon="swap_vert",
        ),
        Command(
            "count",
            label=_("Count"),
            permission="stock:update",
            run=_count,
            form=CountForm,
            icon="fact_check",
            initial=lambda level: {"on_hand": level.on_hand, "threshold": level.low_stock_threshold},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockLevel]:
        """With variant and product, for the page of one level too."""
        return super().get_queryset(request).select_related("variant__product")

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The last movements and the open promises: four statements at most."""
        held = subject.reservations.filter(status=ReservationStatus.HELD).order_by("-id")[:_SHOWN_MOVEMENTS]
        rows = list(subject.movements.order_by("-id")[:_SHOWN_MOVEMENTS])
        names = actor_labels(row.actor for row in rows)
        moves = [
            {"movement": row, "kind": MovementKind(row.kind).label, "who": names.get(row.actor, row.actor)}
            for row in rows
        ]
        return {"movements": moves, "held": list(held)}

    @admin.display(description=_("SKU"), ordering="variant__sku")
    def sku(self, level: StockLevel) -> str:
        """The variant's SKU."""
        return level.variant.sku

    @admin.display(description=_("Product"), ordering="variant__product__name")
    def product(self, level: StockLevel) -> str:
        """The product's name."""
        return level.variant.product.name

    @admin.display(description=_("Available"))
    def available_badge(self, level: StockLevel) -> str:
        """What can still be promised; marked when it is little."""
        low = level.available <= level.low_stock_threshold
        tone = Badge.BAD if level.available == 0 else Badge.WARN if low else Badge.GOOD
        return badge(str(level.available), tone)

    @admin.display(description=_("Changed"))
    def changed(self, level: StockLevel) -> str:
        """The last change."""
        return moment(level.updated_at)


tenant_site.register(Product, ProductAdmin)
tenant_site.register(StockLevel, StockAdmin)
