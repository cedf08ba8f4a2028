"""`manage.py selfaudit`: look at the running site from this machine, and say what should be set otherwise."""

from __future__ import annotations

from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.operations.commandline import operator
from apps.security.selfaudit.rules import PASS, RULES
from apps.security.selfaudit.services import run


class Command(BaseCommand):
    """Asks the running site and judges its answers."""

    help = "Ask the running site over loopback and judge headers, cookies, caching, hosts, keys; fails below the mark."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it; exit code 1 below 80 points."""
        with operator("look at the running site") as context:
            found = run(context=context)
        score = found.score or 0
        if options["json"]:
            facts = {"score": score, "passed": found.passed, "findings": found.findings}
            self.stdout.write(orjson.dumps(facts).decode())
        else:
            self._tell(found.findings)
            self.stdout.write(f"score: {score} of 100, {len(found.passed)} rules pass")
        if score < PASS:
            raise CommandError(f"the site scores {score}, below {PASS}")

    def _tell(self, findings: list[dict[str, Any]]) -> None:
        rules = {rule.code: rule for rule in RULES}
        for finding in findings:
            rule = rules.get(finding["code"])
            title = rule.title if rule is not None else finding["title"]
            advice = rule.advice if rule is not None else finding["advice"]
            seen = f" (seen: {finding['seen']})" if finding["seen"] else ""
            self.stdout.write(f"{finding['severity']:8}  {finding['code']}: {title}{seen}")
            self.stdout.write(f"          {advice}")
