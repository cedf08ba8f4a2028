"""How fast an exported audit log is verified: entries per second of one process, without the database."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apps.security.chain import verifier
from apps.security.chain.canonical import genesis, line_of, link, text_of
from tests.benchmarks.results import Check, Options, Result

SUMMARY = "audit: entries verified per second from an export"
LEAST: Final = 60_000
_LOG: Final = UUID(int=7)
_START: Final = datetime(2026, 3, 1, tzinfo=UTC)


def run(options: Options) -> Result:
    """Verify a chain of typical entries three times; the median counts."""
    lines = _chain(20_000 if options.quick else 200_000)
    key = Ed25519PrivateKey.generate().public_key()
    rates = []
    for _ in range(3):
        started = time.perf_counter()
        report = verifier.verify(lines, [], key, log=str(_LOG))
        rates.append(len(lines) / (time.perf_counter() - started))
        assert not report.defects, report.defects
    rate = sorted(rates)[1]
    return Result(
        title="Audit verification",
        rows=[{"entries": len(lines), "verified per second": round(rate), "us per entry": round(1e6 / rate, 2)}],
        checks=[Check("microseconds per entry", 1e6 / rate, 1e6 / LEAST)],
    )


def _chain(count: int) -> list[bytes]:
    digest, lines = genesis(_LOG), []
    for number in range(1, count + 1):
        values = {
            "id": UUID(int=number),
            "occurred_at": _START + timedelta(seconds=number),
            "actor": f"api_key:{UUID(int=number % 50)}",
            "actor_label": "Warehouse",
            "action": "order:create",
            "target": str(UUID(int=number)),
            "outcome": "ok",
            "reason": "",
            "details": {"number": f"6AKSM8-{number}", "total": number, "currency": "USD"},
            "request_id": str(UUID(int=number)),
            "trace_id": f"{number:032x}",
            "address": "203.0.113.7",
        }
        text = text_of(values, log=_LOG, number=number)
        digest = link(digest, text)
        lines.append(line_of(text, digest))
    return lines
