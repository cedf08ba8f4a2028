"""May a new tenant have this slug? Composed of the validator and the question whether it is free."""

from __future__ import annotations

from collections.abc import Callable

from apps.tenants.validation.errors import SlugTaken
from apps.tenants.validation.validators.slug import validate_slug


def new_slug(value: str, *, taken: Callable[[str], bool], field: str = "slug") -> str:
    """Return the slug that a new tenant gets; raises what `validate_slug` raises, or SlugTaken.

    `taken` asks the store. Politeness only: the unique constraint decides between two that ask at once.
    """
    slug = validate_slug(value, field=field)
    if taken(slug):
        raise SlugTaken(field=field, slug=slug)
    return slug
