"""Roles as a table, and what Django's admin is told about them."""

from __future__ import annotations

import pytest

from apps.security.models import User
from apps.security.roles import PERMISSIONS, PLATFORM_ROLES, TENANT_ROLES, permissions_of
from rustok.grants import Scope, scope_of
from rustok.policy import Grant, resource

MAY = [
    ("owner", "audit:read", True), ("owner", "api_key:create", True),
    ("admin", "order:refund", True), ("admin", "user:create", True),
    ("admin", "audit:read", False), ("admin", "tenant:suspend", False),
    ("manager", "product:delete", True), ("manager", "stock:update", True), ("manager", "order:ship", True),
    ("manager", "order:refund", True), ("manager", "order:pay", False),
    ("manager", "user:read", False), ("manager", "customer:update", False),
    ("viewer", "order:read", True), ("viewer", "order:confirm", False), ("viewer", "api_key:read", False),
    ("operator", "tenant:suspend", True), ("nobody", "order:read", False),
]  # fmt: skip


@pytest.mark.parametrize(("role", "permission", "granted"), MAY)
def test_role_table(role, permission, granted):
    assert User(username="x", role=role).has_perm(permission) is granted


ACTIONS = ["create", "read", "update", "delete", "list", "export", "import", "manage"]
ALL, LOOK = frozenset(ACTIONS), frozenset({"read", "list"})
RESOURCES = ["product", "order", "customer", "user", "role", "audit", "event", "tenant"]
# What each role may do with all rows, of the eight actions that every resource has.
MATRIX = {
    "owner": dict.fromkeys(RESOURCES, ALL),
    "admin": dict.fromkeys(["product", "order", "customer", "user", "role", "event"], ALL),
    "manager": {"product": ALL, "order": LOOK | {"update"}, "customer": LOOK, "event": LOOK},
    "viewer": {"product": LOOK, "order": LOOK, "customer": LOOK, "event": LOOK},
    "customer": {"product": LOOK},
    "operator": dict.fromkeys(RESOURCES, ALL),
}
# And what a customer may do with own rows only.
OWN_ROWS = {"order": LOOK | {"create"}, "customer": LOOK | {"update"}, "cart": ALL, "payment": LOOK}


def reached(role, scope, kinds):
    held = permissions_of(role)
    found = {kind: {action for action in ACTIONS if scope_of(held, f"{kind}:{action}") is scope} for kind in kinds}
    return {kind: actions for kind, actions in found.items() if actions}


@pytest.mark.parametrize("role", MATRIX)
def test_roles_by_actions(role):
    assert reached(role, Scope.ALL, RESOURCES) == MATRIX[role]


@pytest.mark.parametrize("role", MATRIX)
def test_only_customers_are_held_to_own_rows(role):
    assert reached(role, Scope.OWN, [*RESOURCES, *OWN_ROWS]) == (OWN_ROWS if role == "customer" else {})


def test_every_role_belongs_to_one_side():
    assert sorted(PERMISSIONS) == sorted(TENANT_ROLES + PLATFORM_ROLES)


@pytest.mark.parametrize("role", sorted(PERMISSIONS))
def test_every_grant_of_a_built_in_role_is_about_something(role):
    grants = [Grant.parse(text) for text in PERMISSIONS[role]]
    known = [grant for grant in grants if grant.resource == "*" or resource(grant.resource).knows(grant.action)]

    assert known == grants
    assert {str(grant) for grant in grants} == PERMISSIONS[role]


@pytest.mark.parametrize(
    ("django", "ours"),
    [
        ("orders.view_order", "order:read"),
        ("catalog.add_product", "product:create"),
        ("catalog.change_product", "product:update"),
        ("security.delete_user", "user:delete"),
    ],
)
def test_djangos_words_mean_ours(django, ours):
    user = User(username="x", role="manager")

    assert user.has_perm(django) is user.has_perm(ours)


def test_inactive_user_may_nothing():
    user = User(username="x", role="owner", is_active=False)

    assert not (user.has_perm("order:read"))
    assert not (user.is_staff)
    assert not (user.has_module_perms("orders"))
    assert not (user.is_superuser)
    assert permissions_of("nobody") == frozenset()
