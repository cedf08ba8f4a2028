"""Bearer credentials (RFC 6750): from the `Authorization` header to an actor with permissions, in one statement.

The key is looked up in the schema of the host's tenant, so a key of one shop is simply unknown in another.
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

from apps.security.secrets import matches, parse_key
from rustok.context import Actor, current
from rustok.errors.families import InvalidCredentials, TokenExpired

TOUCH_SECONDS: Final = 600.0
_TOUCH_LIMIT: Final = 10_000
_READ: Final = (
    "SELECT id, name, secret_hash, permissions, expires_at, revoked_at FROM security_apikey WHERE prefix = %s"
)
# The time of use is coarse, so that it costs a write per key, process and ten minutes, and never a second statement.
_TOUCH: Final = (
    "UPDATE security_apikey SET last_used_at = now() WHERE prefix = %s AND secret_hash = %s "
    "RETURNING id, name, secret_hash, permissions, expires_at, revoked_at"
)
_NOTHING: Final = bytes(32)


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
        """The actor and what it may do. Raises InvalidCredentials or TokenExpired."""
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        parsed = parse_key(token.strip()) if scheme.lower() == "bearer" else None
        if parsed is None:
            raise InvalidCredentials
        return _look_up(*parsed)

    def authenticate_header(self, _request: HttpRequest) -> str:
        """What `WWW-Authenticate` says."""
        return 'Bearer realm="rustok"'


def _look_up(prefix: str, secret_hash: bytes) -> tuple[Actor, frozenset[str]]:
    schema = current().schema
    touch = _touches.is_due(schema, prefix)
    with connection.cursor() as cursor:
        if touch:
            cursor.execute(_TOUCH, [prefix, secret_hash])
        else:
            cursor.execute(_READ, [prefix])
        row = cursor.fetchone()
    key_id, name, stored, permissions, expires_at, revoked_at = row or (None, "", _NOTHING, (), None, None)
    if not matches(stored, secret_hash) or revoked_at is not None:
        raise InvalidCredentials
    if expires_at is not None and expires_at <= timezone.now():
        raise TokenExpired
    if touch:
        _touches.done(schema, prefix)
    return Actor("api_key", str(key_id), name), frozenset(permissions)
