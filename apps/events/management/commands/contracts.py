"""`manage.py contracts`: store what is promised about events and the REST API, unless that would break somebody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.events.contracts import breaking_changes, published, sample_of, schema_of
from rustok.api import contract as rest
from rustok.config import ROOT

SAMPLES: Final = "samples"
REST: Final = "rest"
HOSTS: Final = ("platform", "tenant")


class Command(BaseCommand):
    """Writes contracts."""

    help = "Write the schema of each event version and the contract of each REST operation; refuses a breaking change."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, and whether to write at all."""
        parser.add_argument("--directory", type=Path, default=ROOT / "tests" / "contracts")
        parser.add_argument("--check", action="store_true", help="write nothing; fail when something is out of date")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare, refuse or write; one clear line and exit code 1 on failure."""
        directory: Path = options["directory"]
        schemas = {name: schema_of(event) for name, event in published().items()}
        fresh = {directory / f"{name}.json": schema for name, schema in schemas.items()}
        broken = [f"{path.stem}{change}" for path, new in fresh.items() for change in _broken(path, new)]
        if broken:
            raise CommandError("these need a new version of the event: " + "; ".join(broken))
        fresh |= _rest_files(directory / REST)
        stale = [path for path, new in fresh.items() if not path.exists() or path.read_text() != _text(new)]
        samples = {directory / SAMPLES / f"{name}.json": sample_of(schema) for name, schema in schemas.items()}
        missing = [path for path in samples if not path.exists()]  # a golden sample is written once
        if options["check"]:
            if stale or missing:
                raise CommandError("run `make contracts` for " + ", ".join(path.stem for path in stale + missing))
            return
        for folder in (SAMPLES, REST):
            (directory / folder).mkdir(parents=True, exist_ok=True)
        for path in stale + missing:
            path.write_text(_text(fresh[path] if path in fresh else samples[path]))
        self.stdout.write(f"{len(fresh)} contracts, {len(stale)} written; {len(missing)} samples written")


def _rest_files(directory: Path) -> dict[Path, dict[str, Any]]:
    """The contract of each host; refuses to forget what callers rely on."""
    fresh = {directory / f"{host}.json": rest.contracts_of(f"rustok.urls.{host}") for host in HOSTS}
    stored = {path: json.loads(path.read_text()) for path in fresh if path.exists()}
    if broken := [change for path, old in stored.items() for change in rest.breaking_changes(old, fresh[path])]:
        raise CommandError("these break callers of the REST API: " + "; ".join(broken))
    return fresh


def _broken(path: Path, new: dict[str, Any]) -> list[str]:
    return breaking_changes(json.loads(path.read_text()), new) if path.exists() else []


def _text(schema: Any) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
