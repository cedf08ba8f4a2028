"""The order of the stages. Behind the body cap, the limit per address and the host's tenant; before the handler."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from django.http import HttpRequest

from apps.security.zero_trust.admission import Admission
from apps.security.zero_trust.audit import attribute, note_refusal
from apps.security.zero_trust.binding import bind_tenant
from apps.security.zero_trust.identification import identify
from apps.security.zero_trust.limits import limit_rate
from apps.security.zero_trust.metrics import REFUSALS, STAGE_SECONDS
from apps.security.zero_trust.rules import rules
from apps.security.zero_trust.signature import verify_signature
from rustok.api.declaration import Declaration
from rustok.context import ExecutionContext, current
from rustok.errors import AuthError, DomainError
from rustok.operations import Operation

Stage = Callable[[HttpRequest, Admission], None]

STAGES: Final[tuple[tuple[str, Stage], ...]] = (
    ("signature", verify_signature),
    ("identity", identify),
    ("limit", limit_rate),
    ("binding", bind_tenant),
    ("audit", attribute),
)


class Pipeline:
    """The gate of the REST door. Public operations pass: they ask for no credential."""

    def __init__(self, stages: Sequence[tuple[str, Stage]] = STAGES) -> None:
        """Look the metrics up once; that costs more than counting. Other stages are for measuring."""
        self._stages = stages
        self._seconds = {name: STAGE_SECONDS.labels(name) for name, _stage in stages}

    def admit(self, request: HttpRequest, declared: Declaration, body: Callable[[], bytes]) -> ExecutionContext:
        """Run the stages; the first that raises has the last word."""
        here = current()
        if declared.is_public:
            return here
        admission = Admission(declared, here, rules(), body)
        request.rustok_admission = admission  # type: ignore[attr-defined]  # Django's requests carry what doors add
        for name, stage in self._stages:
            self._run(name, stage, request, admission)
        return current()

    def refused(self, request: HttpRequest, declared: Declaration | Operation, error: DomainError) -> None:
        """Have the refusal in the audit log when it is about who asks, or how much."""
        if isinstance(error, AuthError):
            note_refusal(error, operation=declared.name, admission=_admission(request))

    def headers(self, request: HttpRequest) -> dict[str, str]:
        """The rate limit's fields."""
        admission = _admission(request)
        return admission.headers if admission is not None else {}

    def _run(self, name: str, stage: Stage, request: HttpRequest, admission: Admission) -> None:
        started = time.perf_counter()
        try:
            stage(request, admission)
        except DomainError as error:
            REFUSALS.labels(name, str(error.code)).inc()
            raise
        finally:
            self._seconds[name].observe(time.perf_counter() - started)


def _admission(request: HttpRequest) -> Admission | None:
    return getattr(request, "rustok_admission", None)
