"""Other people's libraries, for comparison: installed beside the product, never into its environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rustok.config import ROOT

_UV = ROOT / ".tools" / "bin" / "uv"


def add(requirement: str) -> bool:
    """Make `name==version` importable in this process, without its dependencies; False (with a line why) when not.

    Kept in the data directory for the next run. Comes last on the path: what the product uses stays what it is.
    """
    target = Path(os.environ.get("RUSTOK_DATA_DIR", ROOT / ".rustok")) / "benchmark-libraries" / requirement
    if not target.exists() and not _install(requirement, target):
        return False
    sys.path.append(str(target))
    return True


def _install(requirement: str, target: Path) -> bool:
    installer = [str(_UV), "pip"] if _UV.exists() else [sys.executable, "-m", "pip"]
    command = [*installer, "install", "--quiet", "--no-deps", "--target", str(target), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"  {requirement} cannot be installed, so there is nothing to compare with: {last}", file=sys.stderr)
    return done.returncode == 0
