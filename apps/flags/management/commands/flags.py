"""`manage.py flags list|set|explain`: look at flags and turn them, of one shop or of all."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from typing import Any, Final

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from apps.flags import queries, services
from apps.flags.errors import FlagNotFound
from apps.flags.evaluation import explain, is_known
from apps.flags.targeting import People, Targeting
from apps.tenants.isolation import current_tenant, platform_scope, tenant_scope
from rustok.context import Actor, ExecutionContext, Trace, current, system_actor, use
from rustok.errors import DomainError

_VERBS: Final = "list|set|explain"
_LISTS: Final = ("user", "group", "audience", "in-tenant")


class Command(BaseCommand):
    """Shows, sets and explains feature flags."""

    help = "Show, set and explain feature flags."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar=_VERBS)
        listing = verbs.add_parser("list", help="every flag, with owner and date, or as a shop has it")
        setting = verbs.add_parser("set", help="turn a flag: for everybody, or in one shop")
        explaining = verbs.add_parser("explain", help="why a flag has its value for somebody")
        _setting(setting)
        explaining.add_argument("key")
        explaining.add_argument("--user", default="", metavar="ID", help="for this user or key")
        explaining.add_argument("--group", action="append", default=[], help="who has this role; repeatable")
        for one in (listing, setting, explaining):
            one.add_argument("--tenant", metavar="SLUG", help="in this shop (default: the platform)")
            one.add_argument("--json", action="store_true", help="print facts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        operator = ExecutionContext(actor=system_actor("manage.py"), permissions=frozenset({"*:*"}), trace=Trace.new())
        try:
            with use(operator), _scope(options["tenant"]) as context:
                facts = getattr(self, f"_{options['verb']}")(context, options)
        except DomainError as error:
            places = "; ".join(f"{place.pointer}: {place.message}" for place in error.errors)
            raise CommandError(places or error.detail) from error
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"The database refuses: {str(error).splitlines()[0]}") from error
        self.stdout.write(orjson.dumps(facts).decode() if options["json"] else _shown(facts))

    def _list(self, _context: ExecutionContext, options: dict[str, Any]) -> list[dict[str, Any]]:
        if options["tenant"]:
            return [_shop_facts(view) for view in queries.shop_flags(current_tenant().id)]
        return [_facts(view) for view in queries.flags()]

    def _set(self, context: ExecutionContext, options: dict[str, Any]) -> dict[str, Any]:
        key, reason = options["key"], options["reason"]
        targeting = _targeting(options)
        if options["tenant"]:
            if targeting is None and not options["clear"]:
                raise CommandError("Say what to set in the shop: --on, --off, --percent, lists, or --clear.")
            services.target_in_shop(key=key, targeting=targeting, context=context, reason=reason)
            return _shop_facts(queries.get_shop_flag(key, current_tenant().id))
        change = services.ChangeFlag(
            owner=options["owner"],
            expires=options["expires"],
            note=options["note"],
            unit=options["unit"],
            killed=options["killed"],
            targeting=Targeting() if options["clear"] else targeting,
        )
        services.change_flag(key=key, input=change, context=context, reason=reason)
        return _facts(queries.get_flag(key))

    def _explain(self, context: ExecutionContext, options: dict[str, Any]) -> dict[str, Any]:
        asker = replace(context, groups=frozenset(options["group"]))
        if options["user"]:
            asker = replace(asker, actor=Actor("user", options["user"], options["user"]))
        if not is_known(options["key"], context=asker):
            raise FlagNotFound(key=options["key"])
        return explain(options["key"], context=asker).as_dict()


def _setting(parser: ArgumentParser) -> None:
    parser.add_argument("key")
    value = parser.add_mutually_exclusive_group()
    value.add_argument("--on", dest="enabled", action="store_true", default=None, help="for everybody")
    value.add_argument("--off", dest="enabled", action="store_false", help="for everybody")
    value.add_argument("--percent", type=float, help="for a share, 0 to 100")
    value.add_argument("--clear", action="store_true", help="take the targeting back")
    for name in _LISTS:
        parser.add_argument(f"--{name}", action="append", default=[], help="has the flag; repeatable")
        parser.add_argument(f"--not-{name}", action="append", default=[], help="has it not; repeatable")
    kill = parser.add_mutually_exclusive_group()
    kill.add_argument("--kill", dest="killed", action="store_true", default=None, help="off, whatever else is set")
    kill.add_argument("--revive", dest="killed", action="store_false", help="end of --kill")
    parser.add_argument("--owner", help="who looks after it (needed for a new flag)")
    parser.add_argument("--expires", type=date.fromisoformat, help="when it should be gone, YYYY-MM-DD (as above)")
    parser.add_argument("--note", help="what it does")
    parser.add_argument("--unit", choices=("tenant", "actor"), help="what a percentage is a share of")
    parser.add_argument("--reason", default="", help="stored in the audit log")


def _targeting(options: dict[str, Any]) -> Targeting | None:
    """What the options say about people; None when they say nothing."""
    on, off = (
        People(
            users=tuple(options[f"{prefix}user"]),
            groups=tuple(options[f"{prefix}group"]),
            audiences=tuple(options[f"{prefix}audience"]),
            tenants=tuple(options[f"{prefix}in_tenant"]),
        )
        for prefix in ("", "not_")
    )
    given = Targeting(enabled=options["enabled"], percent=options["percent"], on=on, off=off)
    return None if given == Targeting() else given


def _scope(tenant: str | None) -> AbstractContextManager[ExecutionContext]:
    return tenant_scope(tenant) if tenant else platform_scope("flags by command")


def _facts(view: queries.FlagView) -> dict[str, Any]:
    return {
        "key": view.key,
        "state": "killed" if view.killed else view.targeting.word,
        "owner": view.owner,
        "expires": view.expires,
        "overdue": view.is_overdue(timezone.now().date()),
        "version": view.version,
        "targeting": view.targeting.as_dict(),
    }


def _shop_facts(view: queries.ShopView) -> dict[str, Any]:
    return {
        "key": view.key,
        "state": "killed" if view.killed else view.targeting.word,
        "value": explain(view.key, context=replace(current(), memo={})).value,
        "delegated": view.delegated,
        "version": view.version,
        "targeting": view.targeting.as_dict(),
    }


def _shown(facts: Any) -> str:
    if isinstance(facts, dict):
        return "\n".join(f"{name}: {value}" for name, value in facts.items())
    return "\n".join("  ".join(str(value) for name, value in row.items() if name != "targeting") for row in facts)
