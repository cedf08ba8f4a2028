"""Everything a tenant may call itself, and every text it may bring along: checked and normalised before it is stored.

    validate_slug(" Acme ")                     "acme", or a typed error that names the field
    new_slug(value, taken=slug_exists)          the same, and free
    sanitize_text(value), sanitize_html(value)  never raise; lossless for innocent text

Pure: no database, no network, no settings. To add a validator: one file in `validators/`, its errors in `errors.py`, a
table of good and bad rows in the tests.
"""

from apps.tenants.validation.rules.domains import new_domain
from apps.tenants.validation.rules.slugs import new_slug
from apps.tenants.validation.sanitizers import sanitize_html, sanitize_text
from apps.tenants.validation.validators import (
    slug_shape,
    validate_domain,
    validate_email,
    validate_phone,
    validate_slug,
)

__all__ = [
    "new_domain",
    "new_slug",
    "sanitize_html",
    "sanitize_text",
    "slug_shape",
    "validate_domain",
    "validate_email",
    "validate_phone",
    "validate_slug",
]
