"""`manage.py explain`: why an actor, a key or a role may or may not do something."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.operations.commandline import at_the_command_line, chosen_logs
from apps.security.access.explaining import Explanation, explain, find_holder


class Command(BaseCommand):
    """Asks the guard on somebody's behalf."""

    help = "Explain why somebody may or may not do something: the rule, the grant, its scope, and what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--tenant", metavar="SLUG", help="in this shop")
        where.add_argument("--platform", action="store_true", help="on the platform")
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--actor", metavar="KIND:ID", help="user:<id>, api_key:<id>, signing_key:<id> or a user name")
        who.add_argument("--key", metavar="PREFIX", help="an API key by its public part, rk_<prefix>")
        who.add_argument("--role", metavar="SLUG", help="a role, whoever has it")
        parser.add_argument("--permission", required=True, metavar="RESOURCE:ACTION", help="as in order:cancel")
        parser.add_argument("--object", type=_uuid, metavar="ID", help="this row; without it, all rows")
        parser.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the answer; one clear line and exit code 1 when the question makes no sense."""
        with at_the_command_line(), chosen_logs(options)[0].scope():
            holder = find_holder(actor=options["actor"] or "", key=options["key"] or "", role=options["role"] or "")
            found = explain(permission=options["permission"], holder=holder, object_id=options["object"])
            text = orjson.dumps(found.facts()).decode() if options["json"] else _told(found)
        self.stdout.write(text)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no id") from error


def _told(found: Explanation) -> str:
    facts = found.facts()
    answer = "allowed" if found.decision.allowed else "denied"
    told = [f"{answer}: {facts['permission']} for {found.holder.actor.label} ({facts['rule']})", facts["reason"]]
    told += [f"{name}: {facts[name]}" for name in ("role", "grant", "scope", "missing") if facts[name]]
    told += [f"also, with some rows: {permission}" for permission in facts["sometimes_missing"]]
    return "\n".join(told)
