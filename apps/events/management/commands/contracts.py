"""`manage.py contracts`: store the JSON Schema of every published event, unless that would break its readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.events.contracts import breaking_changes, published, schema_of
from rustok.config import ROOT


class Command(BaseCommand):
    """Writes contracts."""

    help = "Write the JSON Schema of each event type and version; refuses a change that breaks a published one."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, and whether to write at all."""
        parser.add_argument("--directory", type=Path, default=ROOT / "tests" / "contracts")
        parser.add_argument("--check", action="store_true", help="write nothing; fail when something is out of date")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare, refuse or write; one clear line and exit code 1 on failure."""
        directory: Path = options["directory"]
        fresh = {directory / f"{name}.json": schema_of(event) for name, event in published().items()}
        broken = [f"{path.stem}{change}" for path, new in fresh.items() for change in _broken(path, new)]
        if broken:
            raise CommandError("these need a new version of the event: " + "; ".join(broken))
        stale = [path for path, new in fresh.items() if not path.exists() or path.read_text() != _text(new)]
        if options["check"]:
            if stale:
                raise CommandError("run `make contracts` for " + ", ".join(path.stem for path in stale))
            return
        directory.mkdir(parents=True, exist_ok=True)
        for path in stale:
            path.write_text(_text(fresh[path]))
        self.stdout.write(f"{len(fresh)} contracts, {len(stale)} written")


def _broken(path: Path, new: dict[str, Any]) -> list[str]:
    return breaking_changes(json.loads(path.read_text()), new) if path.exists() else []


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
