"""REST: service tokens, the same on both hosts.

Asking for tokens is a public operation, because the credential may be in the body; it passes the same stages as every
other request all the same, with the stage of identity that fits the grant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.security.api.token_shapes import (
    KeySetOut,
    RevokeTokenBody,
    TokenFamilyOut,
    TokenOut,
    TokenRequestBody,
    token_family_out,
    token_out,
)
from apps.security.authentication import bearer
from apps.security.errors import GrantExceeded
from apps.security.identity.errors import SecondFactorRefused, SignInLocked, SignInRefused
from apps.security.models import User
from apps.security.secrets import parse_key
from apps.security.tokens.errors import RefreshTokenReused, SignInUnfinished, TokenNotExchangeable
from apps.security.tokens.people import prove_person
from apps.security.tokens.queries import get_token_family, token_families
from apps.security.tokens.services import exchange, exchange_for_person, parent_of, refresh, revoke_family, revoke_token
from apps.security.tokens.signing import public_keys
from apps.security.zero_trust.admission import Admission, Credential
from apps.security.zero_trust.pipeline import STAGES, Pipeline, Stage
from rustok.api import Call, Endpoint, Page, PageQuery, Query, operation, paginate
from rustok.context import ExecutionContext
from rustok.errors.families import InvalidCredentials, TokenExpired
from rustok.operations import PUBLIC, Criticality
from rustok.wire.parsing import read_body

_REFUSALS = (
    InvalidCredentials,
    TokenExpired,
    GrantExceeded,
    TokenNotExchangeable,
    RefreshTokenReused,
    SignInRefused,
    SignInLocked,
    SecondFactorRefused,
    SignInUnfinished,
)
_ASKED = "token:create"  # what the stages are told; nobody needs it as a permission


class TokenCollection(Endpoint):
    """The sessions of this host's scope."""

    @operation(
        "tokens.list",
        permission="token:read",
        own=True,
        criticality=Criticality.LOW,
        answer=Page[TokenFamilyOut],
        summary=_("List service tokens"),
    )
    def get(self, call: Call[None, PageQuery]) -> dict[str, Any]:
        """Sessions that are good, newest first. What became of the others is in the audit log."""
        return paginate(token_families(), call, to_dict=token_family_out)

    @operation(
        "tokens.create",
        permission=PUBLIC,
        criticality=Criticality.HIGH,
        body=TokenRequestBody,
        answer=TokenOut,
        errors=_REFUSALS,
        fails_closed=True,
        summary=_("Ask for service tokens"),
        example={"grant_type": "client_credentials", "scope": "order:read order:create"},
    )
    def post(self, call: Call[TokenRequestBody, Query]) -> dict[str, Any]:
        """An API key, a refresh token or a person becomes an access token of a few minutes and a refresh token.

        A refresh token works once. Its second use ends the whole session, except within ten seconds and before its
        successor was used: then the answer was lost, and comes again.
        """
        body = call.body
        wanted = body.scope.split() if body.scope is not None else None
        return token_out(_GRANTS[body.grant_type](call.request, body, wanted))


class TokenItem(Endpoint):
    """One session."""

    @operation(
        "tokens.get",
        permission="token:read",
        own=True,
        criticality=Criticality.LOW,
        answer=TokenFamilyOut,
        summary=_("Show a service token"),
    )
    def get(self, call: Call[None, Query], *, id: UUID) -> dict[str, Any]:
        """Whose it is, what it grants, when it ends."""
        return token_family_out(call.ensure(get_token_family(family_id=id)))

    @operation(
        "tokens.revoke",
        permission="token:delete",
        own=True,
        criticality=Criticality.HIGH,
        summary=_("Revoke a service token"),
    )
    def delete(self, call: Call[None, Query], *, id: UUID) -> None:
        """Every token of the session is refused from the next request on."""
        revoke_family(family_id=id, context=call.context)


class TokenRevocation(Endpoint):
    """Giving a token up."""

    @operation(
        "tokens.give_up",
        permission=PUBLIC,
        criticality=Criticality.HIGH,
        body=RevokeTokenBody,
        summary=_("Give up a service token"),
        example={"token": "rr_0000000000000000000000000000000000000000000000000000000000000000"},
    )
    def post(self, call: Call[RevokeTokenBody, Query]) -> None:
        """Ends the session of the token that you hold. A token that is unknown here is no error (RFC 7009)."""
        revoke_token(token=call.body.token)


class TokenKeys(Endpoint):
    """The keys that verify access tokens."""

    @operation(
        "tokens.keys",
        permission=PUBLIC,
        criticality=Criticality.NORMAL,
        answer=KeySetOut,
        summary=_("Show the keys of service tokens"),
    )
    def get(self, _call: Call[None, Query]) -> dict[str, Any]:
        """A JWK Set (RFC 7517) for services that read access tokens themselves; they see no revocations."""
        return public_keys()


def _by_key(request: HttpRequest, _body: TokenRequestBody, wanted: Sequence[str] | None) -> Any:
    context = _admit(request, Pipeline())
    if parse_key(bearer(request)) is None:
        raise TokenNotExchangeable
    return exchange(permissions=wanted, context=context)


def _by_refresh_token(request: HttpRequest, body: TokenRequestBody, wanted: Sequence[str] | None) -> Any:
    token = body.refresh_token or ""

    def identify(_request: HttpRequest, admission: Admission) -> None:
        standing, _family = parent_of(token)
        admission.credential = Credential(standing.actor, standing.held, admission.here.tenant)

    return refresh(token=token, permissions=wanted, context=_admit(request, _pipeline(identify)))


def _by_password(request: HttpRequest, body: TokenRequestBody, wanted: Sequence[str] | None) -> Any:
    proven: list[User] = []

    def identify(request: HttpRequest, admission: Admission) -> None:
        user = prove_person(request=request, username=body.username, password=body.password, code=body.otp)
        proven.append(user)
        admission.credential = Credential(user.actor, user.permissions, admission.here.tenant)

    context = _admit(request, _pipeline(identify))
    return exchange_for_person(user=proven[0], permissions=wanted, context=context)


_GRANTS = {"client_credentials": _by_key, "refresh_token": _by_refresh_token, "password": _by_password}


def _admit(request: HttpRequest, pipeline: Pipeline) -> ExecutionContext:
    """Signature, identity, limit, binding, audit: as for every operation that is not public."""
    declared = replace(TokenCollection.declarations["POST"], permission=_ASKED)
    return pipeline.admit(request, declared, partial(read_body, request))


def _pipeline(identify: Stage) -> Pipeline:
    """The usual stages with another way to learn who asks."""
    return Pipeline([(name, identify if name == "identity" else stage) for name, stage in STAGES])
