"""How far deliveries are behind: in one shop, and in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.console.charts import Cell, Chart, Column, Series, Table
from apps.console.panels import Number, Panel
from rustok.context import TenantRef


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in one log: `events` undelivered, the oldest for `seconds`."""

    events: int
    seconds: float


def backlog_of(ref: TenantRef) -> Backlog:
    """The backlog of the current tenant."""
    return Backlog(0, 0.0)


def backlog_number(backlogs: Sequence[tuple[TenantRef, Backlog]]) -> Number:
    """The worst lag of all."""
    worst = max((backlog.seconds for _ref, backlog in backlogs), default=0.0)
    waiting = sum(backlog.events for _ref, backlog in backlogs)
    return Number(
        label=_("Delivery lag"),
        value=_("%(seconds)s s") % {"seconds": round(worst, 1)},
        icon="speed",
        hint=_("%(count)s events wait") % {"count": waiting},
        alarming=worst > 60,
    )


def fleet_panel(backlogs: Sequence[tuple[TenantRef, Backlog]]) -> Panel:
    """The lag of each tenant."""
    ranked = sorted(backlogs, key=lambda pair: pair[1].seconds, reverse=True)
    chart = Chart(
        title=_("Delivery lag"),
        kind="ranking",
        labels=[ref.name for ref, _backlog in ranked],
        label_title=_("Tenant"),
        series=[Series(_("Oldest waiting event, seconds"), [round(backlog.seconds, 1) for _ref, backlog in ranked])],
        decimals=1,
        colours=("#c2710c",),
    )
    return Panel(name="delivery-lag", title=_("Delivery lag"), chart=chart, span=4)


def delivery_numbers() -> list[Number]:
    """The figures about the current log."""
    return []


def delivery_panel() -> Panel:
    """The lag of every subscription of the current log."""
    columns = [Column(_("Receiver")), Column(_("Waiting"), number=True)]
    rows: list[list[Cell]] = []
    return Panel(name="delivery-lag", title=_("Delivery lag"), table=Table(columns=columns, rows=rows))
