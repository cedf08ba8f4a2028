"""The life of an endpoint."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.states import Transitions


class EndpointStatus(models.TextChoices):
    """Who stopped the deliveries.

    `paused`: a person. `disabled`: the receiver, by 410 Gone. `failing`: we, after it refused everything for long;
    probes find out when it is back.
    """

    ACTIVE = "active", _("active")
    PAUSED = "paused", _("paused")
    DISABLED = "disabled", _("disabled")
    FAILING = "failing", _("failing")


class OrderKey(models.TextChoices):
    """What keeps its order on the way to an endpoint.

    `stream`: the events of one aggregate; different ones overtake each other. `tenant`: everything, one by one; a
    refused event holds up all later ones. `none`: nothing.
    """

    STREAM = "stream", _("per aggregate")
    TENANT = "tenant", _("all events, one by one")
    NONE = "none", _("no order")


ENDPOINT: Final = Transitions(
    "webhook_endpoint",
    initial=EndpointStatus.ACTIVE.value,
    table={
        "active": {"paused", "disabled", "failing"},
        "paused": {"active"},
        "disabled": {"active"},
        "failing": {"active", "paused", "disabled"},
    },
)
