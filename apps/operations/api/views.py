"""`/api/v1/degradation/` and `/api/v1/breakers/` on the platform host; open in every mode to those who may steer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.operations import queries, services
from apps.operations.api.schemas import BreakersOut, ForceBody, ModeBody, ModeOut, ResetBody
from apps.operations.errors import NothingToLift
from rustok.api import Call, Endpoint, operation
from rustok.errors.families import NotFound
from rustok.operations import Criticality
from rustok.resilience.circuit_breaker import State
from rustok.resilience.degradation import Mode


class ServiceMode(Endpoint):
    """How much is still done."""

    @operation(
        "degradation.retrieve",
        permission="degradation:read",
        criticality=Criticality.HIGH,
        answer=ModeOut,
        summary=_("Retrieve the service mode"),
    )
    def get(self, call: Call[None, None]) -> dict[str, Any]:  # noqa: ARG002 - every handler is given the call
        """The mode, what measurements ask for, and the decision that holds."""
        return queries.mode_facts()

    @operation(
        "degradation.set",
        permission="degradation:update",
        criticality=Criticality.HIGH,
        body=ModeBody,
        answer=ModeOut,
        summary=_("Set the service mode"),
        example={"mode": "minimal", "seconds": 900, "reason": "storage maintenance"},
    )
    def put(self, call: Call[ModeBody, None]) -> dict[str, Any]:
        """Hold the platform in a mode for a time; every process follows within about a second."""
        decision = services.Decision(seconds=call.body.seconds, reason=call.body.reason)
        services.set_mode(mode=Mode[call.body.mode.upper()], decision=decision, context=call.context)
        return queries.mode_facts()

    @operation(
        "degradation.lift",
        permission="degradation:update",
        criticality=Criticality.HIGH,
        summary=_("Let measurements decide the service mode"),
    )
    def delete(self, call: Call[None, None]) -> None:
        """End the decision that holds; where none does, there is nothing to end."""
        with suppress(NothingToLift):
            services.lift_mode(context=call.context)


class BreakerCollection(Endpoint):
    """Sick dependencies."""

    @operation(
        "breakers.list",
        permission="breaker:read",
        criticality=Criticality.HIGH,
        answer=BreakersOut,
        summary=_("List sick breakers"),
    )
    def get(self, call: Call[None, None]) -> dict[str, Any]:  # noqa: ARG002 - as above
        """Breakers of all processes that are open, half open or held."""
        return _listed()


class BreakerForcing(Endpoint):
    """A person's word."""

    @operation(
        "breakers.force",
        permission="breaker:update",
        criticality=Criticality.HIGH,
        body=ForceBody,
        answer=BreakersOut,
        errors=(NotFound,),
        summary=_("Hold a breaker open or closed"),
        example={"key": "payments", "state": "open", "seconds": 600, "reason": "provider maintenance"},
    )
    def post(self, call: Call[ForceBody, None]) -> dict[str, Any]:
        """Hold it for a time, in all processes."""
        body = call.body
        decision = services.Decision(seconds=body.seconds, reason=body.reason)
        services.force_breaker(key=body.key, state=State(body.state), decision=decision, context=call.context)
        return _listed()


class BreakerReset(Endpoint):
    """Starting anew."""

    @operation(
        "breakers.reset",
        permission="breaker:update",
        criticality=Criticality.HIGH,
        body=ResetBody,
        answer=BreakersOut,
        summary=_("Reset a breaker"),
        example={"key": "payments"},
    )
    def post(self, call: Call[ResetBody, None]) -> dict[str, Any]:
        """Close it and forget what is known of it, a decision included."""
        services.reset_breaker(key=call.body.key, context=call.context)
        return _listed()


def _listed() -> dict[str, Any]:
    sick = [asdict(breaker) for breaker in queries.sick_breakers()]
    return {"dependencies": list(queries.dependencies()), "sick": sick}
