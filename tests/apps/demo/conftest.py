"""The demo switched on, and a receiver that knows the shop `acme`."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks.webhooks import Webhook

from apps.demo import receiver
from apps.demo.models import Subscription
from apps.demo.subscribing import secret_for
from rustok.config import config

Delivery = tuple[bytes, dict[str, str]]


@pytest.fixture
def demo_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """`RUSTOK_DEMO=1`, a data directory of its own, and the loopback receiver allowed, as `make run` does."""
    for name, value in {"DEMO": "1", "DATA_DIR": str(tmp_path), "WEBHOOK_ALLOW": "localhost:8000"}.items():
        monkeypatch.setenv(f"RUSTOK_{name}", value)
    config.cache_clear()
    yield
    monkeypatch.undo()
    config.cache_clear()


@pytest.fixture
def subscription(platform: object) -> Iterator[Subscription]:
    """The receiver takes events of `acme`."""
    yield Subscription.objects.create(slug="acme", name="Acme")
    receiver.forget("acme")


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    """Body and headers of a signed webhook; keyword arguments change members of the event (None: leave out)."""

    def make(*, secret: str | None = None, body: bytes | None = None, **changes: Any) -> Delivery:
        event = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "type": "orders.order_placed.v1",
            "subject": "order-1",
            "time": datetime.now(UTC).isoformat(),
            "streamversion": 1,
            "position": 1,
        } | changes
        text = body or json.dumps({name: value for name, value in event.items() if value is not None}).encode()
        now = datetime.now(UTC)
        signature = Webhook(secret or secret_for("acme")).sign(event["id"], now, text.decode())
        stamp = str(int(now.timestamp()))
        return text, {"webhook-id": event["id"], "webhook-timestamp": stamp, "webhook-signature": signature}

    return make
