"""What import-linter cannot say: the public face as an allow-list, READMEs, and imports at the top of the file."""

import ast
import re
from functools import cache

import pytest

from tests.support.sources import ROOT, dotted, functions, sources

FACE = {"services", "queries", "events", "errors", "policies"}
NEVER = {"models", "migrations", "admin", "api", "tasks", "handlers"}
APPS = sorted(path.parent.name for path in (ROOT / "apps").glob("*/apps.py"))


def readme(app):
    return (ROOT / "apps" / app / "README.md").read_text(encoding="utf-8")


@cache
def public_rooms(app):
    """The face that every app has, and what its README names in the line "Public rooms"."""
    line = re.search(r"\*\*Public rooms?\*\*(.*?)(?=\n- |\n\n|\Z)", readme(app), re.DOTALL)
    return FACE | set(re.findall(r"`([a-z_]+)`", line[1] if line else ""))


def imports(source):
    for node in _running(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name


def _running(tree):
    """Every node but those that only a type checker reads."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if not (isinstance(node, ast.If) and dotted(node.test) == "TYPE_CHECKING"):
            stack.extend(ast.iter_child_nodes(node))
        else:
            stack.extend(node.orelse)


def foreign(source):
    own = "apps." + source.path.split("/")[1]
    for line, name in imports(source):
        if not name.startswith("apps.") or f"{name}.".startswith(f"{own}."):
            continue
        if name.split(".")[2] not in public_rooms(name.split(".")[1]):
            yield f"{source.path}:{line} {name}"


def test_apps_use_only_each_others_public_rooms():
    assert not [found for source in sources() if source.path.startswith("apps/") for found in foreign(source)]


@pytest.mark.parametrize("app", APPS)
def test_every_app_says_what_it_owns_publishes_and_hears(app):
    text = readme(app)

    assert re.search(r"(?i)\bowns\b", text)
    assert re.search(r"(?i)\bpublishes\b", text)
    assert re.search(r"(?i)\blistens\b", text)
    assert len(text.splitlines()) <= 40


@pytest.mark.parametrize("app", APPS)
def test_a_readme_cannot_make_models_and_doors_public(app):
    assert not public_rooms(app) & NEVER


def test_imports_stand_at_the_top():
    inside = [
        f"{source.path}:{node.lineno}"
        for source in sources()
        for function in functions(source)
        if function.name != "ready"
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "#" not in source.lines[node.lineno - 1]
    ]

    assert not inside, "move the import up, or say in the line why it must wait"


def test_no_signals_for_behaviour():
    signals = {"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed"}

    assert not [
        f"{s.path}:{line}" for s in sources() for line, name in imports(s) if name.rsplit(".", 1)[-1] in signals
    ]
