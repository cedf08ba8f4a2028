"""The life of an endpoint."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from rustok.states import Transitions


class EndpointStatus(models.TextChoices):
    """`disabled`: the receiver said that it is gone (410); `paused`: a person did it."""

    ACTIVE = "active", _("active")
    PAUSED = "paused", _("paused")
    DISABLED = "disabled", _("disabled")


ENDPOINT: Final = Transitions(
    "webhook_endpoint",
    initial=EndpointStatus.ACTIVE.value,
    table={
        "active": {"paused", "disabled"},
        "paused": {"active"},
        "disabled": {"active"},
    },
)
