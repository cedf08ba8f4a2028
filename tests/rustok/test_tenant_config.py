"""Knobs per tenant: the limits of the configuration itself, and left out when they make no sense."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.config import Config, config
from rustok.context import amended
from rustok.errors.families import InvalidInput
from rustok.tenant_config import OVERRIDABLE, checked, overrides_of, tenant_config


def test_what_may_differ_is_marked_in_the_configuration():
    assert set(OVERRIDABLE) == {
        "cart_ttl", "cart_lifetime", "webhook_timeout", "projection_pause", "event_retention_days",
        "rate_per_tenant", "rate_per_key", "rate_per_route",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"cart_ttl": 900}, {"cart_ttl": 900.0}),
        ({"cart_ttl": "900"}, {"cart_ttl": 900.0}),
        ({"event_retention_days": 30.0}, {"event_retention_days": 30}),
        ({}, {}),
    ],
    ids=["number", "text", "whole", "nothing"],
)
def test_values_are_read_as_the_configuration_reads_them(given_, expected):
    assert checked(given_) == expected


@pytest.mark.parametrize(
    "given_",
    [
        {"cart_ttl": 0}, {"cart_ttl": -1}, {"cart_ttl": 86_401}, {"cart_ttl": "soon"}, {"cart_ttl": None},
        {"cart_ttl": True}, {"cart_lifetime": "inf"}, {"cart_ttl": "nan"}, {"event_retention_days": 1.5},
        {"secret_key": "x" * 40}, {"moon": 1},
    ],
    ids=["zero", "negative", "too-much", "word", "null", "boolean", "infinite", "nan", "half", "secret", "unknown"],
)  # fmt: skip
def test_what_is_no_value_is_refused_by_its_name(given_):
    with pytest.raises(InvalidInput) as refusal:
        checked({"webhook_timeout": 3, **given_})

    assert [error.pointer for error in refusal.value.errors] == [f"/{name}" for name in given_]


def test_it_holds_for_its_tenant_and_nobody_else(globex):
    with amended(tenant=replace(globex, overrides=(("cart_ttl", 60.0),))):
        assert tenant_config().cart_ttl == 60.0
        assert tenant_config().webhook_timeout == config().webhook_timeout
    with amended(tenant=globex):
        assert tenant_config() is config()
    assert tenant_config() is config()


def test_what_makes_no_sense_any_more_is_left_out():
    assert overrides_of({"cart_ttl": 60, "gone": 1, "webhook_timeout": 1e9}) == (("cart_ttl", 60.0),)
    assert overrides_of(None) == ()


@given(st.dictionaries(st.sampled_from(OVERRIDABLE), st.floats(allow_nan=True) | st.integers() | st.text(max_size=8)))
def test_what_passes_is_what_the_configuration_would_take(values):
    try:
        found = checked(values)
    except InvalidInput:
        return
    assert Config(**found).model_dump(include=set(found)) == found
