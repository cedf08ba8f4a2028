"""The first page of a shop's staff. Who may not see a thing does not get its panel.

Sales come from read models, not from scanning orders: a few rows per day, with how fresh they are; the rest costs one
statement per picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Final

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog import queries as catalog
from apps.console.charts import Cell, Chart, Column, Series, Table
from apps.console.deliveries import delivery_part
from apps.console.panels import Dashboard, Number, Panel
from apps.console.periods import Period
from apps.insights import queries as insights
from apps.orders.queries import OrderStatus
from rustok import context
from rustok.money import EXPONENTS, Money

_OPEN = (OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PAID)
_LARGE: Final = 1000
_SHOWN_LOW: Final = 6
_DRAWN_CURRENCIES: Final = 3
_DRAWN_PRODUCTS: Final = 8
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
    note = ""
    if allows("order:read"):
        period = Period.ending(last=last_order_at(), now=now, days=days)
        note = _sales(period, numbers, panels)
    receivers: Panel | None = None
    if allows("event:read"):
        number, lag, receivers = delivery_part()
        numbers.append(number)
        panels.append(lag)
    if allows("stock:read"):
        _stock(numbers, panels)
    if receivers is not None:
        panels.append(receivers)
    return Dashboard(numbers, panels, note)


def last_order_at() -> datetime | None:
    """The end of the latest day with an order. One row of the read model, by the index."""
    day = insights.last_sales_day()
    return None if day is None else datetime.combine(day, time.max, tzinfo=UTC)


def _sales(period: Period, numbers: list[Number], panels: list[Panel]) -> str:
    """Add what read models say about sales, and return how new it is."""
    answer = insights.sales.get(since=period.days[0], until=period.days[-1])
    counts: dict[date, float] = {}
    for row in answer.value:
        counts[row.day] = counts.get(row.day, 0) + row.orders
    sums = _sums(answer.value)
    statuses = insights.orders_by_status()
    waiting = sum(statuses.get(status, 0) for status in _OPEN)
    hint = period.label
    numbers += [
        Number(label=_("Orders"), value=int(sum(counts.values())), icon="receipt_long", hint=hint),
        Number(label=_("Revenue"), value=_written(sums), icon="payments", hint=hint),
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
    revenue = _revenue(answer.value, list(sums), period, labels)
    sellers = insights.sellers.get(
        since=period.days[0], until=period.days[-1], currency=next(iter(sums), "USD"), limit=_DRAWN_PRODUCTS
    )
    panels += [
        Panel(name="orders-per-day", title=daily.title, chart=daily, span=6, hint=hint),
        Panel(name="revenue", title=_("Revenue per day"), chart=revenue, span=6, hint=hint),
        Panel(name="top-products", title=_("Best sellers"), chart=_best_sellers(sellers.value), span=7, hint=hint),
        Panel(
            name="orders-by-status",
            title=_("Orders by status"),
            chart=_by_status(statuses),
            span=5,
            link=reverse("admin:orders_order_changelist"),
            link_text=_("All orders"),
        ),
    ]
    return as_of(min(answer.freshness, sellers.freshness, key=lambda freshness: freshness.position))


def as_of(freshness: insights.Freshness) -> str:
    """How new the numbers are, and whose days they count."""
    if not freshness.is_built:
        return _("Sales are not counted yet.")
    facts = {"position": freshness.position, "lag": f"{freshness.lag_seconds:.1f}"}
    if not freshness.is_exact:
        return _("Sales as of event %(position)s, lag %(lag)s s; some facts could not be counted. Days in UTC.") % facts
    return _("Sales as of event %(position)s, lag %(lag)s s. Days in UTC.") % facts


def _sums(days: Sequence[insights.DaySales]) -> dict[str, int]:
    """The sum per currency in minor units, the largest first."""
    sums: dict[str, int] = {}
    for row in days:
        sums[row.net.currency] = sums.get(row.net.currency, 0) + row.net.amount
    return dict(sorted(sums.items(), key=lambda pair: _major(pair[1], pair[0]), reverse=True))


def _written(sums: dict[str, int]) -> str:
    written = [_grouped(Money(amount, code)) for code, amount in list(sums.items())[:_DRAWN_CURRENCIES]]
    return ", ".join(written) or "—"


def _grouped(money: Money) -> str:
    """For a figure of a few centimetres: large sums without their cents."""
    whole, point, cents = money.decimal().partition(".")
    rest = point + cents if abs(int(whole)) < _LARGE else ""
    return f"{int(whole):,}".replace(",", "\u00a0") + rest + f"\u00a0{money.currency}"


def _major(amount: int, currency: str) -> float:
    """Major units for pictures only; money itself never becomes a float."""
    return float(amount) / float(10 ** EXPONENTS[currency])


def _revenue(days: Sequence[insights.DaySales], currencies: list[str], period: Period, labels: list[str]) -> Chart:
    drawn = currencies[:_DRAWN_CURRENCIES]
    values: dict[str, dict[date, float]] = {code: {} for code in drawn}
    for row in days:
        if row.net.currency in values:
            values[row.net.currency][row.day] = _major(row.net.amount, row.net.currency)
    return Chart(
        title=_("Revenue per day"),
        kind="line",
        labels=labels,
        label_title=_("Day"),
        series=[Series(code, period.spread(by_day)) for code, by_day in values.items()],
        unit=drawn[0] if len(drawn) == 1 else "",
        decimals=EXPONENTS[drawn[0]] if drawn else 2,
    )


def _best_sellers(rows: Sequence[insights.ProductSales]) -> Chart:
    """Those of one currency, the one that brings in most."""
    currency = rows[0].revenue.currency if rows else "USD"
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
