"""Writing JSON: UUIDs, dates and enums natively, times in UTC with `Z`."""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.utils.functional import Promise
from pydantic import BaseModel
from rest_framework.renderers import BaseRenderer

_OPTIONS: Final = orjson.OPT_UTC_Z


def _default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be an answer")


def dump_json(value: Any) -> bytes:
    """The JSON bytes of an answer; lazy texts are rendered in the active language."""
    return orjson.dumps(value, _default, _OPTIONS)


class OrjsonRenderer(BaseRenderer):
    """`dump_json` for views of the REST framework that are no `Endpoint`."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, *_context: Any, **_more: Any) -> bytes:
        """Bytes; nothing for an answer without content."""
        return b"" if data is None else dump_json(data)
