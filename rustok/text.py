"""Texts from outside: one form (Unicode NFC), no control characters, bounded (trap 48).

Services use it, so the rules hold at every door.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import orjson
from django.utils.translation import gettext_lazy as _

from rustok.errors.base import FieldError
from rustok.errors.families import InvalidInput

# C0, DEL, C1, lone surrogates, bidirectional overrides and isolates (they reorder what people read).
_FORBIDDEN: Final = r"\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
ONE_LINE: Final = rf"^[^{_FORBIDDEN}]*$"
"""Pattern of a text on one line, for JSON Schemas; the same rule as `clean`."""
NON_BLANK: Final = rf"^[^{_FORBIDDEN}]*[^\s{_FORBIDDEN}][^{_FORBIDDEN}]*$"
"""Pattern of a text on one line with something to see in it."""
MULTILINE: Final = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$"
"""Pattern of a text that may hold tabs and newlines."""

_BAD_LINE: Final = re.compile(rf"[{_FORBIDDEN}\ud800-\udfff]")
_BAD_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MAX_JSON_BYTES: Final = 65_536
_MAX_JSON_DEPTH: Final = 8


def refuse(field: str, code: str, message: Any) -> InvalidInput:
    """The error for one bad field; `field` is a JSON Pointer without the leading slash."""
    return InvalidInput(errors=[FieldError(f"/{field}", code, message)])


def clean(text: str, *, field: str, longest: int, required: bool = True, multiline: bool = False) -> str:
    """Return the text normalised to NFC and stripped.

    Raises InvalidInput for control characters (a multiline text may hold tab and newline), for more than `longest`
    characters, and for nothing at all when it is required.
    """
    if (_BAD_TEXT if multiline else _BAD_LINE).search(text):
        raise refuse(field, "control_character", _("Control characters are not allowed."))
    tidy = unicodedata.normalize("NFC", text).strip()
    if required and not tidy:
        raise refuse(field, "blank", _("This may not be blank."))
    if len(tidy) > longest:
        raise refuse(field, "too_long", _("At most %(longest)s characters.") % {"longest": longest})
    return tidy


def clean_attributes(value: Mapping[str, Any], *, field: str = "attributes") -> dict[str, Any]:
    """Return a copy fit for a jsonb column: at most 64 KiB, 8 levels deep, texts without control characters."""
    try:
        encoded = orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        raise refuse(field, "not_json", _("This is no JSON object.")) from None
    if len(encoded) > _MAX_JSON_BYTES:
        raise refuse(field, "too_large", _("At most %(limit)s bytes.") % {"limit": _MAX_JSON_BYTES})
    _check_json(value, field, _MAX_JSON_DEPTH)
    return dict(value)


def _check_json(value: Any, field: str, depth: int) -> None:
    if depth == 0:
        raise refuse(field, "too_deep", _("At most %(levels)s levels.") % {"levels": _MAX_JSON_DEPTH})
    if isinstance(value, str) and _BAD_TEXT.search(value):
        raise refuse(field, "control_character", _("Control characters are not allowed."))
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_json(key, field, depth)
            _check_json(item, f"{field}/{key}", depth - 1)
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            _check_json(item, f"{field}/{position}", depth - 1)
