"""`manage.py config show|check|docs`: what is set, where it comes from, what production must change."""

from __future__ import annotations

from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from rustok.config import ENV_PREFIX, config, provenance
from rustok.config_reference import PAGE, page, shown
from rustok.deployment import deployment_problems


class Command(BaseCommand):
    """Reads the configuration that this process started with."""

    help = "Show the configuration with the origin of each value, check it for production, or write its reference."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Three subcommands."""
        parts = parser.add_subparsers(dest="part", required=True)
        show = parts.add_parser("show", help="every value and the layer that set it; secrets hidden")
        show.add_argument("--json", action="store_true", help="as one JSON object")
        check = parts.add_parser("check", help="is this fit for production? exit code 1 when not")
        check.add_argument("--json", action="store_true", help="as one JSON object")
        docs = parts.add_parser("docs", help="write docs/configuration.md")
        docs.add_argument("--check", action="store_true", help="only say whether the page is current")

    def handle(self, *_args: Any, part: str, **options: Any) -> None:
        """Run one part."""
        {"show": self._show, "check": self._check, "docs": self._docs}[part](options)

    def _show(self, options: dict[str, Any]) -> None:
        values, origin = config(), provenance()
        rows = {name: {"value": shown(getattr(values, name)), "origin": origin[name]} for name in origin}
        if options["json"]:
            self.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
            return
        for name, row in rows.items():
            self.stdout.write(f"{ENV_PREFIX}{name.upper():28} {row['value']!s:44} {row['origin']}")

    def _check(self, options: dict[str, Any]) -> None:
        problems = deployment_problems(config(), provenance())
        if options["json"]:
            facts = {"ok": not problems, "problems": [{"id": rule.id, "problem": rule.problem} for rule in problems]}
            self.stdout.write(orjson.dumps(facts).decode())
        else:
            for rule in problems:
                self.stdout.write(f"{rule.id}  {rule.problem}")
        if problems:
            raise CommandError(f"not fit for production: {len(problems)} problems")
        if not options["json"]:
            self.stdout.write("fit for production")

    def _docs(self, options: dict[str, Any]) -> None:
        wanted = page()
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if options["check"] and current != wanted:
            raise CommandError("docs/configuration.md is stale: run `python manage.py config docs`")
        if not options["check"]:
            PAGE.parent.mkdir(exist_ok=True)
            PAGE.write_text(wanted, encoding="utf-8")
        self.stdout.write(f"{PAGE.name} is current")
