"""A silenced warning says why, in the same line."""

import re

import pytest

from tests.support.sources import parsed, sources

NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*)?(?P<reason>.*)")
IGNORE = re.compile(r"#\s*type:\s*ignore(?P<codes>\[[a-z0-9, -]+\])?(?P<reason>.*)")
PRAGMA = re.compile(r"#\s*pragma:\s*no (?:cover|branch)(?P<codes>)(?P<reason>.*)")


def unexplained(source):
    for number, line in enumerate(source.lines, start=1):
        for kind in (NOQA, IGNORE, PRAGMA):
            match = kind.search(line)
            if match and (match["codes"] is None or len(re.findall(r"[^\W\d_]+", match["reason"])) < 1):
                yield f"{source.path}:{number} {line.strip()[:100]}"


def test_every_suppression_names_its_rule_and_its_reason():
    assert not [found for source in sources() for found in unexplained(source)]


@pytest.mark.parametrize(
    "line", ["x = 1  # noqa", "x = 1  # noqa: E501", "x = y  # type: ignore", "x = y  # type: ignore[misc]"]
)
def test_the_rule_finds_silence_without_a_reason(line):
    assert list(unexplained(parsed("apps/x/models.py", line)))


@pytest.mark.parametrize(
    "line", ["x = 1  # noqa: E501 - a table reads better", "x = y  # type: ignore[misc]  # stubs are wrong"]
)
def test_the_rule_lets_explained_ones_pass(line):
    assert not list(unexplained(parsed("apps/x/models.py", line)))
