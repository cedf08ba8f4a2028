"""The health of the flags, and the task that keeps their rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.flags.checks import fresh_flags
from apps.flags.evaluation import poller
from apps.flags.models import Flag
from apps.flags.tasks import sync
from apps.tenants.isolation import platform_scope
from rustok.health import CheckFailed


def test_fresh_flags_pass(acme, beta):
    seen = fresh_flags()

    assert (seen.value < 1, seen.warning) == (True, "")


def test_old_knowledge_fails(acme, monkeypatch):
    fresh_flags()
    monkeypatch.setattr(poller().store, "age", lambda: 9.0)

    with pytest.raises(CheckFailed, match="last known"):
        fresh_flags()


def test_flags_past_their_date_are_named(acme):
    with platform_scope("an operator"):
        Flag.objects.create(name="old-one", owner="me", expires_on=timezone.now().date() - timedelta(days=1))

    assert "old-one" in str(fresh_flags().warning)


def test_a_list_that_cannot_be_read_is_no_second_alarm(acme, monkeypatch):
    def gone():
        raise OperationalError

    monkeypatch.setattr("apps.flags.checks.flags", gone)

    assert fresh_flags().warning == ""


def test_the_task_gives_declared_flags_their_rows(acme, beta):
    sync()

    with platform_scope("look"):
        assert Flag.objects.filter(name=beta.key, owner="tests").exists()
