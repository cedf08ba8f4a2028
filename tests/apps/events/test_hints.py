"""Hints: coalesced, never waiting, never failing, whatever the broker does."""

from __future__ import annotations

import threading
import time

import pytest

from apps.events import hints
from apps.events.hints import HintSender
from tests.support.events import poke


@pytest.fixture
def sent():
    """Counts messages; `gate` holds the sender up while it is cleared."""

    class Sent:
        count = 0
        gate = threading.Event()
        arrived = threading.Semaphore(0)
        broken = False

        def __call__(self) -> None:
            self.gate.wait(5)
            self.count += 1
            self.arrived.release()
            if self.broken:
                raise ConnectionError("broker is down")

    return Sent()


@pytest.fixture
def sender(sent):
    made = HintSender(sent, interval=0.01, broken=0.01)
    yield made
    sent.gate.set()
    made.stop()


def test_many_hints_become_few_messages(sender, sent):
    sender.hint()
    for _ in range(1000):
        sender.hint()
    sent.gate.set()

    assert sent.arrived.acquire(timeout=5)
    assert sent.count <= 2


def test_hint_does_not_wait_for_the_broker(sender):
    started = time.perf_counter()
    for _ in range(100):
        sender.hint()

    assert time.perf_counter() - started < 0.5


def test_dead_broker_is_tried_again_and_nobody_notices(sender, sent):
    sent.broken = True
    sent.gate.set()
    for _ in range(3):
        sender.hint()
        assert sent.arrived.acquire(timeout=5)


def test_commit_hints(acme, sender, sent):
    before = list(hints._senders)
    hints.use_sender(sender)
    sent.gate.set()
    try:
        poke("a")
        assert sent.arrived.acquire(timeout=5)
    finally:
        hints._senders[:] = before
