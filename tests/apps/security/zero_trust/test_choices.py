"""Which store a process uses, how fresh its rules are, and that published codes stay what they are."""

from __future__ import annotations

from importlib import import_module

import pytest

from apps.security.zero_trust import rules as rooms
from apps.security.zero_trust import stores
from apps.security.zero_trust.rules import rules
from apps.security.zero_trust.services import ChangeTrustPolicy, change_trust_policy
from rustok.config import config
from rustok.errors import catalogue
from tests.support.sources import ROOT
from tests.support.statements import counted


@pytest.fixture
def chosen(monkeypatch):
    def choose(wish, layer):
        monkeypatch.setattr(stores, "config", lambda: config().model_copy(update={"trust_store": wish}))
        monkeypatch.setattr(stores, "provenance", lambda: {"redis_url": layer})
        stores.trust_store.cache_clear()
        return type(stores.trust_store()).__name__

    yield choose
    stores.trust_store.cache_clear()


@pytest.mark.parametrize(
    ("wish", "layer", "store"),
    [
        ("auto", "environment", "ValkeyTrustStore"),
        ("auto", "default", "PostgresTrustStore"),
        ("postgresql", "environment", "PostgresTrustStore"),
        ("valkey", "default", "ValkeyTrustStore"),
    ],
)
def test_valkey_is_used_when_it_is_configured(chosen, wish, layer, store):
    assert chosen(wish, layer) == store


def test_rules_are_read_once_and_again_when_they_are_old(context, monkeypatch):
    with counted(by_the_clock=True) as first:
        rules()
    with counted(by_the_clock=True) as second:
        rules()
    monkeypatch.setattr(rooms, "STALE_SECONDS", 0.0)
    with counted(by_the_clock=True) as third:
        rules()

    assert (len(first), len(second), len(third)) == (1, 0, 1)


def test_a_change_is_seen_at_once_where_it_was_made(context):
    rules()
    change_trust_policy(input=ChangeTrustPolicy(signatures="off", rate_per_key=7), context=context)

    assert (rules().signatures, rules().rate_per_key) == ("off", 7)


def test_published_codes_never_change_their_meaning():
    """`tests/contracts/error_codes.txt` only grows: programs of others decide by these numbers."""
    published = dict(
        line.split() for line in (ROOT / "tests/contracts/error_codes.txt").read_text().splitlines() if line
    )
    for side in ("tenant", "platform"):
        import_module(f"rustok.urls.{side}")  # errors are known once the code that raises them is loaded
    current = {str(error.code): error.__name__ for error in catalogue()}

    assert {code: current.get(code) for code in published} == published
