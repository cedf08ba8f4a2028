"""`manage.py degradation show|set|lift`: the service mode that people have decided."""

from __future__ import annotations

from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser

from apps.operations.commandline import operator
from apps.operations.management.decisions import ask_for_decision, decision_of
from apps.operations.queries import mode_facts
from apps.operations.services import lift_mode, set_mode
from rustok.resilience.degradation import Mode


class Command(BaseCommand):
    """Shows, sets and lifts the mode. What measurements say is a matter of the serving processes: ask over REST."""

    help = "Show, set or lift the service mode."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Three verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        chosen = verbs.add_parser("set", help="hold the platform in a mode for a time")
        chosen.add_argument("mode", choices=[mode.word for mode in Mode])
        ask_for_decision(chosen)
        others = [verbs.add_parser("show", help="the decision that holds"), verbs.add_parser("lift", help="end it")]
        for one in (chosen, *others):
            one.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        """Do it, then show what holds."""
        with operator(f"degradation {verb}") as context:
            if verb == "set":
                set_mode(mode=Mode[options["mode"].upper()], decision=decision_of(options), context=context)
            elif verb == "lift":
                lift_mode(context=context)
            facts = mode_facts()
        decision = facts["decision"]
        if options["json"]:
            self.stdout.write(orjson.dumps({"mode": facts["mode"], "decision": decision}).decode())
        elif decision is None:
            self.stdout.write("nobody has decided: measurements choose the mode")
        else:
            until = decision["until"].isoformat(timespec="seconds")
            self.stdout.write(f"{facts['mode']} until {until} by {decision['decided_by']}: {decision['reason']}")
