"""Receivers and the attempts to reach them belong to the shop."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

WEBHOOK: Final = Policy(resource=Resource("webhook", verbs=("replay",)), model="webhooks.WebhookEndpoint")
DELIVERY: Final = Policy(resource=Resource("delivery"), model="webhooks.Delivery")

register(WEBHOOK, DELIVERY)
