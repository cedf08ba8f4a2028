"""Reports belong to the shop."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

_REPORT: Final = Resource("report")
_ROWS: Final = ("SalesDay", "ProductDay", "StockDay", "CustomerValue")
REPORTS: Final = tuple(Policy(resource=_REPORT, model=f"insights.{name}") for name in _ROWS)

register(*REPORTS, Policy(resource=Resource("analytics")))
