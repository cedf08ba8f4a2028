"""The lag of read models: as a metric per tenant, and as a health check."""

import pytest

from apps.events import checks
from apps.events.models import Event
from apps.events.projections.metrics import LAG
from apps.events.projections.watching import observe_lags
from apps.operations import wakeups
from rustok.context import ExecutionContext, use
from rustok.health import CheckFailed
from tests.support.events import poke, relay, run


def lag() -> float:
    return LAG.labels("pokes", "acme")._value.get()


def outside(function):
    """As a background thread would call it: outside every scope."""
    with use(ExecutionContext()):
        return function()


@pytest.fixture
def behind(pokes, acme):
    """One fact that waits, recorded two minutes ago, behind one that was counted."""
    poke("a")
    relay()
    poke("a")
    run("ALTER TABLE events_event DISABLE TRIGGER USER")
    Event.objects.filter(position=None).update(recorded_at="2020-01-01T00:00:00Z")
    run("ALTER TABLE events_event ENABLE TRIGGER USER")
    wakeups.make_due(tenant_id=acme.id)


def test_lag_is_the_age_of_the_oldest_fact_that_is_missing(behind):
    (found,) = [state for slug, state in outside(observe_lags) if (slug, state.name) == ("acme", "pokes")]

    assert found.lag_seconds > 86_400
    assert lag() > 86_400


def test_lag_is_cleared_when_nothing_waits_any_more(behind):
    outside(observe_lags)
    relay()
    outside(observe_lags)

    assert lag() == 0


def test_check_fails_when_a_read_model_stands_still(behind):
    with pytest.raises(CheckFailed, match="acme"):
        outside(checks.projections)


def test_check_passes_when_everything_is_counted(pokes, acme):
    poke("a")
    relay()

    observed = outside(checks.projections)

    assert (observed.value, observed.warning) == (0.0, "")


def test_check_warns_of_facts_that_could_not_be_counted(pokes, acme):
    pokes.poison = {"bad"}
    poke("bad", "a")
    relay()

    assert "could not be counted" in str(outside(checks.projections).warning)


def test_suspended_tenant_alarms_nobody(behind, acme, monkeypatch):
    monkeypatch.setattr("apps.tenants.isolation.scopes.ACTIVE", "nothing")

    assert not [slug for slug, _state in outside(observe_lags) if slug == "acme"]
