"""Path converters: what a variable of an address may look like, said to Django and to the OpenAPI document alike."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.urls import register_converter

MAX_KEBAB: Final = 100


class Kebab:
    """Lower-case words joined by hyphens, as keys of flags are."""

    regex: str = f"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){{0,{MAX_KEBAB - 1}}}"
    schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "maxLength": MAX_KEBAB,
        "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
    }

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


register_converter(Kebab, "kebab")
