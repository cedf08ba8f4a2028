"""`manage.py tenant create|list|show|suspend|resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from django.core.management.base import BaseCommand, CommandParser

from apps.lifecycle.services import ProvisionTenant, provision_tenant, resume_tenant, suspend_tenant
from apps.operations.commandline import operator
from apps.tenants.queries import all_tenants, domains_of, get_tenant, primary_host
from apps.tenants.validation import slug_shape
from rustok.config import config
from rustok.context import ExecutionContext

if TYPE_CHECKING:
    from apps.tenants.models import Tenant

_COLUMNS: Final = ("slug", "status", "name", "url")


class Command(BaseCommand):
    """Opens, shows, suspends and resumes tenants."""

    help = "Open, show, suspend and resume tenants."
    requires_system_checks = ()  # nothing of the web surfaces is needed to look after tenants

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|show|suspend|resume")
        create = verbs.add_parser("create", help="open a shop; prints the owner's password once")
        create.add_argument("slug")
        create.add_argument("--name", help="what the shop is called (default: its slug)")
        create.add_argument("--locale", default="en", help="language of the shop (default: en)")
        create.add_argument("--domain", action="append", default=[], metavar="HOST", help="a further host; repeatable")
        create.add_argument("--admin-username", default="owner", help="the owner's user name (default: owner)")
        create.add_argument("--admin-password", help="the owner's password (default: made up and printed)")
        create.add_argument("--admin-email", default="", help="the owner's e-mail address")
        others = [create, verbs.add_parser("list", help="every tenant")]
        for verb, text in (("show", "one tenant"), ("suspend", "close a shop"), ("resume", "open it again")):
            one = verbs.add_parser(verb, help=text)
            one.add_argument("slug")
            if verb != "show":
                one.add_argument("--reason", required=verb == "suspend", default="", help="stored in the audit log")
            others.append(one)
        for one in others:
            one.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        verb = options["verb"]
        with operator(f"tenant {verb}") as context:
            facts = getattr(self, f"_{verb}")(context, options)
        if options["json"]:
            self.stdout.write(orjson.dumps(facts).decode())
        else:
            self.stdout.write("\n".join(_table(facts) if isinstance(facts, list) else _lines(facts)))

    def _create(self, context: ExecutionContext, options: dict[str, Any]) -> dict[str, Any]:
        wanted = ProvisionTenant(
            slug=options["slug"],
            name=options["name"] or options["slug"],
            locale=options["locale"],
            admin_username=options["admin_username"],
            admin_password=options["admin_password"],
            admin_email=options["admin_email"],
            domains=tuple(options["domain"]),
        )
        made = provision_tenant(input=wanted, context=context)
        return _facts(made.tenant) | {"admin": {"username": made.admin_username, "password": made.admin_password}}

    def _list(self, _context: ExecutionContext, _options: dict[str, Any]) -> list[dict[str, Any]]:
        return [_facts(tenant) for tenant in all_tenants()]

    def _show(self, _context: ExecutionContext, options: dict[str, Any]) -> dict[str, Any]:
        tenant = get_tenant(slug_shape(options["slug"]))
        return _facts(tenant) | {"domains": [str(domain) for domain in domains_of(tenant.pk)]}

    def _suspend(self, context: ExecutionContext, options: dict[str, Any]) -> dict[str, Any]:
        tenant = get_tenant(slug_shape(options["slug"]))
        return _facts(suspend_tenant(tenant_id=tenant.pk, reason=options["reason"], context=context))

    def _resume(self, context: ExecutionContext, options: dict[str, Any]) -> dict[str, Any]:
        tenant = get_tenant(slug_shape(options["slug"]))
        return _facts(resume_tenant(tenant_id=tenant.pk, reason=options["reason"], context=context))


def _facts(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.pk,
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status,
        "reason": tenant.status_reason,
        "schema": tenant.schema_name,
        "locale": tenant.locale,
        "url": config().public_url(primary_host(tenant.pk)),
        "created_at": tenant.created_at,
        "version": tenant.version,
    }


def _lines(facts: dict[str, Any]) -> list[str]:
    width = max(map(len, facts))
    return [f"{name:<{width}}  {_text(value)}" for name, value in facts.items() if value not in ("", None)]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name}={text}" for name, text in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    shown = [tuple(str(row[name]) for name in _COLUMNS) for row in rows]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *shown, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (_COLUMNS, *shown)
    ]
