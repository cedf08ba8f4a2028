"""What goes over the wire about keys and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from apps.security.models import ApiKey, AuditEntry
from apps.security.networks import MOST_NETWORKS
from rustok.api import Body, Out, PageQuery
from rustok.api.models import Line, Moment

Permission = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^([a-z][a-z0-9_]*:([a-z][a-z0-9_]*|\*)(:(all|own|none))?|\*:\*)$")
]


TraceId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Network = Annotated[str, StringConstraints(min_length=2, max_length=43, pattern=r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$")]


class CreateApiKeyBody(Body):
    """A new key for a program."""

    name: Line = Field(description="What the key is for.")
    permissions: list[Permission] = Field(min_length=1, max_length=100, description="`resource:action` or `order:*`.")
    days: int | None = Field(None, ge=1, le=3650, description="How long the key works; null for ever.")
    allowed_networks: list[Network] = Field(
        [], max_length=MOST_NETWORKS, description="From where the key may be used (CIDR); none: from anywhere."
    )


class RotateApiKeyBody(Body):
    """A successor for a key."""

    overlap_hours: int = Field(24, ge=0, le=720, description="How long the old key goes on working.")


class ApiKeyOut(Out):
    """A key without its secret."""

    id: UUID
    name: str
    prefix: str = Field(description="The public part, as in `rk_<prefix>_…`.")
    permissions: list[str]
    allowed_networks: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To within about ten minutes.")


class NewApiKeyOut(ApiKeyOut):
    """A key just made: the only answer that ever contains `key`."""

    key: str = Field(description="The credential. Keep it: it is not stored and never shown again.")


class AuditFilter(PageQuery):
    """Narrows the audit log; everything given must fit."""

    actor: Line | None = Field(None, description="Who, as `kind:id`.")
    action: Line | None = Field(None, description="What, as `resource:verb`, or its beginning and `*`.")
    target: Line | None = Field(None, description="To which thing, by id.")
    subject: Line | None = Field(None, description="Entries with personal data of this person, as `kind:id`.")
    outcome: Line | None = Field(None, description="How it ended: `ok`, `refused`.")
    trace_id: TraceId | None = Field(None, description="On which trace.")
    since: Moment | None = Field(None, description="Not before this moment.")
    until: Moment | None = Field(None, description="Before this moment.")
    text: Line | None = Field(
        None, description="Words, or their beginnings, of action, object, actor, reason, details."
    )


class AuditEntryOut(Out):
    """One deed."""

    id: UUID
    occurred_at: datetime
    actor: str
    actor_label: str
    action: str
    target: str
    outcome: str
    reason: str
    details: dict[str, Any] = Field(
        description="Facts of the deed. `personal` holds data of a person: its `values` need `audit:reveal`, and are "
        "`[shredded]` for ever once the person's key is destroyed."
    )
    request_id: str
    trace_id: str
    address: str


def api_key_out(key: ApiKey) -> dict[str, Any]:
    """The shape of `ApiKeyOut`."""
    return {name: getattr(key, name) for name in ApiKeyOut.model_fields}


def audit_entry_out(entry: AuditEntry) -> dict[str, Any]:
    """The shape of `AuditEntryOut`."""
    return {name: getattr(entry, name) for name in AuditEntryOut.model_fields}
