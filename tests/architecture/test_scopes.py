"""Tenancy has one door: nobody sets a schema by hand, and no generator yields inside a scope."""

import ast
from itertools import pairwise

import pytest

from tests.support.sources import dotted, functions, parsed, sources

DOOR = ("apps/tenants/isolation/", "rustok/db/backend/")
FORBIDDEN = {"schema_context", "tenant_context", "set_tenant", "set_schema", "set_schema_to_public", "schema_exists"}
SCOPES = {"tenant_scope", "platform_scope", "use", "amended"}


def hand_made_schemas(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func).rsplit(".", 1)[-1] in FORBIDDEN:
            yield f"{source.path}:{node.lineno} calls {dotted(node.func)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _sets_path(node.value):
            yield f"{source.path}:{node.lineno} sets search_path"


def _sets_path(text):
    words = text.lower().split()
    return any(pair in {("set", "search_path"), ("local", "search_path")} for pair in pairwise(words))


def yields_inside_scope(source):
    for function in functions(source):
        if _is_context_manager(function):
            continue  # its body continues where the caller's block ends, which is what a scope is
        for node in _own_nodes(function):
            if isinstance(node, ast.With) and _opens_scope(node) and any(map(_is_yield, _inside(node.body))):
                yield f"{source.path}:{node.lineno} yields inside a scope"


def _is_context_manager(function):
    return any("contextmanager" in dotted(decorator) for decorator in function.decorator_list)


def _opens_scope(node):
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    return any(dotted(call.func).rsplit(".", 1)[-1] in SCOPES for call in calls)


def _is_yield(node):
    return isinstance(node, (ast.Yield, ast.YieldFrom))


def _own_nodes(function):
    return _inside(function.body)


def _inside(body):
    """The nodes of these statements, without descending into functions and lambdas defined there."""
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)):
            stack.extend(ast.iter_child_nodes(node))


def test_only_the_isolation_sets_a_schema():
    assert not [found for source in sources() if not source.is_in(*DOOR) for found in hand_made_schemas(source)]


def test_no_generator_yields_inside_a_scope():
    assert not [found for source in sources() for found in yields_inside_scope(source)]


@pytest.mark.parametrize(
    "code",
    [
        "def rows():\n    with tenant_scope('acme'):\n        yield 1",
        "def rows():\n    with a, isolation.platform_scope('y'):\n        for x in y:\n            yield from x",
    ],
)
def test_the_rule_finds_a_yield_inside_a_scope(code):
    assert list(yields_inside_scope(parsed("apps/x/queries.py", code)))


@pytest.mark.parametrize(
    "code",
    [
        "def rows():\n    with tenant_scope('acme'):\n        found = list(x for x in y)\n    yield found",
        "@contextmanager\ndef inside():\n    with tenant_scope('acme'):\n        yield",
    ],
)
def test_the_rule_lets_finished_work_and_context_managers_pass(code):
    assert not list(yields_inside_scope(parsed("apps/x/queries.py", code)))


@pytest.mark.parametrize("code", ["connection.set_tenant(x)", "schema_context('x')", "run('SET search_path TO x')"])
def test_the_rule_finds_hand_made_schemas(code):
    assert list(hand_made_schemas(parsed("apps/x/services.py", code)))
