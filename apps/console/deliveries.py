"""How far deliveries are behind: in one shop, and in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.console.charts import Cell, Chart, Column, Series, Table
from apps.console.panels import Number, Panel
from apps.events import queries as events
from apps.events.projections import TRANSPORT as READ_MODELS
from apps.webhooks import queries as webhooks
from rustok.context import TenantRef

_ALARMING_SECONDS: Final = 60.0
_SAMPLE: Final = 200
_BRIEF: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in one log: `waiting` events, the oldest for `seconds`; `typical` seconds a delivery takes."""

    waiting: int
    seconds: float
    dead: int
    typical: float


def backlog_of_tenant() -> Backlog:
    """The backlog of the current tenant. Four statements."""
    behind, delays = events.backlog(), webhooks.delays(latest=_SAMPLE, parts=1)
    return Backlog(
        waiting=behind.waiting,
        seconds=behind.oldest_seconds,
        dead=events.dead_letter_count(),
        typical=delays[0].typical if delays else 0.0,
    )


def delivery_part() -> tuple[Number, Panel, Panel]:
    """The current shop's lag, its picture and its receivers. Three statements."""
    states, delays = events.subscription_states(), webhooks.delays()
    waiting = sum(state.waiting for state in states)
    worst = max((state.oldest_seconds for state in states), default=0.0)
    return _lag_number(worst, waiting), _delay_panel(delays), _receivers_panel(states)


def _lag_number(seconds: float, waiting: int) -> Number:
    return Number(
        label=_("Delivery lag"),
        value=_("%(seconds)s s") % {"seconds": f"{seconds:.1f}"},
        icon="speed",
        hint=_("%(count)s events wait") % {"count": waiting} if waiting else _("everything is delivered"),
        alarming=seconds > _ALARMING_SECONDS,
    )


def _delay_panel(delays: Sequence[webhooks.Delay]) -> Panel:
    brief = not delays or delays[-1].at - delays[0].at < _BRIEF
    form = "H:i:s" if brief else "j M H:i"
    chart = Chart(
        title=_("Delivery lag"),
        kind="line",
        labels=[date_format(timezone.localtime(delay.at), form) for delay in delays],
        label_title=_("Time"),
        series=[
            Series(_("Typical"), [round(delay.typical, 2) for delay in delays]),
            Series(_("Slowest"), [round(delay.slowest, 2) for delay in delays]),
        ],
        unit=_("s"),
        decimals=2,
        colours=("#3b76ff", "#c2710c"),
    )
    hint = _("latest deliveries, seconds after the commit")
    return Panel(name="delivery-lag", title=chart.title, chart=chart, span=7, hint=hint)


def _receivers_panel(states: Sequence[events.SubscriptionState]) -> Panel:
    addresses = {str(endpoint.pk): endpoint.url for endpoint in webhooks.endpoints()}
    columns = [
        Column(_("Receiver")),
        Column(_("Waiting"), number=True),
        Column(_("Parked"), number=True),
        Column(_("Dead"), number=True),
    ]
    rows = [
        [
            Cell(addresses.get(state.target, state.name)),
            Cell(state.waiting, number=True),
            Cell(state.parked, number=True),
            Cell(state.dead, number=True),
        ]
        for state in states
        if state.transport != READ_MODELS  # they have pages of their own, and their lag stands at the top
    ]
    return Panel(
        name="receivers",
        title=_("Receivers"),
        table=Table(columns=columns, rows=rows),
        span=12,
        link=reverse("admin:webhooks_delivery_changelist"),
        link_text=_("All deliveries"),
    )


def fleet_number(backlogs: Sequence[tuple[TenantRef, Backlog]]) -> Number:
    """The worst lag of all tenants."""
    worst = max((backlog.seconds for _ref, backlog in backlogs), default=0.0)
    return _lag_number(worst, sum(backlog.waiting for _ref, backlog in backlogs))


def fleet_panel(backlogs: Sequence[tuple[TenantRef, Backlog]]) -> Panel:
    """The lag of each tenant, the worst first."""
    ranked = sorted(backlogs, key=lambda pair: (pair[1].seconds, pair[1].typical), reverse=True)
    chart = Chart(
        title=_("Delivery lag by tenant"),
        kind="ranking",
        labels=[ref.name for ref, _backlog in ranked],
        label_title=_("Tenant"),
        series=[
            Series(_("Typical"), [round(backlog.typical, 2) for _ref, backlog in ranked]),
            Series(_("Oldest waiting"), [round(backlog.seconds, 2) for _ref, backlog in ranked]),
        ],
        unit=_("s"),
        decimals=2,
        colours=("#3b76ff", "#c2710c"),
    )
    return Panel(name="delivery-lag", title=chart.title, chart=chart, span=4, hint=_("seconds"))
