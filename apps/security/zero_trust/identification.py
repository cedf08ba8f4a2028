"""Before the limits: who asks. A signature without a Bearer credential is the credential itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework.settings import api_settings

from apps.security.authentication import bearer
from apps.security.secrets import parse_key
from apps.security.tokens.signing import looks_like_token, read
from apps.security.zero_trust.admission import Admission, Credential
from apps.security.zero_trust.credentials import elsewhere, in_shop
from rustok.errors.families import InvalidCredentials


def identify(request: HttpRequest, admission: Admission) -> None:
    """Fill `admission.credential`; raises InvalidCredentials or TokenExpired."""
    if admission.signed_by is not None and "HTTP_AUTHORIZATION" not in request.META:
        admission.credential = admission.signed_by
        return
    chosen: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES[0]
    authentication = chosen()
    try:
        actor, permissions = authentication.authenticate(request)
    except InvalidCredentials:
        found = _of_another_shop(request, authentication)
        if found is None:
            raise
        admission.credential = found
        return
    admission.credential = Credential(actor, permissions, admission.here.tenant)


def _of_another_shop(request: HttpRequest, authentication: Any) -> Credential | None:
    sent = bearer(request)
    parsed = parse_key(sent)

    def check() -> Any:
        return authentication.authenticate(request)

    if parsed is not None:
        found = elsewhere(f"rk_{parsed[0]}", check)
    elif looks_like_token(sent):
        found = in_shop(read(sent).tenant, check)
    else:
        return None
    if found is None:
        return None
    (actor, permissions), tenant = found
    return Credential(actor, permissions, tenant)
