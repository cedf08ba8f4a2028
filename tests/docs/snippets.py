"""Reading fenced blocks out of Markdown, and comparing an answer with what a guide promises.

In a guide, an `http` block is either a request or, when it starts with `HTTP/1.1`, the answer to the one before. A
promised JSON body names what matters: other members may be there. `"…"` is any value, `["…"]` any list, and `"$NAME"`
is remembered at its first use and compared afterwards. `$NAME` in a request or in executed Python is replaced by what
was remembered; what Python calls `NAME` is remembered too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"\$([A-Z][A-Z_0-9]*)")
ANYTHING = "…"


@dataclass(frozen=True)
class Snippet:
    """One block: where it is, what it is, what it says."""

    file: Path
    line: int
    language: str
    runs: bool
    text: str


def snippets(file: Path) -> list[Snippet]:
    """The fenced blocks of a page. The word `run` after the language marks what is executed besides HTTP."""
    page = file.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(page):
        language, _space, rest = match["info"].partition(" ")
        runs = language == "http" or "run" in rest.split()
        found.append(Snippet(file, page.count("\n", 0, match.start()) + 1, language, runs, match["body"]))
    return found


@dataclass(frozen=True)
class Message:
    """A request or an answer as written in a guide."""

    start: str
    headers: dict[str, str]
    body: str


def message(text: str, known: dict[str, str]) -> Message:
    """Take an `http` block apart, with remembered names filled in."""
    head, _blank, body = text.partition("\n\n")
    first, *lines = head.strip().splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    said = body.strip() if first.startswith("HTTP/1.1") else filled(body.strip(), known)
    return Message(filled(first, known), {name: filled(value, known) for name, value in headers.items()}, said)


def filled(text: str, known: dict[str, str]) -> str:
    """The text with every remembered `$NAME` replaced."""
    return _NAME.sub(lambda match: known.get(match[1], match[0]), text)


def compare(promised: Any, given: Any, known: dict[str, str], place: str = "body") -> None:
    """Raise AssertionError when the answer does not keep the promise; remember new names."""
    if promised == ANYTHING:
        return
    if isinstance(promised, str) and (name := _NAME.fullmatch(promised)):
        known.setdefault(name[1], str(given))
        assert str(given) == known[name[1]], f"{place}: {given!r} is not {promised} ({known[name[1]]})"
    elif isinstance(promised, dict):
        assert isinstance(given, dict), f"{place}: {given!r} is no object"
        for member, value in promised.items():
            assert member in given, f"{place}.{member} is missing in {sorted(given)}"
            compare(value, given[member], known, f"{place}.{member}")
    elif isinstance(promised, list):
        _compare_list(promised, given, known, place)
    else:
        assert given == promised, f"{place}: {given!r} is not {promised!r}"


def _compare_list(promised: list[Any], given: Any, known: dict[str, str], place: str) -> None:
    assert isinstance(given, list), f"{place}: {given!r} is no list"
    if promised and promised[-1] == ANYTHING:
        promised = promised[:-1]
        assert len(given) >= len(promised), f"{place} is too short: {given!r}"
    else:
        assert len(given) == len(promised), f"{place} has {len(given)} items, not {len(promised)}"
    for index, value in enumerate(promised):
        compare(value, given[index], known, f"{place}[{index}]")


def compare_bodies(promised: str, given: bytes, known: dict[str, str]) -> None:
    """Compare JSON texts; an empty promise says nothing about the body."""
    if promised:
        compare(json.loads(promised), json.loads(given or b"null"), known)
