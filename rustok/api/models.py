"""Base classes and field types of what goes over the wire. Strict: `"5"` is no number and `true` is no integer.

The types carry their limits into the OpenAPI document, so that what the document allows is what the parser accepts.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)

from rustok.text import MULTILINE, NON_BLANK, ONE_LINE
from rustok.wire.parsing import BIGINT_MAX


class Body(BaseModel):
    """A request body: unknown members are refused, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """Query parameters: unknown names are refused; values are read in their canonical spelling only."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Out(BaseModel):
    """An answer, for the document; operations return plain dicts of this shape."""

    model_config = ConfigDict(extra="forbid")


BigInt = Annotated[int, Field(ge=-BIGINT_MAX - 1, le=BIGINT_MAX)]
Count = Annotated[int, Field(ge=0, le=BIGINT_MAX)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NON_BLANK)]
OptionalLine = Annotated[str, StringConstraints(max_length=200, pattern=ONE_LINE)]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=MULTILINE)]
Currency = Annotated[str, StringConstraints(min_length=3, max_length=3, pattern=r"^[A-Z]{3}$")]
"""The ISO 4217 form; whether the currency exists is for the domain to say."""


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC, or the nearest one that there is: PostgreSQL refuses offsets beyond 16 hours."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)  # noqa: DTZ901 - the limits


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time with an offset (RFC 3339); the model holds it in UTC."""
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=ONE_LINE),
    Field(json_schema_extra={"anyOf": [{"format": "email"}, {"maxLength": 0}]}),
]
"""An e-mail address or nothing; validated by the domain."""
Phone = Annotated[str, StringConstraints(max_length=16, pattern=r"^(\+[1-9][0-9]{6,14})?$")]
"""The E.164 form or nothing; whether the number can exist is for the domain to say."""
_NAME: Final = {"minLength": 1, "maxLength": 64, "pattern": NON_BLANK}
_VALUE: Final[list[JsonValue]] = [
    {"type": "string", "maxLength": 400, "pattern": MULTILINE},
    {"type": "boolean"},
    {"type": "number", "minimum": -(10**15), "maximum": 10**15},
    {"type": "null"},
]
AttributeName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NON_BLANK)]
AttributeValue = (
    Annotated[str, StringConstraints(max_length=400, pattern=MULTILINE)]
    | bool
    | Annotated[int, Field(ge=-(10**15), le=10**15)]
    | Annotated[float, Field(ge=-(10**15), le=10**15)]
    | None
)
Attributes = Annotated[
    dict[AttributeName, AttributeValue],
    Field(max_length=30),
    # said by hand: pydantic would write `patternProperties`, which lets every other name through
    WithJsonSchema(
        {"type": "object", "maxProperties": 30, "propertyNames": _NAME, "additionalProperties": {"anyOf": _VALUE}}
    ),
]
"""Free facts about a thing: names with texts, numbers or truth values. Bounded, so that a row stays a row."""
