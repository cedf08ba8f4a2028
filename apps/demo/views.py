"""The receiver's doors on the platform host: deliveries come in, the page and its numbers go out.

Plain views: a receiver is called by webhooks, which carry no credential of the platform but a signature. All of them
answer 404 unless the configuration says `demo`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from apps.demo import queries, receiver
from rustok.config import config
from rustok.errors.families import InvalidInput, MethodNotAllowed, NotFound
from rustok.operations import PUBLIC, Criticality, Operation, declare

PAGE: Final = 1000
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
View = Callable[..., HttpResponse]


def _door(name: str, method: str) -> Callable[[View], View]:
    """Declare the operation, keep other methods out, and close the door where the demo is off."""
    writes = method == "POST"
    declare(Operation(name=name, kind="endpoint", permission=PUBLIC, criticality=Criticality.NORMAL, writes=writes))

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **path: str) -> HttpResponse:
            if not config().demo:
                raise NotFound(resource=_("page"))
            if request.method != method and not (method == "GET" and request.method == "HEAD"):
                raise MethodNotAllowed(method=request.method)
            return view(request, **path)

        return guarded

    return decorate


@csrf_exempt
@_door("demo.receive", "POST")
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """Take one webhook; 204. The signature is the credential."""
    receiver.take(slug=slug, body=request.body, headers=request.headers)
    return HttpResponse(status=204)


@_door("demo.page", "GET")
def page(request: HttpRequest) -> HttpResponse:
    """The page that shows events arriving."""
    response = render(request, "demo/arrivals.html")
    response["Content-Security-Policy"] = _POLICY
    return response


@_door("demo.summary", "GET")
def summary(_request: HttpRequest) -> HttpResponse:
    """The numbers of all shops."""
    now = timezone.now()
    shops = [_summary_dict(shop) for shop in queries.summary(now=now)]
    return _json({"as_of": now, "shops": shops})


@_door("demo.arrivals", "GET")
def arrivals(request: HttpRequest, slug: str) -> HttpResponse:
    """What arrived from one shop, in order of first arrival: `?after=<cursor>` goes on, `?stream=` keeps one stream."""
    if not queries.is_subscribed(slug):
        raise NotFound(resource=_("subscription"))
    stream = request.GET.get("stream", "")
    if not stream.isprintable():
        raise InvalidInput
    found = list(queries.arrivals(slug=slug, stream=stream, after=_cursor(request.GET.get("after")))[: PAGE + 1])
    shown = found[:PAGE]
    following = None
    if len(found) > PAGE:
        last = shown[-1]
        mark = urlsafe_b64encode(f"{last.arrived_at.isoformat()} {last.pk}".encode()).decode()
        following = f"{reverse('demo-arrivals', kwargs={'slug': slug})}?after={mark}&stream={stream}"
    return _json({"results": [queries.arrival_dict(arrival) for arrival in shown], "next": following})


def _cursor(text: str | None) -> tuple[datetime, UUID] | None:
    if not text:
        return None
    try:
        moment, _space, key = urlsafe_b64decode(text.encode()).decode().partition(" ")
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(key)
    except (ValueError, OverflowError) as error:
        raise InvalidInput from error


def _summary_dict(shop: queries.ShopSummary) -> dict[str, Any]:
    return {name: getattr(shop, name) for name in shop.__dataclass_fields__} | {"valid": shop.valid}


def _json(data: Any) -> HttpResponse:
    response = HttpResponse(orjson.dumps(data), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response
