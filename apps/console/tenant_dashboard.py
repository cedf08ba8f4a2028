"""The first page of a shop's staff: one statement per picture; who may not see a thing does not get its panel."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog import queries as catalog
from apps.console.charts import Cell, Chart, Column, Series, Table
from apps.console.deliveries import delivery_part
from apps.console.panels import Dashboard, Number, Panel
from apps.console.periods import Period
from apps.orders import queries as orders
from apps.orders.queries import OrderStatus
from rustok import context
from rustok.money import EXPONENTS, Money

_OPEN = (OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PAID)
_LARGE: Final = 1000
_SHOWN_LOW: Final = 6
_STATUS_COLOURS = {
    OrderStatus.PENDING: "#c2710c",
    OrderStatus.CONFIRMED: "#3b76ff",
    OrderStatus.PAID: "#0d9488",
    OrderStatus.SHIPPED: "#9a5bd6",
    OrderStatus.DELIVERED: "#15803d",
    OrderStatus.CANCELLED: "#6b7280",
}


def build(*, now: datetime, days: int) -> Dashboard:
    """The dashboard of the current tenant for the current actor."""
    allows = context.current().allows
    numbers: list[Number] = []
    panels: list[Panel] = []
    if allows("order:read"):
        period = Period.ending(last=last_order_at(), now=now, days=days)
        _sales(period, numbers, panels)
    receivers: Panel | None = None
    if allows("event:read"):
        number, lag, receivers = delivery_part()
        numbers.append(number)
        panels.append(lag)
    if allows("stock:read"):
        _stock(numbers, panels)
    if receivers is not None:
        panels.append(receivers)
    return Dashboard(numbers, panels)


def last_order_at() -> datetime | None:
    """When the latest order was placed. One statement, by the index."""
    newest = orders.orders().prefetch_related(None).order_by("-placed_at")
    return newest.values_list("placed_at", flat=True).first()


def _sales(period: Period, numbers: list[Number], panels: list[Panel]) -> None:
    counts = {row.day: row.count for row in orders.orders_per_day(since=period.since, until=period.until)}
    revenue = orders.revenue_per_day(since=period.since, until=period.until)
    statuses = orders.orders_by_status()
    hint = period.label
    waiting = sum(statuses.get(status, 0) for status in _OPEN)
    numbers += [
        Number(label=_("Orders"), value=sum(counts.values()), icon="receipt_long", hint=hint),
        Number(label=_("Revenue"), value=_totals(revenue), icon="payments", hint=hint),
        Number(label=_("Open orders"), value=waiting, icon="pending_actions", hint=_("not shipped yet")),
    ]
    labels = [date_format(day, "j M") for day in period.days]
    daily = Chart(
        title=_("Orders per day"),
        kind="bar",
        labels=labels,
        label_title=_("Day"),
        series=[Series(_("Orders"), period.spread(counts))],
    )
    panels += [
        Panel(name="orders-per-day", title=daily.title, chart=daily, span=6, hint=hint),
        Panel(name="revenue", title=_("Revenue per day"), chart=_revenue(revenue, period, labels), span=6, hint=hint),
        Panel(name="top-products", title=_("Best sellers"), chart=_best_sellers(period), span=7, hint=hint),
        Panel(
            name="orders-by-status",
            title=_("Orders by status"),
            chart=_by_status(statuses),
            span=5,
            link=reverse("admin:orders_order_changelist"),
            link_text=_("All orders"),
        ),
    ]


def _totals(revenue: list[orders.DayRevenue]) -> str:
    """The sum per currency, the largest first."""
    sums: dict[str, int] = {}
    for row in revenue:
        sums[row.revenue.currency] = sums.get(row.revenue.currency, 0) + row.revenue.amount
    written = [
        Money(amount, code)
        for code, amount in sorted(sums.items(), key=lambda pair: _major(pair[1], pair[0]), reverse=True)
    ]
    return ", ".join(_grouped(money) for money in written[:3]) or "—"


def _grouped(money: Money) -> str:
    """For a figure of a few centimetres: large sums without their cents."""
    whole, point, cents = money.decimal().partition(".")
    rest = point + cents if abs(int(whole)) < _LARGE else ""
    return f"{int(whole):,}".replace(",", "\u00a0") + rest + f"\u00a0{money.currency}"


def _major(amount: int, currency: str) -> float:
    """Major units for pictures only; money itself never becomes a float."""
    return float(amount) / float(10 ** EXPONENTS[currency])


def _revenue(revenue: list[orders.DayRevenue], period: Period, labels: list[str]) -> Chart:
    by_currency: dict[str, dict[Any, float]] = {}
    for row in revenue:
        money = row.revenue
        by_currency.setdefault(money.currency, {})[row.day] = _major(money.amount, money.currency)
    ranked = sorted(by_currency.items(), key=lambda pair: sum(pair[1].values()), reverse=True)[:3]
    decimals = EXPONENTS[ranked[0][0]] if ranked else 2
    unit = ranked[0][0] if len(ranked) == 1 else ""
    return Chart(
        title=_("Revenue per day"),
        kind="line",
        labels=labels,
        label_title=_("Day"),
        series=[Series(code, period.spread(values)) for code, values in ranked],
        unit=unit,
        decimals=decimals,
    )


def _best_sellers(period: Period) -> Chart:
    rows = orders.top_products(since=period.since, until=period.until, limit=8)
    currency = rows[0].revenue.currency if rows else "USD"
    rows = [row for row in rows if row.revenue.currency == currency]
    return Chart(
        title=_("Best sellers"),
        kind="ranking",
        labels=[row.name if len(row.name) <= 28 else f"{row.name[:27]}…" for row in rows],
        label_title=_("Product"),
        series=[Series(_("Revenue"), [_major(row.revenue.amount, currency) for row in rows])],
        unit=currency,
        decimals=EXPONENTS[currency],
        colours=("#0d9488",),
    )


def _by_status(statuses: dict[str, int]) -> Chart:
    present = [status for status in OrderStatus if statuses.get(status)]
    return Chart(
        title=_("Orders by status"),
        kind="doughnut",
        labels=[str(status.label) for status in present],
        label_title=_("Status"),
        series=[Series(_("Orders"), [statuses[status] for status in present])],
        colours=[_STATUS_COLOURS[status] for status in present],
    )


def _stock(numbers: list[Number], panels: list[Panel]) -> None:
    levels = catalog.low_stock(limit=_SHOWN_LOW)
    short = sum(1 for level in levels if level.available == 0)
    numbers.append(
        Number(
            label=_("Low stock"),
            value=f"{len(levels)}+" if len(levels) == _SHOWN_LOW else len(levels),
            icon="inventory",
            hint=_("%(count)s sold out") % {"count": short},
            alarming=short > 0,
        )
    )
    rows = [
        [
            Cell(level.variant.sku, url=reverse("admin:catalog_stocklevel_change", args=[level.pk])),
            Cell(level.variant.product.name),
            Cell(level.available, number=True),
        ]
        for level in levels
    ]
    columns = [Column(_("SKU")), Column(_("Product")), Column(_("Available"), number=True)]
    panels.append(
        Panel(
            name="low-stock",
            title=_("Low stock"),
            table=Table(columns=columns, rows=rows),
            span=5,
            link=reverse("admin:catalog_stocklevel_changelist") + "?low=1",
            link_text=_("All stock"),
        )
    )
