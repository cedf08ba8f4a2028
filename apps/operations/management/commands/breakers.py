"""`manage.py breakers list|force|reset`: circuit breakers of all processes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser

from apps.operations.commandline import operator
from apps.operations.management.decisions import ask_for_decision, decision_of
from apps.operations.queries import SickBreaker, sick_breakers
from apps.operations.services import force_breaker, reset_breaker
from rustok.resilience.circuit_breaker import State


class Command(BaseCommand):
    """Lists the sick ones, holds one open or closed, starts one anew."""

    help = "List, force or reset circuit breakers."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Three verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        force = verbs.add_parser("force", help="hold one open (nobody calls) or closed (everybody does)")
        force.add_argument("key", help="dependency[:tenant[:target]], as listed")
        force.add_argument("state", choices=["open", "closed"])
        ask_for_decision(force)
        reset = verbs.add_parser("reset", help="close one and forget what is known of it")
        reset.add_argument("key")
        for one in (verbs.add_parser("list", help="every breaker that is not simply closed"), force, reset):
            one.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        """Do it, then list."""
        with operator(f"breakers {verb}") as context:
            if verb == "force":
                state = State(options["state"])
                force_breaker(key=options["key"], state=state, decision=decision_of(options), context=context)
            elif verb == "reset":
                reset_breaker(key=options["key"], context=context)
            found = sick_breakers()
        if options["json"]:
            self.stdout.write(orjson.dumps([asdict(breaker) for breaker in found]).decode())
            return
        self.stdout.write("\n".join(map(_line, found)) or "every breaker is closed")


def _line(breaker: SickBreaker) -> str:
    until = breaker.until.isoformat(timespec="seconds") if breaker.until else "-"
    held = f" held by {breaker.decided_by}: {breaker.reason}" if breaker.forced else ""
    return f"{breaker.key}  {breaker.state} until {until}{held}"
