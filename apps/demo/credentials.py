"""`demo.json` in the data directory: how people and scripts get into the demo. Mode 0600; its secrets are nowhere else.

`signing` is an HMAC-SHA256 key for request signatures (RFC 9421); its `secret` is in base64.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rustok.config import config


def path() -> Path:
    """Where the file is."""
    return config().data_dir / "demo.json"


def read() -> dict[str, Any]:
    """The file's content; empty when there is none or it is torn."""
    try:
        facts = json.loads(path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def shop(facts: dict[str, Any], slug: str) -> dict[str, Any]:
    """What is known about one shop; empty when nothing is."""
    found = (item for item in facts.get("tenants", ()) if isinstance(item, dict) and item.get("slug") == slug)
    return next(found, {})


def write(facts: dict[str, Any]) -> None:
    """Replace the file at once, so that no reader sees half of it."""
    target = path()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=1)
        file.write("\n")
    draft.replace(target)
