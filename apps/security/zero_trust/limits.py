"""Stage 2: the rate limit, keyed on the credential and its own tenant, wherever it was sent.

Three buckets are charged at once or not at all: the tenant's, the credential's, and the credential's on this route. An
operation says what it costs and whether it runs unchecked while the store is down. Fields: RateLimit header fields for
HTTP (draft-ietf-httpapi-ratelimit-headers).
"""

from __future__ import annotations

import math
from typing import Final

from django.http import HttpRequest

from apps.security.zero_trust.admission import Admission
from apps.security.zero_trust.errors import RateLimited, TrustStoreUnavailable
from apps.security.zero_trust.metrics import UNCHECKED
from apps.security.zero_trust.rules import Rules, rules
from apps.security.zero_trust.stores import Bucket, StoreDown, Taken, trust_store
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.config import config
from rustok.context import TenantRef

_RETRY_SECONDS: Final = 1.0


def limit_rate(_request: HttpRequest, admission: Admission) -> None:
    """Charge the caller; raises RateLimited, or TrustStoreUnavailable for operations that fail closed."""
    credential = admission.credential
    if not config().rate_limit or credential is None:
        return
    same = credential.tenant == admission.here.tenant
    theirs = admission.rules if same else _rules_of(credential.tenant)
    buckets = buckets_of(credential.tenant, credential.actor.reference, admission.declared.name, theirs)
    try:
        taken = trust_store().take(buckets, admission.declared.cost)
    except StoreDown as error:
        closed = admission.declared.fails_closed
        UNCHECKED.labels("limit", "closed" if closed else "open").inc()
        if closed:
            raise TrustStoreUnavailable(retry_after=_RETRY_SECONDS) from error
        return
    admission.headers |= fields_of(taken)
    if not taken.allowed:
        wait = max(1, math.ceil(taken.retry_after))
        raise RateLimited(limit=taken.buckets[taken.refused].name, seconds=wait, retry_after=wait)


def buckets_of(tenant: TenantRef | None, actor: str, operation: str, limits: Rules) -> tuple[Bucket, ...]:
    """The buckets of one call, the widest first."""
    owner = tenant.id.hex if tenant is not None else "platform"
    return (
        Bucket("tenant", f"{owner}", limits.rate_per_tenant),
        Bucket("key", f"{owner}:{actor}", limits.rate_per_key),
        Bucket("route", f"{owner}:{actor}:{operation}", limits.rate_per_route),
    )


def fields_of(taken: Taken) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit`: every limit, and the one that is nearest (or that refused)."""
    policies = ", ".join(f'"{bucket.name}";q={bucket.quota};w={bucket.window:.0f}' for bucket in taken.buckets)
    nearest = taken.refused
    if taken.allowed:
        nearest = min(range(len(taken.buckets)), key=taken.left)
    state = f'"{taken.buckets[nearest].name}";r={taken.left(nearest)};t={taken.full_in(nearest)}'
    return {"RateLimit-Policy": policies, "RateLimit": state}


def _rules_of(tenant: TenantRef | None) -> Rules:
    with platform_scope("limits of a platform key") if tenant is None else tenant_scope(tenant):
        return rules()
