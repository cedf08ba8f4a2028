"""The locked requirements, and the program that installs them before anything else is there."""

import re
import subprocess
import sys

import pytest

from rustok.local import bootstrap

LOCKS = ("base", "prod", "local", "dev", "e2e", "tools")


def locked(name: str) -> dict[str, str]:
    text = (bootstrap.REQUIREMENTS / f"{name}.txt").read_text().replace("\\\n", " ")
    return {line.split("==")[0]: line for line in text.splitlines() if re.match(r"[a-z0-9]", line)}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash_and_no_file_names_a_host(name: str) -> None:
    assert all("--hash=sha256:" in line for line in locked(name).values())
    assert not re.search(r"https?://|index-url|find-links", (bootstrap.REQUIREMENTS / f"{name}.txt").read_text())


@pytest.mark.parametrize(("narrow", "wide"), [("prod", "local"), ("local", "dev"), ("dev", "e2e")])
def test_a_wider_set_contains_the_narrower_one_exactly(narrow: str, wide: str) -> None:
    pins = {name: line.split()[0] for name, line in locked(wide).items()}
    assert {name: line.split()[0] for name, line in locked(narrow).items()}.items() < pins.items()


@pytest.mark.parametrize("name", LOCKS)
def test_every_wanted_package_carries_its_reason(name: str) -> None:
    wanted = (bootstrap.REQUIREMENTS / f"{name}.in").read_text().splitlines()
    packages = [line for line in wanted if line and not line.startswith(("#", "-r"))]
    assert [line for line in packages if not re.search(r"\s#\s\S", line)] == []


@pytest.mark.parametrize("words", [[], ["nonsense"], ["dev", "e2e"]])
def test_a_wrong_call_is_refused(words: list[str]) -> None:
    assert bootstrap.main(words) == 2


def test_it_needs_nothing_but_the_standard_library() -> None:
    done = subprocess.run([sys.executable, "-I", "-S", bootstrap.__file__], capture_output=True, check=False, text=True)
    assert done.stderr.startswith("usage:")
