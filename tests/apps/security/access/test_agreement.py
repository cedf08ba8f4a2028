"""One policy, read in two ways: what a guard shows is what it allows, for every resource there is.

The registry is walked: a new policy is a new case, and one whose rule the kit cannot make rows for fails.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import Q
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.tenants.isolation import platform_scope
from rustok.context import ANONYMOUS, Actor, current, system_actor
from rustok.policy import OwnedBy, Policy, Resource, ResourceGuard, decide, policies
from rustok.policy import declaring as registry
from tests.support.filled import filled, owned

ACTORS = [
    Actor("user", str(UUID(int=1)), "ann"),
    Actor("user", str(UUID(int=2)), "bob"),
    Actor("api_key", str(UUID(int=3)), "till"),
    Actor("api_key", "no-uuid", "odd"),
    system_actor("relay"),
    ANONYMOUS,
]
SHARED = {
    "tenants.Tenant",
    "operations.Override",
    "security.BreakGlass",
    "health.Incident",
}  # tables of the platform only
SCOPES = ["", ":all", ":own", ":none"]
ALL_POLICIES = {policy.model: policy for policy in policies()}


@contextmanager
def undone():
    """What is written inside goes away."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@st.composite
def grants(draw, name):
    words = st.sampled_from([name, name, name, "order", "*"])
    actions = st.sampled_from(["read", "update", "list", "manage", "*"])
    texts = st.builds(lambda r, a, s: f"{r}:{'*' if r == '*' else a}{s}", words, actions, st.sampled_from(SCOPES))
    return draw(st.frozensets(texts, max_size=4))


def disagreement(policy, rows, context, action):
    """Rows that are shown but not allowed, or allowed but not shown."""
    guard = ResourceGuard(policy.resource.name, context)
    shown = [row.pk for row in guard.visible(policy.rows.objects.order_by("pk"), action)]
    allowed = [row.pk for row in policy.rows.objects.order_by("pk") if guard.allows(action, row)]
    assert {row.pk for row in rows} <= set(policy.rows.objects.values_list("pk", flat=True))
    return set(shown) ^ set(allowed), shown == allowed


def make(policy, owners):
    if policy.own is None:
        return [filled(policy.rows)]
    return [owned(policy.rows, policy.own, replace(current(), actor=owner)) for owner in owners]


@pytest.mark.parametrize("policy", ALL_POLICIES.values(), ids=ALL_POLICIES)
def test_what_is_shown_is_what_is_allowed(acme, policy):
    examples = 4 if policy.own is None else 12

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(
        held=grants(policy.resource.name),
        actor=st.sampled_from(ACTORS),
        owners=st.lists(st.sampled_from(ACTORS), min_size=1, max_size=4),
        action=st.sampled_from(["read", "update", "list"]),
    )
    def check(held, actor, owners, action):
        with platform_scope("a test") if policy.model in SHARED else nullcontext(), undone():
            rows = make(policy, owners)
            context = replace(current(), actor=actor, permissions=held)
            assert disagreement(policy, rows, context, action) == (set(), True)

    check()


@pytest.mark.parametrize("policy", [p for p in ALL_POLICIES.values() if p.own], ids=lambda p: p.model)
def test_own_rows_are_found_and_others_are_not(acme, policy):
    """Without this an `own` that never holds would agree with itself."""
    ann, bob = (replace(current(), actor=actor, permissions=frozenset()) for actor in ACTORS[:2])
    ann = replace(ann, permissions=frozenset({f"{policy.resource.name}:read:own"}))
    with undone():
        mine = owned(policy.rows, policy.own, ann)
        theirs = owned(policy.rows, policy.own, bob)
        guard = ResourceGuard(policy.resource.name, ann)

        shown = set(guard.visible(policy.rows.objects.filter(pk__in=[mine.pk, theirs.pk])).values_list("pk", flat=True))
        assert shown == {mine.pk}
        assert (guard.allows("read", mine), guard.allows("read", theirs)) == (True, False)


class FilterShowsMore(OwnedBy):
    def where(self, context):
        return Q(pk__isnull=False)


class CheckAllowsMore(OwnedBy):
    def holds(self, context, row):
        return True


@pytest.mark.parametrize(
    "wrong", [FilterShowsMore("created_by"), CheckAllowsMore("created_by")], ids=["filter", "check"]
)
def test_a_policy_whose_two_readings_differ_is_caught(acme, monkeypatch, wrong):
    right = ALL_POLICIES["security.ApiKey"]
    broken = replace(right, own=wrong)
    monkeypatch.setitem(registry._policies, "security.apikey", broken)
    context = replace(current(), actor=ACTORS[0], permissions=frozenset({"api_key:read:own"}))

    with undone():
        rows = make(right, [ACTORS[0], ACTORS[1]])
        assert disagreement(broken, rows, context, "read") == ({rows[1].pk}, False)


def test_a_filter_costs_nothing_until_it_is_read_and_a_grant_for_all_changes_no_query(acme):
    rows = ALL_POLICIES["orders.Order"].rows.objects.all()
    everything = ResourceGuard("order", replace(current(), permissions=frozenset({"order:*"})))

    assert everything.visible(rows) is rows
    assert not decide(current(), "order:read").missing
    assert connection.in_atomic_block


def test_a_model_or_resource_is_declared_once():
    with pytest.raises(ValueError, match="twice"):
        registry.register(Policy(resource=Resource("order", verbs=("juggle",)), model="orders.Order"))
    with pytest.raises(ValueError, match="two policies"):
        registry.register(replace(ALL_POLICIES["orders.Order"], own=None))
