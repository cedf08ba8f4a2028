"""The person at the command line: may do everything, is audited, and reads one clear line when something is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from apps.operations.services import Decision
from apps.tenants.isolation import platform_scope
from rustok.context import ExecutionContext, Trace, current, system_actor, use
from rustok.errors import DomainError


@contextmanager
def operator(why: str) -> Iterator[ExecutionContext]:
    """Work in the platform scope as `system:manage.py`; refusals become a CommandError."""
    person = replace(current(), actor=system_actor("manage.py"), permissions=frozenset({"*:*"}), trace=Trace.new())
    try:
        with use(person), platform_scope(why) as context:
            yield context
    except DomainError as error:
        places = "; ".join(f"{place.pointer}: {place.message}" for place in error.errors)
        raise CommandError(places or error.detail) from error
    except (OperationalError, InterfaceError) as error:
        raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}") from error


def ask_for_decision(parser: CommandParser) -> None:
    """The options of every decision."""
    parser.add_argument("--for", dest="minutes", type=float, required=True, metavar="MINUTES", help="for how long")
    parser.add_argument("--reason", required=True, help="stored in the audit log")


def decision_of(options: dict[str, Any]) -> Decision:
    """What the options say."""
    return Decision(seconds=options["minutes"] * 60, reason=options["reason"])
