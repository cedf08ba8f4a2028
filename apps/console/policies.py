"""Following a trace from page to page. It has no rows of its own."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

TRACE: Final = Policy(resource=Resource("trace"))

register(TRACE)
