"""The one question about permissions, and the registry of operations."""

import pytest

from rustok import operations
from rustok.context import ExecutionContext
from rustok.errors.families import PermissionDenied
from rustok.operations import Criticality, Operation, declare
from rustok.policy import is_permission, require


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("order:create", True),
        ("order:*", True),
        ("*:*", True),
        ("api_key:read", True),
        ("order", False),
        ("order:", False),
        (":create", False),
        ("Order:create", False),
        ("order:create:now", False),
        ("order:create\n", False),
        ("", False),
    ],
)
def test_permissions_are_resource_and_action(text, valid):
    assert is_permission(text) is valid


def test_a_missing_grant_is_named():
    with pytest.raises(PermissionDenied) as caught:
        require(ExecutionContext(permissions=frozenset({"order:read"})), "order:create")

    assert caught.value.context["permission"] == "order:create"


def test_a_grant_passes():
    require(ExecutionContext(permissions=frozenset({"order:*"})), "order:create")


def test_one_operation_is_declared_once(monkeypatch):
    monkeypatch.setattr(operations, "_operations", {})
    first = declare(Operation("x.do", "endpoint", "x:do", Criticality.LOW, writes=True))

    assert declare(Operation("x.do", "endpoint", "x:do", Criticality.LOW, writes=True)) == first
    with pytest.raises(ValueError, match="twice"):
        declare(Operation("x.do", "endpoint", "x:do", Criticality.HIGH, writes=True))
    assert operations.operations() == (first,)


def test_criticalities_are_ordered_by_how_long_they_live():
    assert sorted(Criticality) == [Criticality.LOW, Criticality.NORMAL, Criticality.HIGH, Criticality.CRITICAL]
