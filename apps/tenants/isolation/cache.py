"""Cache keys carry the scope (Django's KEY_FUNCTION, trap 20): flags, sessions and fragments cannot cross tenants."""

from __future__ import annotations

from rustok.context import current
from rustok.errors.families import TenantContextMissing


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """`<schema>:<prefix>:<version>:<key>`; raises TenantContextMissing outside every scope."""
    schema = current().schema
    if schema is None:
        raise TenantContextMissing
    return f"{schema}:{key_prefix}:{version}:{key}"
