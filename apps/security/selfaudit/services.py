"""Running the self-audit, in the caller's time or beside it, and what it costs in points."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import Any, Final
from uuid import UUID

from django.core.checks import ERROR, CheckMessage, Tags, run_checks
from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.models import SelfAuditRun
from apps.security.selfaudit.evidence import Asker, Evidence, gather
from apps.security.selfaudit.rules import RULES, WEIGHTS, Severity
from apps.tenants.isolation import platform_scope
from rustok.context import Actor, ExecutionContext, current, use
from rustok.errors.families import NotFound
from rustok.policy import require
from rustok.telemetry import log_event

PERMISSION: Final = "self_audit:run"
KEPT: Final = 50
STUCK: Final = timedelta(minutes=2)

# Rules that look at the answers themselves say the same, or what is wrong is no weakness by itself.
_SAID: Final = frozenset({"rustok.E003", "rustok.E005", "security.W008", "security.W012", "security.W016"})
_LIGHT: Final = frozenset({"rustok.E006", "rustok.E007"})

_slot: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="self-audit")
_busy: Final = Lock()


@dataclass(frozen=True, slots=True)
class Result:
    """What a look found. `findings` are broken rules with what was seen, `passed` the codes of the others."""

    score: int
    findings: tuple[dict[str, Any], ...]
    passed: tuple[str, ...]


def judge(evidence: Evidence) -> Result:
    """Hold the rules and Django's deployment checks against the evidence."""
    findings: list[dict[str, Any]] = []
    passed = []
    for rule in RULES:
        seen = rule.look(evidence)
        if seen:
            findings.append({"code": rule.code, "severity": rule.severity.value, "seen": seen[:1000]})
        else:
            passed.append(rule.code)
    findings += _deployment()
    findings.sort(key=lambda finding: -WEIGHTS[Severity(finding["severity"])])
    return Result(score_of(finding["severity"] for finding in findings), tuple(findings), tuple(passed))


def score_of(severities: Iterable[str]) -> int:
    """A hundred less the weights, not below nothing."""
    return max(0, 100 - sum(WEIGHTS[Severity(severity)] for severity in severities))


def run(*, context: ExecutionContext, asker: Asker | None = None) -> SelfAuditRun:
    """Look at the running site now; takes up to 15 s. Needs `self_audit:run`. In the platform scope."""
    require(context, PERMISSION)
    row = _begin(context)
    return _finish(row.pk, judge(gather(asker)))


def start(*, context: ExecutionContext) -> SelfAuditRun:
    """Begin a look in this process's own slot and return its row at once; one that runs already is returned instead.

    Needs `self_audit:run`. In the platform scope.
    """
    require(context, PERMISSION)
    if not _busy.acquire(blocking=False):
        running = SelfAuditRun.objects.filter(finished_at=None, started_at__gt=timezone.now() - STUCK).first()
        if running is None:
            raise NotFound(resource=str(_("self-audit")))
        return running
    try:
        row = _begin(context)
        _slot.submit(_beside, row.pk, context.actor)
    except BaseException:
        _busy.release()
        raise
    return row


def _begin(context: ExecutionContext) -> SelfAuditRun:
    old = list(SelfAuditRun.objects.values_list("pk", flat=True)[KEPT - 1 :])
    SelfAuditRun.objects.filter(pk__in=old).delete()
    return SelfAuditRun.objects.create(started_at=timezone.now(), asked_by=context.actor.label[:200])


def _finish(run_id: UUID, result: Result) -> SelfAuditRun:
    row = SelfAuditRun.objects.get(pk=run_id)
    row.finished_at, row.score = timezone.now(), result.score
    row.findings, row.passed = list(result.findings), list(result.passed)
    row.save(update_fields=["finished_at", "score", "findings", "passed"])
    return row


def _beside(run_id: UUID, actor: Actor) -> None:
    """The slot's work: a context of its own, no request's deadline."""
    try:
        with use(replace(current(), actor=actor)), platform_scope("look at the running site"):
            _finish(run_id, judge(gather()))
    except Exception as error:  # noqa: BLE001 - nobody waits for it; the page shows that it never ended
        log_event("self_audit.failed", level=logging.ERROR, exc_info=error)
    finally:
        _busy.release()
        connections.close_all()


def _deployment() -> list[dict[str, Any]]:
    found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    return [
        {
            "code": message.id or "check",
            "severity": _weight(message).value,
            "seen": "",
            "title": str(message.msg),
            "advice": str(message.hint or ""),
        }
        for message in found
        if not message.is_silenced() and message.id not in _SAID
    ]


def _weight(message: CheckMessage) -> Severity:
    if message.id in _LIGHT:
        return Severity.LOW
    return Severity.HIGH if message.level >= ERROR else Severity.MEDIUM
