"""Roles as a table, and what Django's admin is told about them."""

from __future__ import annotations

import pytest

from apps.security.models import User
from apps.security.roles import PERMISSIONS, PLATFORM_ROLES, TENANT_ROLES, permissions_of
from rustok.policy import Grant, resource

MAY = [
    ("owner", "audit:read", True), ("owner", "api_key:create", True),
    ("admin", "order:refund", True), ("admin", "user:create", True),
    ("admin", "audit:read", False), ("admin", "tenant:suspend", False),
    ("manager", "product:delete", True), ("manager", "stock:update", True), ("manager", "order:ship", True),
    ("manager", "order:refund", False), ("manager", "user:read", False), ("manager", "customer:update", False),
    ("viewer", "order:read", True), ("viewer", "order:confirm", False), ("viewer", "api_key:read", False),
    ("operator", "tenant:suspend", True), ("nobody", "order:read", False),
]  # fmt: skip


@pytest.mark.parametrize(("role", "permission", "granted"), MAY)
def test_role_table(role, permission, granted):
    assert User(username="x", role=role).has_perm(permission) is granted


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
