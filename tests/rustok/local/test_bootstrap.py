"""The locked requirements, and the program that installs them before anything else is there."""

import re
import subprocess
import sys
from pathlib import Path

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


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that works, in a place of its own; nothing can be installed into it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".installed")
    return tmp_path


@pytest.mark.parametrize("wish", ["prod", "local", "dev"])
def test_an_environment_that_holds_the_wish_is_left_alone(environment: Path, wish: str) -> None:
    stamp = f"dev {bootstrap.digest('dev')}\n"
    (environment / ".installed").write_text(stamp)
    bootstrap.install(wish)
    assert (environment / ".installed").read_text() == stamp


@pytest.mark.parametrize("stamp", ["", "nonsense 1", "dev"])
def test_a_torn_stamp_means_an_older_environment(environment: Path, stamp: str) -> None:
    (environment / ".installed").write_text(stamp)
    assert bootstrap.installed() != ("dev", bootstrap.digest("dev"))


def test_an_environment_whose_python_is_gone_counts_as_none(environment: Path) -> None:
    (environment / ".installed").write_text(f"dev {bootstrap.digest('dev')}\n")
    (environment / "bin" / "python").unlink()
    assert bootstrap.installed() == ("", "")
