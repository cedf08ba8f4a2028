"""Build `.venv` from the locked requirements, on a machine with only python3 and pip.

Run by make with the system's Python, before any package is there: standard library only, no import of the project.
Installs uv into `.tools/` (works without python3-venv and in spite of PEP 668), then syncs the wanted set with hashes
checked. A stamp keyed on the lock file makes the second call cheap.
"""

import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
STAMP = VENV / ".installed"
# Each set contains the ones before it, so a wider environment serves a narrower wish.
SETS = ("prod", "local", "dev", "e2e")


def digest(name: str) -> str:
    """Return the SHA-256 of the lock file of set `name`."""
    return hashlib.sha256((REQUIREMENTS / f"{name}.txt").read_bytes()).hexdigest()


def installed() -> tuple[str, str]:
    """Return (set, lock digest) of the environment, or two empty strings when there is none that works."""
    python = VENV / "bin" / "python"  # a dangling link once the system's Python was upgraded
    if not (STAMP.exists() and python.exists()) or subprocess.run([python, "-c", ""], check=False).returncode != 0:
        return "", ""
    name, _, lock = STAMP.read_text().strip().partition(" ")
    return (name, lock) if name in SETS else ("", "")


def ensure_uv() -> Path:
    """Install the pinned uv into `.tools/` unless that very lock is there; return its path."""
    lock = digest("tools")
    stamp = TOOLS / ".installed"
    uv = TOOLS / "bin" / "uv"
    if not (uv.exists() and stamp.exists() and stamp.read_text() == lock):
        shutil.rmtree(TOOLS, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        quiet = ["--no-warn-script-location", "--root-user-action=ignore"]
        wanted = ["--target", str(TOOLS), "--require-hashes", "-r", str(REQUIREMENTS / "tools.txt")]
        subprocess.run([*pip, *quiet, *wanted], check=True)
        stamp.write_text(lock)
    return uv


def trusting_what_pip_trusts() -> dict[str, str]:
    """Return the environment with uv reading the system's certificates, where it has any, as pip does.

    Behind a proxy with a certificate of its own uv's built-in list would fail where pip has just succeeded.
    """
    places = ssl.get_default_verify_paths()
    has_some = Path(places.cafile or "").is_file() or any(Path(places.capath or "/nowhere").glob("*"))
    return {"UV_SYSTEM_CERTS": "true"} | dict(os.environ) if has_some else dict(os.environ)


def install(name: str) -> None:
    """Bring `.venv` to set `name`, or to the wider set that it already had."""
    had, lock = installed()
    if had and SETS.index(had) >= SETS.index(name):
        name = had
    if had == name and lock == digest(name):
        return
    print(f"installing the {name} requirements into {VENV}", file=sys.stderr, flush=True)
    uv = ensure_uv()
    if not had:
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV], check=True)
    STAMP.unlink(missing_ok=True)
    lock_file = REQUIREMENTS / f"{name}.txt"
    target = ["--python", str(VENV / "bin" / "python"), "--require-hashes", str(lock_file)]
    subprocess.run([uv, "pip", "sync", "--quiet", *target], check=True, env=trusting_what_pip_trusts())
    STAMP.write_text(f"{name} {digest(name)}\n")


def main(arguments: list[str]) -> int:
    """Install the set named on the command line; 0 on success, 2 with one clear line otherwise."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file meets the system's Python before anything checks it
        print(f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    if arguments[:1] == ["uv"]:
        print(ensure_uv())
        return 0
    if len(arguments) != 1 or arguments[0] not in SETS:
        print(f"usage: bootstrap.py {'|'.join(SETS)}", file=sys.stderr)
        return 2
    with (ROOT / ".bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            install(arguments[0])
        except subprocess.CalledProcessError as error:
            print(f"installing failed: {error.cmd[0]} ended with code {error.returncode}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
