"""The registry of health checks."""

import pytest

from rustok.health import Check, Observation, checks, register
from rustok.operations import Criticality


def fine():
    return Observation()


def test_only_critical_checks_decide_about_readiness():
    assert Check(name="x", run=fine, criticality=Criticality.CRITICAL).is_critical
    assert not Check(name="x", run=fine, criticality=Criticality.HIGH).is_critical


def test_a_name_belongs_to_one_check(monkeypatch):
    monkeypatch.setattr("rustok.health._checks", {})
    first = register(Check(name="x", run=fine))

    assert register(Check(name="x", run=fine)) == first
    with pytest.raises(ValueError, match="twice"):
        register(Check(name="x", run=fine, interval=1))
    assert checks() == (first,)
