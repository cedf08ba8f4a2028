"""REST: API keys and the audit log, the same on tenant hosts and on the platform host."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.security.api.shapes import (
    ApiKeyOut,
    AuditEntryOut,
    AuditFilter,
    CreateApiKeyBody,
    NewApiKeyOut,
    RotateApiKeyBody,
    api_key_out,
    audit_entry_out,
)
from apps.security.chain.personal import REVEAL, reveal
from apps.security.chain.search import AuditSearch, search
from apps.security.errors import GrantExceeded
from apps.security.queries import api_keys, get_api_key
from apps.security.services import create_api_key, revoke_api_key, rotate_api_key
from rustok.api import Answer, Call, Endpoint, Page, PageQuery, Query, operation, paginate
from rustok.operations import Criticality


class ApiKeyCollection(Endpoint):
    """The keys of this host's scope."""

    @operation(
        "api_keys.list",
        permission="api_key:read",
        own=True,
        criticality=Criticality.LOW,
        answer=Page[ApiKeyOut],
        summary=_("List API keys"),
    )
    def get(self, call: Call[None, PageQuery]) -> dict[str, Any]:
        """Newest first, expired ones too. What became of a revoked key is in the audit log."""
        return paginate(api_keys(), call, to_dict=api_key_out)

    @operation(
        "api_keys.create",
        permission="api_key:create",
        criticality=Criticality.NORMAL,
        body=CreateApiKeyBody,
        answer=NewApiKeyOut,
        status=201,
        errors=(GrantExceeded,),
        summary=_("Create an API key"),
        example={"name": "Warehouse", "permissions": ["stock:read", "order:*"]},
    )
    def post(self, call: Call[CreateApiKeyBody, Query]) -> Answer:
        """The key is in this answer and nowhere else; a caller can hand on only what it holds itself."""
        body = call.body
        expires_at = timezone.now() + timedelta(days=body.days) if body.days else None
        key, plain = create_api_key(
            name=body.name,
            permissions=body.permissions,
            expires_at=expires_at,
            allowed_networks=body.allowed_networks,
            context=call.context,
        )
        return Answer(api_key_out(key) | {"key": plain}, headers={"Location": f"{call.request.path}{key.pk}/"})


class ApiKeyItem(Endpoint):
    """One key."""

    @operation(
        "api_keys.get",
        permission="api_key:read",
        own=True,
        criticality=Criticality.LOW,
        answer=ApiKeyOut,
        summary=_("Show an API key"),
    )
    def get(self, call: Call[None, Query], *, id: UUID) -> dict[str, Any]:
        """Everything but the secret."""
        return api_key_out(call.ensure(get_api_key(key_id=id)))

    @operation(
        "api_keys.revoke",
        permission="api_key:delete",
        own=True,
        criticality=Criticality.HIGH,
        summary=_("Revoke an API key"),
    )
    def delete(self, call: Call[None, Query], *, id: UUID) -> None:
        """The key stops working at once; its row stays for the record."""
        revoke_api_key(key_id=id, context=call.context)


class ApiKeyRotation(Endpoint):
    """A successor for a key."""

    @operation(
        "api_keys.rotate",
        permission="api_key:update",
        own=True,
        criticality=Criticality.HIGH,
        body=RotateApiKeyBody,
        answer=NewApiKeyOut,
        status=201,
        errors=(GrantExceeded,),
        fails_closed=True,
        summary=_("Rotate an API key"),
        example={"overlap_hours": 24},
    )
    def post(self, call: Call[RotateApiKeyBody, Query], *, id: UUID) -> dict[str, Any]:
        """Both keys work during the overlap, so that no request is refused while programs change over."""
        overlap = timedelta(hours=call.body.overlap_hours)
        key, plain = rotate_api_key(key_id=id, overlap=overlap, context=call.context)
        return api_key_out(key) | {"key": plain}


class AuditCollection(Endpoint):
    """What was done here."""

    @operation(
        "audit.list",
        permission="audit:read",
        own=True,
        criticality=Criticality.LOW,
        query=AuditFilter,
        answer=Page[AuditEntryOut],
        summary=_("List audit entries"),
    )
    def get(self, call: Call[None, AuditFilter]) -> dict[str, Any]:
        """Newest first. Personal data is opened for who may `audit:reveal`."""
        wanted = call.query.model_dump(exclude={"cursor", "page_size"}, exclude_none=True)
        page = paginate(search(AuditSearch(**wanted)), call, to_dict=audit_entry_out)
        entries = [(entry["id"], entry["details"]) for entry in page["results"]]
        for entry, details in zip(page["results"], reveal(entries, permitted=call.context.allows(REVEAL)), strict=True):
            entry["details"] = details
        return page
