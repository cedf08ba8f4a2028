"""A worker as a process of its own: told to stop it hands its lease back, frozen past its lease it commits nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apps.events.models import Cursor
from apps.webhooks.services import create_endpoint
from apps.webhooks.transport import BATCH
from rustok.config import config
from rustok.context import current
from tests.support.events import poke, relay, run
from tests.support.processes import python
from tests.support.receiver import OK, Receiver, receiver  # noqa: F401 - a fixture

EVENTS = BATCH + 20  # more than is on the wire at once
HELD = "SELECT count(*) FROM public.operations_due WHERE tenant_id = %s AND lease_until IS NOT NULL"


@pytest.fixture
def hook(live_acme, receiver, monkeypatch) -> Receiver:  # noqa: F811 - the fixture
    """A receiver that a worker has to send many events of one thing."""
    monkeypatch.setenv("RUSTOK_SECRET_KEY", config().secret_key.get_secret_value())  # the worker opens our secrets
    relay()
    create_endpoint(url=receiver.url, event_types=["testkit.*"], context=current())
    poke(*["a"] * EVENTS)
    return receiver


def meeting(hook: Receiver, number: signal.Signals) -> tuple[list[int], threading.Event]:
    """The first delivery sends the signal to whoever made it, before it is answered."""
    pids: list[int] = []
    met = threading.Event()

    def answer(_got):
        if pids and not met.is_set():
            os.kill(pids[0], number)
            met.set()
        return OK

    hook.answer = answer
    return pids, met


def versions(hook: Receiver) -> list[int]:
    return [got.event["streamversion"] for got in hook.got]


@contextmanager
def worker(pids: list[int]) -> Iterator[subprocess.Popen[str]]:
    """A relay in a process of its own."""
    with python("manage.py", "outbox", "drain", "--tenant", "acme", "--seconds", "30") as process:
        pids.append(process.pid)
        yield process


def test_worker_that_is_told_to_stop_hands_back_what_is_left(hook, live_acme):
    pids, _met = meeting(hook, signal.SIGTERM)
    with worker(pids) as process:
        code = process.wait(30)
    sent = len(hook.got)
    assert (code, 0 < sent < EVENTS, run(HELD, live_acme.id)) == (1, True, [(0,)])

    relay()

    assert versions(hook) == list(range(1, EVENTS + 1)), "each once: the first worker had settled what it sent"


def test_worker_frozen_past_its_lease_moves_no_cursor(hook, live_acme):
    pids, met = meeting(hook, signal.SIGSTOP)
    with worker(pids) as process:
        assert met.wait(30)
        run("UPDATE public.operations_due SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")
        relay()
        cursors = dict(Cursor.objects.values_list("id", "moved_at"))
        os.kill(process.pid, signal.SIGCONT)
        process.wait(30)

    assert list(dict.fromkeys(versions(hook))) == list(range(1, EVENTS + 1)), "each for the first time in its order"
    assert dict(Cursor.objects.values_list("id", "moved_at")) == cursors
