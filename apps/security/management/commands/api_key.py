"""`manage.py api_key create|list|rotate|revoke`: keys of programs. A key is printed once, when it is made."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.operations.commandline import shown
from apps.security.models import ApiKey
from apps.security.queries import api_key_by_prefix, api_keys
from apps.security.services import create_api_key, revoke_api_key, rotate_api_key
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.context import ExecutionContext, current, system_actor, use
from rustok.errors import DomainError

_PREFIX: Final = re.compile(r"(?:rk_)?([0-9a-f]{12})(?:_.*|…)?")


class Command(BaseCommand):
    """Makes and ends API keys of a tenant or of the platform."""

    help = "Create, list, rotate or revoke API keys. A new key is printed once and stored nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|rotate|revoke")
        create = verbs.add_parser("create", help="make a key and print it")
        listing = verbs.add_parser("list", help="the keys that were not revoked")
        rotate = verbs.add_parser("rotate", help="make a successor; the old key goes on for a while")
        revoke = verbs.add_parser("revoke", help="refuse a key from now on")
        for verb in (create, listing, rotate, revoke):
            where = verb.add_mutually_exclusive_group(required=True)
            where.add_argument("--tenant", metavar="SLUG", help="the shop that the key is for")
            where.add_argument("--platform", action="store_true", help="a key for the platform host")
            verb.add_argument("--json", action="store_true", help="print facts as JSON")
        for verb in (rotate, revoke):
            verb.add_argument("key", metavar="PREFIX", help="the public part of the key, as in rk_0123456789ab")
        rotate.add_argument("--overlap-hours", type=int, default=24, help="how long the old key goes on (24)")
        _add_wishes(create)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        try:
            with use(_operator()), _scope(options["tenant"]):
                getattr(self, f"_{options['verb']}")(options)
        except DomainError as error:
            places = "; ".join(f"{place.pointer}: {place.message}" for place in error.errors)
            raise CommandError(f"{error.detail} {places}".strip()) from error

    def _create(self, options: dict[str, Any]) -> None:
        days = options["days"]
        key, plain = create_api_key(
            name=options["name"],
            permissions=options["permission"],
            expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
            allowed_networks=options["network"],
            context=current(),
        )
        self._tell(key, plain, as_json=options["json"])

    def _list(self, options: dict[str, Any]) -> None:
        facts = [
            {
                "prefix": f"rk_{key.prefix}",
                "name": key.name,
                "permissions": " ".join(key.permissions),
                "networks": " ".join(key.allowed_networks),
                "expires_at": key.expires_at,
                "last_used_at": key.last_used_at,
            }
            for key in api_keys()
        ]
        self.stdout.write(shown(facts, as_json=options["json"]))

    def _rotate(self, options: dict[str, Any]) -> None:
        overlap = timedelta(hours=options["overlap_hours"])
        old = _named(options["key"])
        key, plain = rotate_api_key(key_id=old.pk, overlap=overlap, context=current())
        self._tell(key, plain, as_json=options["json"])

    def _revoke(self, options: dict[str, Any]) -> None:
        key = revoke_api_key(key_id=_named(options["key"]).pk, context=current())
        facts = {"id": key.pk, "name": key.name, "revoked_at": key.revoked_at}
        self.stdout.write(orjson.dumps(facts).decode() if options["json"] else f"revoked: {key}")

    def _tell(self, key: ApiKey, plain: str, *, as_json: bool) -> None:
        facts = {"id": key.pk, "name": key.name, "permissions": key.permissions, "expires_at": key.expires_at}
        self.stdout.write(orjson.dumps(facts | {"key": plain}).decode() if as_json else plain)


def _add_wishes(create: CommandParser) -> None:
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
    create.add_argument(
        "--network",
        nargs="+",
        action="extend",
        default=[],
        metavar="CIDR",
        help="from where the key may be used, as in 192.0.2.0/24; left out: from anywhere",
    )


def _named(text: str) -> ApiKey:
    """The key with this public part; a whole key is taken too, and nothing of its secret is looked at."""
    match = _PREFIX.fullmatch(text)
    return api_key_by_prefix(prefix=match[1] if match else "")


def _operator() -> ExecutionContext:
    return replace(current(), actor=system_actor("manage.py"), permissions=frozenset({"*:*"}))


def _scope(tenant: str | None) -> AbstractContextManager[ExecutionContext]:
    return tenant_scope(tenant) if tenant else platform_scope("look after API keys by command")
