"""`manage.py api_key create`: a key for a program, printed once."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.security.services import create_api_key
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import ExecutionContext, current, system_actor, use
from rustok.errors import DomainError


class Command(BaseCommand):
    """Makes API keys for a tenant or for the platform."""

    help = "Create an API key. The key is printed once and stored nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare `create` and its options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create")
        create = verbs.add_parser("create", help=self.help)
        where = create.add_mutually_exclusive_group(required=True)
        where.add_argument("--tenant", metavar="SLUG", help="the shop that the key is for")
        where.add_argument("--platform", action="store_true", help="a key for the platform host")
        create.add_argument("--name", required=True, help="what the key is for")
        create.add_argument(
            "--permission",
            required=True,
            nargs="+",
            action="extend",
            metavar="RESOURCE:ACTION",
            help="what the key may do, as in order:create or order:*",
        )
        create.add_argument("--days", type=int, help="let the key expire after so many days")
        create.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create the key and print it; one clear line and exit code 1 on failure."""
        days = options["days"]
        expires_at = timezone.now() + timedelta(days=days) if days is not None else None
        try:
            with use(_operator()), _scope(options["tenant"]):
                key, plain = create_api_key(
                    name=options["name"],
                    permissions=options["permission"],
                    expires_at=expires_at,
                    context=current(),
                )
        except DomainError as error:
            places = "; ".join(f"{place.pointer}: {place.message}" for place in error.errors)
            raise CommandError(f"{error.detail} {places}".strip()) from error
        facts = {"id": key.pk, "name": key.name, "permissions": key.permissions, "expires_at": expires_at, "key": plain}
        self.stdout.write(orjson.dumps(facts).decode() if options["json"] else plain)


def _operator() -> ExecutionContext:
    return replace(current(), actor=system_actor("manage.py"), permissions=frozenset({"*:*"}))


def _scope(tenant: str | None) -> AbstractContextManager[ExecutionContext]:
    return tenant_scope(tenant) if tenant else platform_scope("create an API key by command")
