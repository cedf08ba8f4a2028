"""What Prometheus sees of orders: steps of their life, counted after the commit."""

from __future__ import annotations

from functools import partial
from typing import Final

from prometheus_client import Counter

from rustok.db.transactions import UnitOfWork
from rustok.telemetry.metrics import REGISTRY

STEPS: Final = Counter(
    "rustok_order_steps", "Orders by what was done: create, confirm, pay, ship, deliver, cancel, refund.", ("action",),
    registry=REGISTRY,
)  # fmt: skip


def count_step(uow: UnitOfWork, action: str) -> None:
    """Count a step of an order once it is committed."""
    uow.after_commit(partial(_count, action))


def _count(action: str) -> None:
    STEPS.labels(action).inc()
