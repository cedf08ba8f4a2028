"""Bearer credentials (RFC 6750): from the `Authorization` header to an actor with permissions, in one statement.

A credential is an API key or an access token. Either is looked up in the schema of the host's tenant, so that one of
another shop is simply unknown here.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from threading import Lock
from typing import Final

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication

from apps.operations.wakeups import PLATFORM
from apps.security.networks import check_address
from apps.security.secrets import matches, parse_key
from apps.security.tokens.grants import intersection
from apps.security.tokens.signing import looks_like_token, read
from apps.security.tokens.standing import standing_of
from rustok.context import Actor, current
from rustok.errors.families import InvalidCredentials, TokenExpired
from rustok.resilience.degradation import Mode, controller

TOUCH_SECONDS: Final = 600.0
_TOUCH_LIMIT: Final = 10_000
_COLUMNS: Final = "id, name, secret_hash, permissions, expires_at, revoked_at, allowed_networks"
_READ: Final = f"SELECT {_COLUMNS} FROM security_apikey WHERE prefix = %s"  # noqa: S608 - names of ours
# The time of use is coarse, so that it costs a write per key, process and ten minutes, and a second statement only for
# keys that are bound to networks: whether they may be used from here is not for SQL to say.
_TOUCH: Final = (
    "WITH used AS (UPDATE security_apikey SET last_used_at = now() "  # noqa: S608 - as above
    "WHERE prefix = %s AND secret_hash = %s "
    "AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AND cardinality(allowed_networks) = 0) "
    f"{_READ}"
)
_TOUCH_BOUND: Final = "UPDATE security_apikey SET last_used_at = now() WHERE id = %s"
_NOBODY: Final = (None, "", bytes(32), (), None, None, ())


class _Touches:
    """When this process last noted the use of a key. Bounded; forgetting costs one early write."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str | None, str], float] = OrderedDict()
        self._lock = Lock()

    def is_due(self, schema: str | None, prefix: str) -> bool:
        now = time.monotonic()
        with self._lock:
            seen = self._seen.get((schema, prefix))
            return seen is None or now - seen > TOUCH_SECONDS

    def done(self, schema: str | None, prefix: str) -> None:
        with self._lock:
            self._seen[(schema, prefix)] = time.monotonic()
            while len(self._seen) > _TOUCH_LIMIT:
                self._seen.popitem(last=False)


_touches: Final = _Touches()


class BearerAuthentication(BaseAuthentication):
    """The credential of every REST request. Unknown, revoked and malformed ones are told apart by nobody."""

    def authenticate(self, request: HttpRequest) -> tuple[Actor, frozenset[str]]:
        """The actor and what it may do. Raises InvalidCredentials, TokenExpired or AddressRefused."""
        credential = bearer(request)
        parsed = parse_key(credential)
        if parsed is not None:
            return _look_up(*parsed)
        if looks_like_token(credential):
            return _by_token(credential)
        raise InvalidCredentials

    def authenticate_header(self, _request: HttpRequest) -> str:
        """What `WWW-Authenticate` says."""
        return 'Bearer realm="rustok"'


def bearer(request: HttpRequest) -> str:
    """The Bearer credential as it was sent; empty when there is none."""
    scheme, _space, credential = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return str(credential.strip()) if scheme.lower() == "bearer" else ""


def _by_token(text: str) -> tuple[Actor, frozenset[str]]:
    """The parent of the token as the actor, with what the token grants and its parent still holds."""
    token, tenant = read(text), current().tenant
    if token.tenant != (tenant.id if tenant is not None else PLATFORM):
        raise InvalidCredentials
    standing = standing_of(token.family)
    if standing.actor.reference != token.subject:
        raise InvalidCredentials
    return standing.actor, intersection(token.permissions, standing.held)


def _look_up(prefix: str, secret_hash: bytes) -> tuple[Actor, frozenset[str]]:
    schema = current().schema
    touch = _touches.is_due(schema, prefix) and controller().mode < Mode.MINIMAL  # which reads only
    with connection.cursor() as cursor:
        if touch:
            cursor.execute(_TOUCH, [prefix, secret_hash, prefix])
        else:
            cursor.execute(_READ, [prefix])
        row = cursor.fetchone()
    key_id, name, stored, permissions, expires_at, revoked_at, networks = row or _NOBODY
    if not matches(stored, secret_hash) or revoked_at is not None:
        raise InvalidCredentials
    if expires_at is not None and expires_at <= timezone.now():
        raise TokenExpired
    check_address(current().address, networks)
    if touch:
        _touches.done(schema, prefix)
        if networks:
            with connection.cursor() as cursor:
                cursor.execute(_TOUCH_BOUND, [key_id])
    return Actor("api_key", str(key_id), name), frozenset(permissions)
