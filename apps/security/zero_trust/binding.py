"""Stage 3: the credential's tenant must be the one that the host names. So must the signature's."""

from __future__ import annotations

from django.http import HttpRequest

from apps.security.zero_trust.admission import Admission, Credential
from apps.security.zero_trust.errors import TenantMismatch
from rustok.context import TenantRef
from rustok.errors.families import InvalidCredentials


def bind_tenant(_request: HttpRequest, admission: Admission) -> None:
    """Raise TenantMismatch for a good credential of somebody else, InvalidCredentials for none."""
    if admission.credential is None:
        raise InvalidCredentials
    for credential in (admission.credential, admission.signed_by):
        if credential is not None and not _belongs(credential, admission.here.tenant):
            raise TenantMismatch


def _belongs(credential: Credential, tenant: TenantRef | None) -> bool:
    own = credential.tenant
    return (own is None and tenant is None) or (own is not None and tenant is not None and own.id == tenant.id)
