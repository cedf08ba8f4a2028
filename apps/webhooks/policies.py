"""Receivers and the attempts to reach them belong to the shop.

Whoever decides where the shop's events go, or sends past ones again, hands them out: that takes `event:read` too.
"""

from __future__ import annotations

from typing import Final

from rustok.policy import Need, Policy, Resource, register

_HANDS_OUT: Final = tuple(Need(action, "event:read") for action in ("create", "update", "replay"))

WEBHOOK: Final = Policy(
    resource=Resource("webhook", verbs=("replay",), needs=_HANDS_OUT), model="webhooks.WebhookEndpoint"
)
DELIVERY: Final = Policy(resource=Resource("delivery"), model="webhooks.Delivery")

register(WEBHOOK, DELIVERY)
