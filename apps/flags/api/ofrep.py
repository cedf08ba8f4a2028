"""OpenFeature remote evaluation (OFREP 0.2, https://github.com/open-feature/protocol): flags for other processes.

The tenant is the host's and cannot be chosen. `targetingKey` names the unit, `groups` its roles; other members of the
context are accepted and not used. Nested objects are refused: no flag looks at them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from django.utils.translation import gettext_lazy as _
from pydantic import Field, JsonValue, StringConstraints, WithJsonSchema

from apps.flags.evaluation import all_outcomes, is_known, outcome
from apps.flags.rules import Outcome
from rustok.api import Body, Call, Endpoint, Out, operation
from rustok.api.calls import Answer
from rustok.api.models import AttributeName, AttributeValue
from rustok.context import ExecutionContext
from rustok.operations import Criticality
from rustok.text import MULTILINE, NON_BLANK
from rustok.wire.rendering import dump_json

_NAME: Final = {"minLength": 1, "maxLength": 64, "pattern": NON_BLANK}
_TEXT: Final[dict[str, JsonValue]] = {"type": "string", "maxLength": 400, "pattern": MULTILINE}
_VALUE: Final[list[JsonValue]] = [
    _TEXT,
    {"type": "boolean"},
    {"type": "number", "minimum": -(10**15), "maximum": 10**15},
    {"type": "null"},
    {"type": "array", "maxItems": 100, "items": _TEXT},
]
Item = Annotated[str, StringConstraints(max_length=400, pattern=MULTILINE)]
ContextOf = Annotated[
    dict[AttributeName, AttributeValue | Annotated[list[Item], Field(max_length=100)]],
    Field(max_length=100),
    # said by hand: pydantic would write `patternProperties`, which lets every other name through
    WithJsonSchema(
        {"type": "object", "maxProperties": 100, "propertyNames": _NAME, "additionalProperties": {"anyOf": _VALUE}}
    ),
]


class EvaluateBody(Body):
    """OFREP's evaluation context: `targetingKey` and free members: texts, numbers, truth values, lists of texts."""

    context: ContextOf = {}


class FlagValueOut(Out):
    """One evaluated flag."""

    key: str
    value: bool
    reason: Literal["DISABLED", "TARGETING_MATCH", "SPLIT", "STATIC", "DEFAULT"]
    variant: Literal["on", "off"]
    metadata: dict[str, str]


class FlagValuesOut(Out):
    """Every flag of one snapshot."""

    flags: list[FlagValueOut]


class FlagNotFoundOut(Out):
    """OFREP's own answer for a flag that is not there."""

    key: str
    errorCode: Literal["FLAG_NOT_FOUND"]  # noqa: N815 - the protocol's name
    errorDetails: str  # noqa: N815 - as above


class EvaluateFlags(Endpoint):
    """All flags at once."""

    @operation(
        "ofrep.evaluate_all",
        permission="flag:evaluate",
        criticality=Criticality.HIGH,
        writes=False,
        body=EvaluateBody,
        answer=FlagValuesOut,
        also={304: None},
        summary=_("Evaluate all flags"),
        example={"context": {"targetingKey": "user-7"}},
    )
    def post(self, call: Call[EvaluateBody, None]) -> Answer:
        """Values of one snapshot. With the ETag as `If-None-Match`: 304 while nothing has changed for this context."""
        context, unit = _asked(call)
        found = all_outcomes(unit=unit, context=context)
        data = {"flags": [_value(key, decision) for key, decision in found.items()]}
        tag = _tag(data)
        if call.request.headers.get("If-None-Match") == tag:
            return Answer(status=304, headers={"ETag": tag})
        return Answer(data, headers={"ETag": tag})


class EvaluateFlag(Endpoint):
    """One flag."""

    @operation(
        "ofrep.evaluate",
        permission="flag:evaluate",
        criticality=Criticality.HIGH,
        writes=False,
        body=EvaluateBody,
        answer=FlagValueOut,
        also={404: FlagNotFoundOut},
        summary=_("Evaluate a flag"),
        example={"context": {"targetingKey": "user-7"}},
    )
    def post(self, call: Call[EvaluateBody, None], key: str) -> Answer:
        """The value with its reason."""
        context, unit = _asked(call)
        if not is_known(key, context=context):
            return Answer({"key": key, "errorCode": "FLAG_NOT_FOUND", "errorDetails": "unknown flag"}, status=404)
        return Answer(_value(key, outcome(key, unit=unit, context=context)))


def _asked(call: Call[EvaluateBody, None]) -> tuple[ExecutionContext, str]:
    """Whom the question is about: the caller, unless the context names somebody."""
    given = call.body.context
    unit, groups = given.get("targetingKey"), given.get("groups")
    names = frozenset(groups) if isinstance(groups, list) else None
    context = call.context if names is None else replace(call.context, groups=names)
    return context, unit if isinstance(unit, str) else ""


def _value(key: str, found: Outcome) -> dict[str, Any]:
    return {
        "key": key,
        "value": found.value,
        "reason": found.reason,
        "variant": "on" if found.value else "off",
        "metadata": {"rule": found.rule},
    }


def _tag(data: dict[str, Any]) -> str:
    return f'"{hashlib.sha256(dump_json(data)).hexdigest()[:32]}"'
