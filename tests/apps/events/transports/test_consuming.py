"""A reader whose broker fails in the middle of a step goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from apps.events.transports.brokers import BrokerDown, Parcel, Topology, memory, opening
from apps.events.transports.consuming import Consumer

NAME = "consuming"


@pytest.fixture
def hall(acme) -> Iterator[memory.Hall]:
    yield memory.hall(NAME)
    memory.forget(NAME)


def test_nothing_is_passed_over_when_a_dead_letter_cannot_be_stored(hall):
    broker = opening.connect(f"memory://{NAME}", Topology("t", groups=("g",)), timeout=1.0)
    ids = [str(uuid4()) for _ in range(3)]
    broker.send([Parcel(name, "k", 0, "t.v1", "acme", {}, b"{}") for name in ids], timeout=1.0)
    outage, taken = ["the broker restarts"], []

    def handle(message):
        if message.id == ids[0]:
            hall.broken = outage.pop() if outage else ""
            raise ValueError("poison")
        taken.append(message.id)

    consumer = Consumer(broker, group="g", handle=handle, attempts=1)
    with pytest.raises(BrokerDown):
        consumer.step(timeout=0.0)
    hall.broken = ""
    consumer.step(timeout=0.0)

    assert [letter.id for letter in broker.dead(limit=9, timeout=1.0)] == ids[:1]
    assert taken == ids[1:]
