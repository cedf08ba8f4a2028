"""The person at the command line: an execution context, and one clear line when something is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError

from apps.tenants.isolation import platform_scope
from rustok.context import ExecutionContext, Trace, current, system_actor, use
from rustok.errors import DomainError


@contextmanager
def at_the_command_line(why: str) -> Iterator[ExecutionContext]:
    """Work in the platform scope as `system:manage.py`, who may do everything; refusals become a CommandError."""
    operator = replace(current(), actor=system_actor("manage.py"), permissions=frozenset({"*:*"}), trace=Trace.new())
    try:
        with use(operator), platform_scope(why) as context:
            yield context
    except DomainError as error:
        places = "; ".join(f"{place.pointer}: {place.message}" for place in error.errors)
        raise CommandError(places or error.detail) from error
    except (OperationalError, InterfaceError) as error:
        raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}") from error
