"""Keys: UUIDv7 (RFC 9562 section 5.7), time ordered, known before INSERT."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from uuid_utils import compat

from rustok.db.scoped import ScopedModel


def new_id() -> UUID:
    """A new UUIDv7; about 0.2 microseconds."""
    return compat.uuid7()


class Entity(ScopedModel):
    """Base of every model of the platform: a UUIDv7 primary key, and rows that stay in their scope."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        """Abstract: adds the key only."""

        abstract = True
