"""`manage.py fleet migrate|status`: the migrations of all schemas."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser

from apps.lifecycle.services import fleet_status, migrate_fleet
from apps.operations.commandline import operator
from rustok.context import ExecutionContext
from rustok.progress import progress


class Command(BaseCommand):
    """Migrates every schema, or shows how far each is."""

    help = "Migrate the shared schema and every tenant's, or show how far they are."
    requires_system_checks = ()  # nothing of the web surfaces is needed to look after tenants

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="migrate|status")
        for verb, text in (("migrate", "bring every schema up to date"), ("status", "what each schema lacks")):
            verbs.add_parser(verb, help=text).add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        with operator(f"fleet {options['verb']}") as context:
            facts, lines = _migrate(context) if options["verb"] == "migrate" else _status(context)
        self.stdout.write(orjson.dumps(facts).decode() if options["json"] else "\n".join(lines))


def _migrate(context: ExecutionContext) -> tuple[Any, list[str]]:
    with progress("migrating tenants") as bar:
        count = migrate_fleet(context=context, progress=bar)
    return {"migrated": count}, [f"{count} tenants were behind and are up to date now."]


def _status(context: ExecutionContext) -> tuple[Any, list[str]]:
    states = fleet_status(context=context)
    behind = [state for state in states if state.missing]
    summary = f"{len(states)} tenants, {len(behind)} behind."
    return [asdict(state) for state in states], [*(f"{state.slug}: lacks {state.missing}" for state in behind), summary]
