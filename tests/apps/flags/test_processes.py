"""What other processes see, and when. Real processes, real commits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from django.db import connection

from apps.flags.evaluation import poller
from apps.flags.hints import ValkeyHints, announce
from apps.flags.polling import Poller
from apps.flags.services import ChangeFlag, change_flag
from apps.flags.targeting import Targeting
from apps.orders.flags import NEW_CHECKOUT
from apps.tenants.isolation import platform_scope
from tests.support.sources import ROOT

PATIENCE = 30


@pytest.fixture
def watchers(live_acme, tmp_path):
    """Two processes; the second has no Valkey to get hints from."""
    command = [sys.executable, str(ROOT / "tests/apps/flags/watch_flag.py"), connection.settings_dict["NAME"]]
    started = [
        subprocess.Popen(
            [*command, NEW_CHECKOUT.key, str(PATIENCE)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "RUSTOK_DATA_DIR": str(tmp_path / str(number)), **extra},
        )
        for number, extra in enumerate([{}, {"RUSTOK_REDIS_URL": "redis://127.0.0.1:9/0"}])
    ]
    yield started
    for process in started:
        process.kill()
        process.communicate()


def told(process):
    return json.loads(process.stdout.readline())


def test_a_change_is_seen_by_every_process_within_a_second(watchers):
    assert [told(watcher)["value"] for watcher in watchers] == [False, False]

    for value in (True, False, True):
        with platform_scope("an operator") as operator:
            change = ChangeFlag(targeting=Targeting(enabled=value))
            change_flag(key=NEW_CHECKOUT.key, input=change, context=operator)
        committed = time.monotonic()
        seen = [told(watcher) for watcher in watchers]

        assert [one["value"] for one in seen] == [value, value]
        assert max(one["at"] for one in seen) - committed < 1.0


class Silent:
    """Hints that never come, and no waiting either: the test decides when the thread looks."""

    def wait(self, seconds):
        time.sleep(0.01)


class TestPoller:
    def test_the_thread_keeps_the_store_fresh_and_ends(self, live_acme):
        store = poller().store
        following = Poller(store, Silent, threaded=True)

        assert following.current().origin == "database"
        assert store.age() < 5
        following.stop()

    def test_the_first_reader_does_not_wait_for_a_hanging_store(self, live_acme, monkeypatch):
        monkeypatch.setattr("apps.flags.polling.PATIENCE", 0.05)
        store = poller().store
        monkeypatch.setattr(store, "poll", lambda: time.sleep(0.5))
        following = Poller(store, Silent, threaded=True)

        assert following.current().origin in {"disk", "declared"}
        following.stop()

    def test_a_hint_ends_the_wait(self):
        hints = ValkeyHints()
        hints.wait(0.01)
        announce()

        started = time.monotonic()
        hints.wait(5.0)

        assert time.monotonic() - started < 2.0

    def test_without_valkey_the_wait_takes_its_time(self, monkeypatch):
        monkeypatch.setattr("apps.flags.hints._client", lambda: pytest.fail("asked too soon"))
        hints = ValkeyHints()
        hints._try_at = time.monotonic() + 60

        started = time.monotonic()
        hints.wait(0.05)

        assert 0.05 <= time.monotonic() - started < 2.0
