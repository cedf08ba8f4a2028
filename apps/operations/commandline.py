"""For commands of any app: on whose behalf they work, on which logs (of events, of audit), and how they show facts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import orjson
from django.core.management.base import CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from apps.operations.wakeups import PLATFORM
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import all_tenants, resolve_slug
from rustok.context import ExecutionContext, TenantRef, Trace, current, system_actor, use
from rustok.errors import DomainError

PLATFORM_NAME: Final = "(platform)"


@dataclass(frozen=True, slots=True)
class Log:
    """One log: a tenant's, or the platform's own (`tenant` None)."""

    tenant: TenantRef | None

    @property
    def name(self) -> str:
        """The tenant's slug."""
        return self.tenant.slug if self.tenant else PLATFORM_NAME

    @property
    def id(self) -> UUID:
        """The id in the shared tables."""
        return self.tenant.id if self.tenant else PLATFORM

    def scope(self) -> AbstractContextManager[ExecutionContext]:
        """Where its rows are; suspended tenants can be looked at."""
        if self.tenant is None:
            return platform_scope("look after a log by command")
        return tenant_scope(self.tenant, even_suspended=True)


def add_log_options(parser: CommandParser, *, required: bool) -> None:
    """`--tenant SLUG` or `--platform`; without them every log, unless one is required."""
    where = parser.add_mutually_exclusive_group(required=required)
    where.add_argument("--tenant", metavar="SLUG", help="the log of this tenant")
    where.add_argument("--platform", action="store_true", help="the platform's own log")


def chosen_logs(options: dict[str, Any]) -> list[Log]:
    """The log that the options name, or all of them."""
    if options.get("platform"):
        return [Log(None)]
    if options.get("tenant"):
        return [Log(resolve_slug(options["tenant"]))]
    with platform_scope("list the logs for a command"):
        return [Log(None), *(Log(tenant.ref()) for tenant in all_tenants())]


@contextmanager
def at_the_command_line() -> Iterator[None]:
    """Act as the operator at the shell; refusals and a database that is away become one clear line and exit code 1."""
    operator = replace(current(), actor=system_actor("manage.py"), permissions=frozenset({"*:*"}))
    with _clear_lines(), use(operator):
        yield


def shown(facts: list[dict[str, Any]], *, as_json: bool) -> str:
    """A table for people, or JSON."""
    if as_json:
        return orjson.dumps(facts, default=str).decode()
    if not facts:
        return "nothing"
    rows = [list(facts[0]), *([str(value) for value in fact.values()] for fact in facts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


@contextmanager
def operator(why: str) -> Iterator[ExecutionContext]:
    """Work in the platform scope as `system:manage.py`; refusals become a CommandError."""
    person = replace(current(), actor=system_actor("manage.py"), permissions=frozenset({"*:*"}), trace=Trace.new())
    with _clear_lines(), use(person), platform_scope(why) as context:
        yield context


@contextmanager
def _clear_lines() -> Iterator[None]:
    """One line for what was refused, and for a database that is away."""
    try:
        yield
    except DomainError as error:
        places = "; ".join(f"{place.pointer}: {place.message}" for place in error.errors)
        raise CommandError(places or error.detail) from error
    except (OperationalError, InterfaceError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise CommandError(f"The database does not answer: {first}") from error
