"""The slug of a tenant: its short name in addresses. One DNS label of plain ASCII, so that it needs no encoding."""

from __future__ import annotations

import re
from typing import Final

from apps.tenants.validation.errors import (
    SlugDoubleHyphen,
    SlugEmpty,
    SlugIsUuid,
    SlugMalformed,
    SlugReserved,
    SlugTooLong,
)
from apps.tenants.validation.reserved import is_reserved

MAX_SLUG: Final = 63
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_UUID: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def slug_shape(value: str, *, field: str = "slug") -> str:
    """Return the slug trimmed and in lower case when it has the form of one; reserved names pass.

    For looking up what exists: a name that became reserved later must still be found. Raises a `FieldRefused`.
    """
    slug = value.strip()
    if not slug:
        raise SlugEmpty(field=field)
    if not slug.isascii():  # before lowering: the Kelvin sign would become a harmless k
        raise SlugMalformed(field=field)
    if len(slug) > MAX_SLUG:
        raise SlugTooLong(field=field, limit=MAX_SLUG)
    slug = slug.lower()
    if not _SLUG.fullmatch(slug):
        raise SlugMalformed(field=field)
    if "--" in slug:
        raise SlugDoubleHyphen(field=field)
    if _UUID.fullmatch(slug):
        raise SlugIsUuid(field=field)
    return slug


def validate_slug(value: str, *, field: str = "slug") -> str:
    """Return a slug that a new tenant may have, or raise the reason against it.

    >>> validate_slug(" Acme-Shop ")
    'acme-shop'
    """
    candidate = value.strip().lower()
    if is_reserved(candidate):  # first, so that `pg_toast` is told its real reason
        raise SlugReserved(field=field, slug=candidate[:MAX_SLUG])
    return slug_shape(value, field=field)
