"""The project's own source files, read and parsed once, for tests about the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("rustok", "apps")


@dataclass(frozen=True)
class Source:
    """One module: where it is, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self):
        """The text, line by line."""
        return self.text.splitlines()

    def is_in(self, *places: str) -> bool:
        """Whether the file is one of these, or lies in one of these folders (written with a closing slash)."""
        return any(self.path.startswith(place) if place.endswith("/") else self.path == place for place in places)

    @property
    def room(self) -> str:
        """For `apps/orders/services/moving.py` this is `services`; empty outside the apps."""
        parts = self.path.removesuffix(".py").split("/")
        return parts[2] if parts[0] == "apps" and len(parts) > 2 else ""


def parsed(path: str, text: str) -> Source:
    """A source that need not exist, for the negative controls."""
    return Source(path, text, ast.parse(text))


@cache
def sources(*, migrations: bool = False) -> tuple[Source, ...]:
    """Every module of the product, migrations only when asked for."""
    files = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    paths = [file.relative_to(ROOT).as_posix() for file in files]
    wanted = [path for path in paths if migrations or "/migrations/" not in path]
    return tuple(parsed(path, (ROOT / path).read_text(encoding="utf-8")) for path in wanted)


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones included."""
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def dotted(node: ast.AST) -> str:
    """The dotted text of names, attributes and calls: `Order.objects.filter().update`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return node.id if isinstance(node, ast.Name) else ""
