"""The webhook between a demo shop and the receiver: an endpoint on the shop's side, a subscription on the other."""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import Any, Final

from apps.demo.models import Subscription
from apps.demo.stores import Store
from apps.tenants.isolation import platform_scope
from apps.webhooks.queries import endpoints
from apps.webhooks.services import create_endpoint, update_endpoint
from rustok.config import config
from rustok.context import current

DESCRIPTION: Final = "Demo receiver"
_PURPOSE: Final = b"rustok.demo.webhook.v1:"


def secret_for(slug: str) -> str:
    """The secret that both sides know, in its published form; made from the platform's secret key, stored nowhere."""
    master = config().secret_key.get_secret_value().encode()
    return "whsec_" + b64encode(hmac.digest(master, _PURPOSE + slug.encode(), "sha256")).decode()


def url_for(slug: str) -> str:
    """Where the receiver takes a shop's events."""
    return f"{config().public_url(config().base_domain)}/demo/receiver/{slug}/"


def connect(store: Store) -> None:
    """Let the current shop send every event, from its first one on, to the receiver; repeats mend a changed port."""
    url = url_for(store.slug)
    with platform_scope("subscribe the demo receiver"):
        Subscription.objects.update_or_create(slug=store.slug, defaults={"name": store.name})
    known = endpoints().filter(description=DESCRIPTION).first()
    if known is None:
        create_endpoint(url=url, secret=secret_for(store.slug), description=DESCRIPTION, after=0, context=current())
    elif known.url != url:
        update_endpoint(endpoint_id=known.pk, url=url, context=current())


def loaded(store: Store) -> dict[str, Any]:
    """What the demo has put into the shop; empty until it is complete. Runs in the platform scope."""
    return dict(Subscription.objects.filter(slug=store.slug).values_list("loaded", flat=True).first() or {})


def note_loaded(store: Store, facts: dict[str, Any]) -> None:
    """Remember that the shop is complete. Runs in the platform scope."""
    Subscription.objects.filter(slug=store.slug).update(loaded=facts)
