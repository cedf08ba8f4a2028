"""A projection over the test kit's facts, on a table of the shop's read models, and shortcuts around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from django.db.models import Sum

from apps.events import enrolment
from apps.events.projections import Table, TableProjection, register_projection, unregister_projection
from apps.events.projections.states import live_build
from apps.events.records import StoredEvent
from apps.insights.models import StockDay
from apps.insights.projections.stock import SHAPE
from apps.insights.projections.tally import Tally


@dataclass
class Pokes(TableProjection):
    """Counts pokes per thing. `before` is called first with each batch; a thing in `poison` is refused."""

    name: ClassVar[str] = "pokes"
    handles: ClassVar[tuple[str, ...]] = ("testkit.*",)
    tables: ClassVar[tuple[Table, ...]] = (SHAPE.described,)

    before: Callable[[Sequence[StoredEvent], UUID], None] = lambda _batch, _build: None
    poison: set[str] = field(default_factory=set)
    batches: list[int] = field(default_factory=list)

    def handle(self, batch: Sequence[StoredEvent], build: UUID) -> None:
        self.batches.append(len(batch))
        tally = Tally(SHAPE)
        for event in batch:
            thing = event.data["thing"]
            if thing in self.poison:
                raise ValueError("poison")
            key = (event.recorded_at.date(), thing, "main", "poke")
            tally.add(*key, movements=1, received=1, removed=0, on_hand=event.version, position=event.position)
        tally.write(build)
        self.before(batch, build)


@contextmanager
def registered(projection: Pokes) -> Iterator[Pokes]:
    """Known to this process for a while; logs forget what they have seen."""
    enrolment.forget_seen()
    register_projection(projection)
    try:
        yield projection
    finally:
        unregister_projection(projection.name)
        enrolment.forget_seen()


def counted() -> int:
    """What readers see: all pokes together."""
    rows = StockDay.objects.filter(build=live_build(Pokes.name))
    return int(rows.aggregate(total=Sum("movements"))["total"] or 0)


def counts() -> dict[str, int]:
    """What readers see, per thing."""
    return dict(StockDay.objects.filter(build=live_build(Pokes.name)).values_list("sku", "movements"))
