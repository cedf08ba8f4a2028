"""`Endpoint`: the one road of a REST request, from credential to bytes.

It is a view of the REST framework, so that its routing and schema tools see it, but takes its own short way through
`dispatch`: credential, permission, body and query, `Idempotency-Key`, handler, answer. No serializers, no negotiation
beyond a look at `Accept`: an order must not cost milliseconds before it reaches the domain.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache, partial
from typing import Any, ClassVar, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework.views import APIView

from rustok.api.calls import Answer, Call
from rustok.api.declaration import Declaration
from rustok.api.handlers import failure
from rustok.api.validation import invalid, parse_body, parse_query
from rustok.context import ExecutionContext
from rustok.errors import DomainError
from rustok.errors.families import MethodNotAllowed, NotAcceptable
from rustok.idempotency import StoredAnswer, run_once
from rustok.operations import AUTHENTICATED
from rustok.policy import Scope, enter, require, was_asked
from rustok.ports import gate
from rustok.wire.parsing import read_body, require_json
from rustok.wire.rendering import dump_json

_VERBS: Final = ("get", "post", "put", "patch", "delete")
_KEY: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_TAG: Final = re.compile(r'"([0-9]{1,18})"')
_ACCEPTED: Final = re.compile(
    r"(?:\*/\*|application/(?:\*|json|problem\+json))\s*(?:;(?!\s*q=0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)"
)


class Endpoint(APIView):
    """Base of every REST view. Subclasses only define handlers that carry `@operation`."""

    declarations: ClassVar[dict[str, Declaration]] = {}
    allowed: ClassVar[str] = "OPTIONS"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the declared handlers; one without a declaration is a programming error."""
        super().__init_subclass__(**kwargs)
        found = {verb: getattr(cls, verb) for verb in _VERBS if hasattr(cls, verb)}
        undeclared = [verb for verb, handler in found.items() if not hasattr(handler, "declaration")]
        if undeclared:
            raise TypeError(f"{cls.__name__}.{undeclared[0]} carries no @operation")
        cls.declarations = {verb.upper(): handler.declaration for verb, handler in found.items()}
        if "GET" in cls.declarations:
            cls.declarations["HEAD"] = cls.declarations["GET"]
        cls.allowed = ", ".join([*cls.declarations, "OPTIONS"])

    def dispatch(self, request: HttpRequest, *_args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve the request, or answer with the problem document of what went wrong."""
        declared = self.declarations.get(request.method or "")
        try:
            response = self._answer(request, declared, kwargs)
        except Exception as error:  # noqa: BLE001 - the door translates; what it does not know goes on
            if declared is not None and isinstance(error, DomainError):
                gate().refused(request, declared, error)
            response = failure(request, error)
            if response.status_code == 405:
                response["Allow"] = self.allowed
        for name, value in gate().headers(request).items():
            response.headers[name] = value
        return response

    def _answer(self, request: HttpRequest, declared: Declaration | None, path: dict[str, Any]) -> HttpResponse:
        if declared is None:
            if request.method == "OPTIONS":
                return HttpResponse(status=204, headers={"Allow": self.allowed})
            raise MethodNotAllowed(method=request.method)
        body = cache(partial(read_body, request))
        context = gate().admit(request, declared, body)
        reach = _enter(declared, context)
        _check_accept(request)
        raw = body() if declared.body is not None else b""
        call = _parse(request, declared, context, raw)
        handler = getattr(self, declared.method.lower())

        def effect() -> StoredAnswer:
            answer = _stored(declared, handler(call, **path))
            if reach is Scope.OWN and not was_asked(context):  # rows went out, or in, that nobody asked about
                require(context, declared.permission)
            return answer

        key = request.META.get("HTTP_IDEMPOTENCY_KEY") if declared.idempotent else None
        if key is None:
            return _response(effect(), replayed=None)
        scope = f"{context.actor.reference} {declared.name}"
        fingerprint = hashlib.sha256(b"\n".join([declared.method.encode(), request.get_full_path().encode(), raw]))
        answer, replayed = run_once(key=_checked(key), scope=scope, fingerprint=fingerprint.hexdigest(), effect=effect)
        return _response(answer, replayed=replayed)


def _enter(declared: Declaration, context: ExecutionContext) -> Scope:
    """How far the caller's grants reach; own rows open only the doors that ask about each of them."""
    if declared.is_public or declared.permission == AUTHENTICATED:
        return Scope.ALL
    if declared.own:
        return enter(context, declared.permission)
    require(context, declared.permission)
    return Scope.ALL


def _check_accept(request: HttpRequest) -> None:
    accept = request.META.get("HTTP_ACCEPT")
    if accept and not _ACCEPTED.search(accept.lower()):
        raise NotAcceptable


def _parse(request: HttpRequest, declared: Declaration, context: ExecutionContext, raw: bytes) -> Call[Any, Any]:
    body = None
    if declared.body is not None:
        if raw:
            require_json(request)
        body = parse_body(declared.body, raw)
    query = parse_query(declared.query, request.GET)
    version = _version(request) if declared.reads_version else None
    return Call(
        request=request,
        context=context,
        body=body,
        query=query,
        if_match=version,
        resource=declared.resource,
        action=declared.action,
    )


def _version(request: HttpRequest) -> int | None:
    """The version in `If-Match` (RFC 9110 section 13.1.1); `*` asks only that the thing exists."""
    given = request.META.get("HTTP_IF_MATCH", "*").strip()
    if given == "*":
        return None
    match = _TAG.fullmatch(given)
    if match is None:
        raise invalid("/headers/If-Match", "etag", _("Give one ETag as it was received, or *."))
    return int(match[1])


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise invalid("/headers/Idempotency-Key", "key", _("Give 1 to 255 printable ASCII characters."))
    return key


def _stored(declared: Declaration, result: Any) -> StoredAnswer:
    answer = result if isinstance(result, Answer) else Answer(result)
    status = answer.status or declared.status
    headers = tuple(answer.headers.items())
    data = answer.data
    version = data.get("version") if isinstance(data, dict) else getattr(data, "version", None)
    if isinstance(version, int):
        headers = (("ETag", f'"{version}"'), *headers)
    return StoredAnswer(status, b"" if data is None else dump_json(data), headers)


def _response(answer: StoredAnswer, *, replayed: bool | None) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    if not answer.body:
        del response["Content-Type"]
    response.is_declared = True  # type: ignore[attr-defined]  # an operation's own answer, whatever its status
    response["Cache-Control"] = "no-store"
    for name, value in answer.headers:
        response[name] = value
    if replayed:
        response["Idempotency-Replayed"] = "true"
    return response
