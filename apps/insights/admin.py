"""The read models in the tenant's console: lists to look at, and a button that builds one anew."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.events.projections.rebuilding import PERMISSION
from apps.events.projections.states import live_build
from apps.insights import queries, services, tasks
from apps.insights.models import CustomerValue, ProductDay, SalesDay, StockDay
from rustok.admin import Command, CommandCall, ConsoleModelAdmin, Done, Section, moment, tenant_site
from rustok.money import Money


def _rebuild(projection: str, call: CommandCall) -> Done:
    shadow = services.start(name=projection, context=call.context)
    tenant = call.context.tenant
    queued = tenant is not None and tasks.ask(tenant=tenant.slug, projection=projection)
    if not queued:
        return Done(message=_("The rebuild is prepared, but no worker could be told. Press again in a moment."))
    text = _("%(count)s events are read anew beside these rows; they stay until the new ones take over.")
    return Done(message=text % {"count": shadow.head - shadow.reached})


def _command(projection: str) -> Command:
    return Command(
        f"rebuild_{projection}",
        label=_("Rebuild"),
        permission=PERMISSION,
        run=partial(_rebuild, projection),
        icon="restart_alt",
        explanation=_("Reads the whole event log again and replaces these rows at once when it has caught up."),
    )


class ReportAdmin(ConsoleModelAdmin):
    """Rows of one projection's live build."""

    resource = "report"
    projection: ClassVar[str] = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What readers see, in one statement."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(build=live_build(self.projection))


class MoneyColumns:
    """Amounts with their currency; mixed into lists of rows that have `gross` and `net`."""

    @admin.display(description=_("Ordered"), ordering="gross")
    def ordered(self, row: SalesDay | CustomerValue) -> str:
        """What was ordered."""
        return str(Money(row.gross, row.currency))

    @admin.display(description=_("Cancelled"), ordering="cancelled")
    def taken_back(self, row: SalesDay | CustomerValue) -> str:
        """What was cancelled."""
        return str(Money(row.cancelled, row.currency)) if row.cancelled else "—"

    @admin.display(description=_("Refunded"), ordering="refunded")
    def given_back(self, row: SalesDay | CustomerValue) -> str:
        """What went back without ending the order."""
        return str(Money(row.refunded, row.currency)) if row.refunded else "—"

    @admin.display(description=_("Net"), ordering="net")
    def left(self, row: SalesDay | CustomerValue) -> str:
        """What is left."""
        return str(Money(row.net, row.currency))


class SalesDayAdmin(MoneyColumns, ReportAdmin):
    """Sales per day and currency."""

    projection = queries.SALES_PER_DAY
    section, position, icon = Section.SALES, 40, "calendar_month"
    list_display = ("day", "currency", "orders", "cancelled_orders", "ordered", "taken_back", "given_back", "left")
    list_filter = ("currency",)
    date_hierarchy = None
    ordering = ("-day", "currency")
    fields = ("day", "currency", "orders", "cancelled_orders", "ordered", "taken_back", "given_back", "left")
    readonly_fields = fields
    list_commands = (_command(queries.SALES_PER_DAY),)


class ProductDayAdmin(ReportAdmin):
    """Sales per product and day."""

    projection = queries.BEST_SELLERS
    section, position, icon = Section.SALES, 50, "trending_up"
    list_display = ("sku", "name", "day", "quantity", "income")
    list_filter = ("currency",)
    search_fields = ("sku__istartswith", "name__icontains")
    search_help_text = _("SKU or name")
    ordering = ("-day", "-revenue", "sku")
    fields = ("sku", "name", "day", "quantity", "income")
    readonly_fields = fields
    list_commands = (_command(queries.BEST_SELLERS),)

    @admin.display(description=_("Revenue"), ordering="revenue")
    def income(self, row: ProductDay) -> str:
        """What it brought in."""
        return str(Money(row.revenue, row.currency))


class CustomerValueAdmin(MoneyColumns, ReportAdmin):
    """What customers are worth."""

    projection = queries.CUSTOMER_VALUE
    section, position, icon = Section.SALES, 60, "loyalty"
    list_display = ("customer_id", "orders", "cancelled_orders", "ordered", "left", "first", "latest")
    list_filter = ("currency",)
    ordering = ("-net", "customer_id", "currency")
    fields = ("customer_id", "currency", "orders", "cancelled_orders", "ordered", "taken_back", "given_back", "left")
    readonly_fields = fields
    list_commands = (_command(queries.CUSTOMER_VALUE),)

    @admin.display(description=_("First order"), ordering="first_order_at")
    def first(self, row: CustomerValue) -> str:
        """When the first order was placed."""
        return moment(row.first_order_at)

    @admin.display(description=_("Last order"), ordering="last_order_at")
    def latest(self, row: CustomerValue) -> str:
        """When the last order was placed."""
        return moment(row.last_order_at)


class StockDayAdmin(ReportAdmin):
    """Stock movements per day."""

    projection = queries.STOCK_MOVEMENTS
    section, position, icon = Section.CATALOG, 40, "swap_vert"
    list_display = ("sku", "day", "location", "kind", "movements", "received", "removed", "on_hand")
    list_filter = ("kind",)
    search_fields = ("sku__istartswith",)
    search_help_text = _("SKU")
    ordering = ("-day", "sku", "location", "kind")
    fields = ("sku", "day", "location", "kind", "movements", "received", "removed", "on_hand")
    readonly_fields = fields
    list_commands = (_command(queries.STOCK_MOVEMENTS),)


for _model, _page in (
    (SalesDay, SalesDayAdmin),
    (ProductDay, ProductDayAdmin),
    (CustomerValue, CustomerValueAdmin),
    (StockDay, StockDayAdmin),
):
    tenant_site.register(_model, _page)
