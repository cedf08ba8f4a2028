"""`manage.py secrets status|renew`: what is sealed at rest, under which of the platform's secret keys."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.operations.commandline import Log, add_log_options, at_the_command_line, chosen_logs, shown
from rustok.audit import AuditEntry
from rustok.db.resealing import sealed_columns, standing
from rustok.db.transactions import unit_of_work


class Command(BaseCommand):
    """Moves what is sealed to the newest secret key."""

    help = "Count what is sealed under former secret keys of the platform, or seal it under the newest."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="status|renew")
        status = verbs.add_parser("status", help="count, change nothing; fails while something waits")
        renew = verbs.add_parser("renew", help="seal afresh; fails when something cannot be opened")
        for verb in (status, renew):
            add_log_options(verb, required=False)
            verb.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 while a former key is still needed, or when values are lost."""
        renew = options["verb"] == "renew"
        with at_the_command_line():
            facts = [fact for log in chosen_logs(options) for fact in _looked_at(log, renew=renew)]
        self.stdout.write(shown(facts, as_json=options["json"]))
        waiting = sum(fact["former"] - fact["renewed"] for fact in facts)
        lost = sum(fact["lost"] for fact in facts)
        if lost:
            raise CommandError(
                f"{lost} values open with no configured key: name the key in RUSTOK_SECRET_KEY_FALLBACKS"
            )
        if waiting:
            raise CommandError(f"{waiting} values are sealed under a former key: run manage.py secrets renew")


def _looked_at(log: Log, *, renew: bool) -> list[dict[str, Any]]:
    with log.scope():
        found = [standing(column, renew=renew) for column in sealed_columns() if _is_here(log, column.model)]
        renewed = sum(one.renewed for one in found)
        if renewed:
            with unit_of_work() as uow:
                uow.audit(AuditEntry(action="secret:renew", target="", details={"values": renewed}))
    return [{"scope": log.name} | asdict(one) for one in found if one.values]


def _is_here(log: Log, model: str) -> bool:
    """Whether the scope has the table: the platform has people and keys, and no webhooks of its own."""
    return log.tenant is not None or model.startswith("security.")
