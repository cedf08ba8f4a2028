"""What is left of a token's grants when its parent is given less: never more than either holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.security.tokens.grants import intersection
from rustok.grants import scope_of

RESOURCES, ACTIONS = ("order", "stock"), ("read", "list", "ship")
PERMISSIONS = [f"{resource}:{action}" for resource in RESOURCES for action in ACTIONS]
GRANTS = [
    name + scope
    for name in ["*:*", *(f"{resource}:{action}" for resource in RESOURCES for action in (*ACTIONS, "*"))]
    for scope in ("", ":own", ":none")
]
grants = st.frozensets(st.sampled_from(GRANTS), max_size=5)


@given(grants, grants)
@settings(max_examples=60)
def test_the_narrower_of_both_holds_for_every_permission(wanted, held):
    both = intersection(wanted, held)

    for permission in PERMISSIONS:
        assert scope_of(both, permission) == min(scope_of(wanted, permission), scope_of(held, permission))


@pytest.mark.parametrize(
    ("wanted", "held", "both"),
    [
        ({"order:read"}, {"*:*"}, {"order:read"}),
        ({"*:*"}, {"order:read"}, {"order:read"}),
        ({"order:*"}, {"order:read", "stock:read"}, {"order:read"}),
        ({"order:read"}, {"order:*:own"}, {"order:read:own"}),
        ({"order:*"}, {"*:*", "order:refund:none"}, {"order:*", "order:refund:none"}),
        ({"order:read"}, {"stock:read"}, set()),
        ({"no grant"}, {"*:*"}, set()),
    ],
    ids=lambda grants: "+".join(sorted(grants)) or "nothing",
)
def test_some_of_them(wanted, held, both):
    assert intersection(frozenset(wanted), frozenset(held)) == both
