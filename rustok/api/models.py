"""Base classes and field types of what goes over the wire. Strict: `"5"` is no number and `true` is no integer.

The types carry their limits into the OpenAPI document, so that what the document allows is what the parser accepts.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

BIGINT_MAX: Final = 2**63 - 1
_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
_TEXT: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


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
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE)]
OptionalLine = Annotated[str, StringConstraints(max_length=200, pattern=_LINE)]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=_TEXT)]
Currency = Annotated[str, StringConstraints(min_length=3, max_length=3, pattern=r"^[A-Z]{3}$")]
"""The ISO 4217 form; whether the currency exists is for the domain to say."""
