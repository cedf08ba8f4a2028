"""`manage.py config show|check|docs|tenant`: what is set, where it comes from, what production must change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.lifecycle.services import configure_tenant, knobs_of
from apps.operations.commandline import operator
from apps.operations.commandline import shown as table
from apps.tenants.queries import get_tenant
from rustok.config import ENV_PREFIX, config, provenance
from rustok.config_reference import PAGE, page, shown
from rustok.deployment import deployment_problems


def _add_tenant_verbs(parser: CommandParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="show|set|unset")
    for verb, text in (("show", "every knob that may differ"), ("set", "change some"), ("unset", "give some back")):
        one = verbs.add_parser(verb, help=text)
        one.add_argument("slug")
        if verb != "show":
            one.add_argument("knobs", nargs="+", metavar="NAME=VALUE" if verb == "set" else "NAME")
        one.add_argument("--json", action="store_true", help="as one JSON array")


def _asked(options: dict[str, Any]) -> tuple[dict[str, object], list[str]]:
    given: list[str] = options["knobs"]
    if options["verb"] == "unset":
        return {}, given
    pairs = [text.partition("=") for text in given]
    bare = [name for name, sign, _value in pairs if not sign]
    if bare:
        raise CommandError(f"say NAME=VALUE, not {bare[0]}")
    return {name: value for name, _sign, value in pairs}, []


class Command(BaseCommand):
    """Reads the configuration that this process started with."""

    help = "Show the configuration with the origin of each value, check it for production, or write its reference."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Four subcommands."""
        parts = parser.add_subparsers(dest="part", required=True)
        show = parts.add_parser("show", help="every value and the layer that set it; secrets hidden")
        show.add_argument("--json", action="store_true", help="as one JSON object")
        check = parts.add_parser("check", help="is this fit for production? exit code 1 when not")
        check.add_argument("--json", action="store_true", help="as one JSON object")
        docs = parts.add_parser("docs", help="write docs/configuration.md")
        docs.add_argument("--check", action="store_true", help="only say whether the page is current")

        _add_tenant_verbs(parts.add_parser("tenant", help="knobs of one shop that differ from the installation's"))

    def handle(self, *_args: Any, part: str, **options: Any) -> None:
        """Run one part."""
        {"show": self._show, "check": self._check, "docs": self._docs, "tenant": self._tenant}[part](options)

    def _tenant(self, options: dict[str, Any]) -> None:
        with operator(f"config tenant {options['verb']}") as context:
            tenant = get_tenant(options["slug"])
            if options["verb"] != "show":
                change, unset = _asked(options)
                tenant = configure_tenant(tenant_id=tenant.pk, change=change, unset=unset, context=context)
            facts = [asdict(knob) for knob in knobs_of(tenant)]
        self.stdout.write(table(facts, as_json=options["json"]))

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
