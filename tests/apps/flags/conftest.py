"""A flag that the code declares, for these tests only."""

from datetime import date

import pytest

from apps.flags import registry
from apps.flags.registry import FlagSpec


@pytest.fixture
def beta(monkeypatch):
    """A declared flag without a row."""
    spec = FlagSpec(key="beta-feature", owner="tests", expires=date(2030, 1, 1), note="For the tests.")
    monkeypatch.setitem(registry._specs, spec.key, spec)
    return spec
