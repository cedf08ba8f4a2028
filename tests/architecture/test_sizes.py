"""House numbers: a file fits in the head, a function on a screen."""

import statistics

import pytest

from tests.support.sources import ROOT, functions, sources

MAX_FILE, MAX_FUNCTION = 400, 50
MEDIAN_FILE, MEDIAN_FUNCTION, P90_FUNCTION = 100, 8, 25
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base2", "tools", "stuff"}


def length(function):
    return (function.end_lineno or function.lineno) - function.lineno + 1


def all_files():
    """Python of the product and of its tests, styles, scripts and templates written by us."""
    for folder, pattern in (
        ("rustok", "*.py"),
        ("apps", "*.py"),
        ("tests", "*.py"),
        ("templates", "*.html"),
        ("static", "*.*"),
    ):
        for file in (ROOT / folder).rglob(pattern):
            if "/migrations/" not in file.as_posix() and file.suffix in {".py", ".html", ".css", ".js"}:
                yield file


def test_no_file_is_longer_than_400_lines():
    long = {
        str(file.relative_to(ROOT)): lines
        for file in all_files()
        if (lines := len(file.read_text().splitlines())) > MAX_FILE
    }

    assert not long


def test_no_function_is_longer_than_50_lines():
    long = {
        f"{source.path}:{f.name}": length(f)
        for source in sources()
        for f in functions(source)
        if length(f) > MAX_FUNCTION
    }

    assert not long


def test_most_files_and_functions_are_short():
    lengths = [length(function) for source in sources() for function in functions(source)]

    assert statistics.median(len(source.lines) for source in sources() if source.text) <= MEDIAN_FILE
    assert statistics.median(lengths) <= MEDIAN_FUNCTION
    assert statistics.quantiles(lengths, n=10)[-1] <= P90_FUNCTION


def test_modules_are_named_after_what_is_inside():
    assert not [source.path for source in sources() if source.path.rsplit("/", 1)[-1].removesuffix(".py") in VAGUE]


@pytest.mark.parametrize("folder", ["rustok", "apps"])
def test_no_status_files_lie_around(folder):
    allowed = {"README.md"}

    assert not [str(file) for file in (ROOT / folder).rglob("*.md") if file.name not in allowed]


def test_the_root_holds_only_what_the_map_names():
    allowed = {"README.md", "README.ru.md", "CHANGELOG.md", "LICENSE"}

    assert {file.name for file in ROOT.glob("*.md")} <= allowed
