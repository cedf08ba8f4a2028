"""One validator per file: a pure function that returns the normal form or raises one typed error."""

from apps.tenants.validation.validators.domain import validate_domain
from apps.tenants.validation.validators.email import validate_email
from apps.tenants.validation.validators.phone import validate_phone
from apps.tenants.validation.validators.slug import slug_shape, validate_slug

__all__ = ["slug_shape", "validate_domain", "validate_email", "validate_phone", "validate_slug"]
