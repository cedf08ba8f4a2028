"""The operators' first page. Bounded: it looks into the newest few tenants only, and remembers that briefly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.core.cache import cache
from django.db.models import Count
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from apps.console.charts import Cell, Chart, Column, Series, Table
from apps.console.deliveries import Backlog, backlog_of_tenant, fleet_number, fleet_panel
from apps.console.panels import Dashboard, Number, Panel
from apps.console.periods import Period
from apps.console.tenant_dashboard import last_order_at
from apps.health.queries import Result, Status, current_results
from apps.insights import queries as insights
from apps.tenants import queries as tenants
from apps.tenants.isolation import tenant_scope
from rustok.context import TenantRef
from rustok.display import Badge, badge

MOST_TENANTS: Final = 12
_DRAWN_TENANTS: Final = 5
_REMEMBERED: Final = 20.0
_TONES = {Status.PASS: Badge.GOOD, Status.WARN: Badge.WARN, Status.FAIL: Badge.BAD}


@dataclass(frozen=True, slots=True)
class Shop:
    """What one tenant adds to the page."""

    ref: TenantRef
    orders: dict[date, int]
    backlog: Backlog


def build(*, now: datetime, days: int) -> Dashboard:
    """The dashboard of the whole installation."""
    period, shops = _looked_up(now, days)
    health = current_results()
    backlogs = [(shop.ref, shop.backlog) for shop in shops]
    return Dashboard(
        [*_tenant_numbers(), _orders_number(shops, period), fleet_number(backlogs), _health_number(health)],
        [_orders_panel(shops, period), fleet_panel(backlogs), _tenants_panel(shops), _health_panel(health)],
    )


def _looked_up(now: datetime, days: int) -> tuple[Period, list[Shop]]:
    """The newest tenants and their orders: a few statements each, remembered for seconds; works without a cache."""
    key = f"console:shops:{days}"
    try:
        known: tuple[Period, list[Shop]] | None = cache.get(key)
        if known is None:
            known = _look_up(now, days)
            cache.set(key, known, timeout=_REMEMBERED)
    except RedisError:
        known = _look_up(now, days)
    return known


def _look_up(now: datetime, days: int) -> tuple[Period, list[Shop]]:
    refs = [tenant.ref() for tenant in tenants.active_tenants().order_by("-created_at")[:MOST_TENANTS]]
    moments = []
    for ref in refs:
        with tenant_scope(ref):
            moments.append(last_order_at())
    period = Period.ending(last=max((at for at in moments if at), default=None), now=now, days=days)
    return period, [_shop(ref, period) for ref in refs]


def _shop(ref: TenantRef, period: Period) -> Shop:
    with tenant_scope(ref):
        counts = insights.orders_per_day(since=period.days[0], until=period.days[-1])
        return Shop(ref, counts, backlog_of_tenant())


def _tenant_numbers() -> list[Number]:
    rows = tenants.all_tenants().order_by("status").values_list("status").annotate(number=Count("id"))
    counts = dict(rows)
    suspended = counts.get("suspended", 0)
    return [
        Number(label=_("Tenants"), value=sum(counts.values()), icon="storefront", hint=_("in this installation")),
        Number(
            label=_("Active tenants"),
            value=counts.get("active", 0),
            icon="verified",
            hint=_("%(count)s suspended") % {"count": suspended},
        ),
    ]


def _orders_number(shops: Sequence[Shop], period: Period) -> Number:
    total = sum(sum(shop.orders.values()) for shop in shops)
    return Number(label=_("Orders"), value=total, icon="receipt_long", hint=period.label)


def _orders_panel(shops: Sequence[Shop], period: Period) -> Panel:
    ranked = sorted(shops, key=lambda shop: sum(shop.orders.values()), reverse=True)
    series = [Series(shop.ref.name, period.spread(shop.orders)) for shop in ranked[:_DRAWN_TENANTS]]
    rest = [period.spread(shop.orders) for shop in ranked[_DRAWN_TENANTS:]]
    if rest:
        series.append(Series(_("Others"), [sum(day) for day in zip(*rest, strict=True)]))
    chart = Chart(
        title=_("Orders per day"),
        kind="stacked",
        labels=[date_format(day, "j M") for day in period.days],
        label_title=_("Day"),
        series=series,
    )
    return Panel(
        name="orders-per-day",
        title=_("Orders per day, by tenant"),
        chart=chart,
        span=8,
        link=reverse("admin:tenants_tenant_changelist"),
        link_text=_("All tenants"),
    )


def _tenants_panel(shops: Sequence[Shop]) -> Panel:
    columns = [
        Column(_("Tenant")),
        Column(_("Orders"), number=True),
        Column(_("Waiting"), number=True),
        Column(_("Lag, s"), number=True),
        Column(_("Dead"), number=True),
    ]
    rows = [
        [
            Cell(shop.ref.name, url=reverse("admin:tenants_tenant_change", args=[shop.ref.id])),
            Cell(sum(shop.orders.values()), number=True),
            Cell(shop.backlog.waiting, number=True),
            Cell(f"{shop.backlog.seconds:.1f}", number=True),
            Cell(shop.backlog.dead, number=True),
        ]
        for shop in shops
    ]
    return Panel(name="tenants", title=_("Newest tenants"), table=Table(columns=columns, rows=rows), span=6)


def _health_number(results: Sequence[Result]) -> Number:
    failing = [result.check.name for result in results if result.status is Status.FAIL]
    return Number(
        label=_("Health"),
        value=_("%(passing)s of %(all)s") % {"passing": len(results) - len(failing), "all": len(results)},
        icon="monitor_heart",
        hint=", ".join(failing) if failing else _("every check passes"),
        alarming=bool(failing),
    )


def _health_panel(results: Sequence[Result]) -> Panel:
    labels = {Status.PASS: _("passes"), Status.WARN: _("warns"), Status.FAIL: _("fails")}
    rows = [
        [
            Cell(result.check.name),
            Cell(badge(labels[result.status], _TONES[result.status])),
            Cell(str(result.output) or _seen(result)),
        ]
        for result in results
    ]
    columns = [Column(_("Check")), Column(_("Status")), Column(_("Details"))]
    return Panel(
        name="health",
        title=_("Health wall"),
        table=Table(columns=columns, rows=rows),
        span=6,
        link=reverse("admin:health_incident_changelist"),
        link_text=_("Incidents"),
    )


def _seen(result: Result) -> str:
    """What a passing check saw, with its unit."""
    value = result.observed.value
    return "—" if value is None else f"{value} {result.observed.unit}".strip()
