"""From bytes and query strings to strict models; what is wrong becomes `InvalidInput` with JSON Pointers (RFC 6901)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, TypeVar

import orjson
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ValidationError

from rustok.errors import FieldError
from rustok.errors.families import InvalidInput
from rustok.i18n.middleware import QUERY as LANGUAGE
from rustok.wire.parsing import parse_json

M = TypeVar("M", bound=BaseModel)
MAX_REPORTED: Final = 50
_FORMS: Final[Mapping[str, tuple[re.Pattern[str], str | Promise]]] = {
    "integer": (re.compile(r"-?(?:0|[1-9][0-9]{0,18})"), _("This must be an integer.")),
    "boolean": (re.compile(r"true|false"), _("This must be true or false.")),
    "date": (re.compile(r"\d{4}-\d{2}-\d{2}"), _("This must be a date in the form of RFC 3339.")),
    "date-time": (re.compile(r"\d{4}-\d{2}-\d{2}[Tt].+"), _("This must be a time in the form of RFC 3339.")),
}
_FRACTION: Final = re.compile(rb"[0-9](?:\.[0-9]|[eE])")
_EXACT: Final = 2**53  # up to here a float holds every integer
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

_TEXTS: Final[Mapping[str, str | Promise]] = {
    "missing": _("This member is required."),
    "extra_forbidden": _("This member is not known here."),
    "int_type": _("This must be an integer."),
    "string_type": _("This must be a text."),
    "bool_type": _("This must be true or false."),
    "list_type": _("This must be a list."),
    "model_type": _("This must be an object."),
    "dict_type": _("This must be an object."),
    "uuid_type": _("This must be a UUID."),
    "uuid_parsing": _("This must be a UUID."),
    "string_pattern_mismatch": _("This has characters or a form that are not allowed here."),
    "string_too_short": _("This text is too short."),
    "string_too_long": _("This text is too long."),
    "too_short": _("This list is too short."),
    "too_long": _("This list is too long."),
    "greater_than": _("This number is too small."),
    "greater_than_equal": _("This number is too small."),
    "less_than": _("This number is too large."),
    "less_than_equal": _("This number is too large."),
    "enum": _("This is not one of the allowed values."),
    "literal_error": _("This is not one of the allowed values."),
}


def pointer(*parts: object) -> str:
    """The JSON Pointer of a place."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def invalid(place: str, code: str, message: str | Promise) -> InvalidInput:
    """One wrong place."""
    return InvalidInput(errors=(FieldError(place, code, message),))


def translate(error: ValidationError, *, prefix: tuple[str, ...] = ()) -> InvalidInput:
    """What pydantic found, as one typed error. Input values are not repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return InvalidInput(
        errors=tuple(
            FieldError(pointer(*prefix, *item["loc"]), item["type"], _TEXTS.get(item["type"], item["msg"]))
            for item in found[:MAX_REPORTED]
        )
    )


def parse_body(model: type[M], raw: bytes) -> M:
    """The body as a model. An empty body stands for `{}`, so that moves without input need none."""
    raw = raw or b"{}"
    document = parse_json(raw)  # the grammar and the limits; pydantic's own parser is laxer about both
    if _FRACTION.search(raw):
        raw = orjson.dumps(_whole(document))
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise translate(error) from None


def _whole(value: Any) -> Any:
    """The document with `2.0` as `2`: JSON has one kind of number, and JSON Schema takes both for an integer."""
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT else value


def parse_query(model: type[M], query: QueryDict) -> M:
    """The query as a model: unknown and repeated names are refused, and so are sloppy spellings (`+5`, `1_0`)."""
    values: dict[str, str] = {}
    for name, given in query.lists():
        if name == LANGUAGE and name not in model.model_fields:
            continue  # the language of the answer; read by the locale middleware
        if name not in model.model_fields:
            raise invalid(pointer("query", name), "extra_forbidden", _("This parameter is not known here."))
        if len(given) != 1:
            raise invalid(pointer("query", name), "repeated", _("Give this parameter once."))
        values[name] = _canonical(model, name, str(given[0]))
    try:
        return model.model_validate_strings(values, strict=True)
    except ValidationError as error:
        raise translate(error, prefix=("query",)) from None


@cache
def _kinds(model: type[BaseModel]) -> Mapping[str, frozenset[str]]:
    """Per parameter the types and formats that its schema names."""
    properties: dict[str, dict[str, str]] = model.model_json_schema().get("properties", {})
    return {name: frozenset(_named(schema)) for name, schema in properties.items()}


def _named(schema: Mapping[str, Any]) -> Iterator[str]:
    for branch in (schema, *schema.get("anyOf", ())):
        yield branch.get("format") or branch.get("type") or ""


def _canonical(model: type[BaseModel], name: str, value: str) -> str:
    if _CONTROL.search(value):
        raise invalid(pointer("query", name), "control_character", _("Control characters are not allowed."))
    for kind in _kinds(model)[name]:
        form, message = _FORMS.get(kind, (None, ""))
        if form is not None and not form.fullmatch(value):
            raise invalid(pointer("query", name), f"{kind}_form", message)
    return value
