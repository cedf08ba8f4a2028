"""May this tenant be reached by this domain? Composed of the validator, the platform's own names, and who has it."""

from __future__ import annotations

from collections.abc import Callable

from apps.tenants.validation.errors import DomainOfPlatform, DomainTaken
from apps.tenants.validation.validators.domain import validate_domain


def new_domain(value: str, *, slug: str, base_domain: str, taken: Callable[[str], bool], field: str = "domain") -> str:
    """Return the domain in DNS form; raises what `validate_domain` raises, DomainOfPlatform or DomainTaken.

    Under the base domain a tenant has exactly `<slug>.<base domain>`: another name there would be another tenant's.
    """
    domain = validate_domain(value, field=field, base_domain=base_domain)
    under_base = domain == base_domain or domain.endswith(f".{base_domain}")
    if under_base and domain != f"{slug}.{base_domain}":
        raise DomainOfPlatform(field=field, domain=domain)
    if taken(domain):
        raise DomainTaken(field=field, domain=domain)
    return domain
