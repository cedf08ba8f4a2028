"""What the self-audit looks at: answers of the running site to a fixed list of questions, and facts about its keys."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.utils import timezone

from apps.security.models import ApiKey, SigningKey
from apps.security.selfaudit.probing import Answer, Question, Unanswered, ask
from apps.tenants.errors import TenantNotReady
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.queries import active_tenants
from rustok.config import config

BUDGET: Final = 15.0  # seconds for all questions
OLD: Final = timedelta(days=365)
MOST_SHOPS: Final = 100
STRANGER: Final = "stranger.example"
_HTML: Final = ("Accept: text/html",)

Asker = Callable[[Question], Answer]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Answers by name, what was not answered and why, and how many keys are older than a year."""

    answers: Mapping[str, Answer]
    unanswered: Mapping[str, str] = field(default_factory=dict)
    old_keys: int = 0
    https: bool = False


def questions(platform: str, shop: str) -> dict[str, Question]:
    """What is asked, by name. `shop` is a shop's host; empty when there is none."""
    missing = f"/no-such-page-{secrets.token_hex(4)}"
    tenant = shop or platform
    origin = f"Origin: https://{STRANGER}"
    return {
        "console": Question(platform, "/admin/login/", extra=_HTML),
        "console again": Question(platform, "/admin/login/", extra=_HTML),
        "shop's console": Question(tenant, "/admin/login/", extra=_HTML),
        "private page": Question(platform, "/admin/", extra=_HTML),
        "API": Question(tenant, "/api/v1/api-keys/"),
        "API from another origin": Question(tenant, "/api/v1/api-keys/", extra=(origin,)),
        "API preflight": Question(
            tenant, "/api/v1/api-keys/", "OPTIONS", (origin, "Access-Control-Request-Method: POST")
        ),
        "error page": Question(tenant, missing, extra=_HTML),
        "static file": Question(platform, "/static/console/console.css"),
        "health": Question(platform, "/health/live"),
        "TRACE": Question(platform, "/admin/login/", "TRACE", ("X-Probe: reflected",)),
        "odd method": Question(platform, "/api/v1/api-keys/", "PROPFIND"),
        "unknown host": Question(STRANGER, "/admin/login/", extra=_HTML),
        "forwarded host": Question(platform, "/admin/", extra=(*_HTML, f"X-Forwarded-Host: {STRANGER}")),
        "two hosts": Question(platform, "/admin/login/", extra=(*_HTML, f"Host: {STRANGER}")),
        "foreign redirect": Question(platform, f"//{STRANGER}/%2e%2e", extra=_HTML),
        "metrics from afar": Question(platform, "/metrics", extra=("X-Forwarded-For: 203.0.113.9",)),
        "detail from afar": Question(platform, "/health", extra=("X-Forwarded-For: 203.0.113.9",)),
    }


def address() -> tuple[str, int]:
    """Where the site listens on this machine."""
    host, _colon, port = config().self_audit_address.rpartition(":")
    return (host.strip("[]"), int(port)) if host else ("127.0.0.1", config().port)


def gather(asker: Asker | None = None) -> Evidence:
    """Ask everything, one question after the other, within the budget. Needs a platform scope."""
    one = asker or (lambda question: ask(address(), question))
    until, old = time.monotonic() + BUDGET, _old_keys()
    answers: dict[str, Answer] = {}
    unanswered: dict[str, str] = {}
    for name, question in questions(config().base_domain, _shop_host()).items():
        if time.monotonic() > until:
            unanswered[name] = "no time left"
            continue
        try:
            answers[name] = one(question)
        except Unanswered as error:
            unanswered[name] = str(error)
    return Evidence(answers, unanswered, old, config().scheme == "https")


def _shop_host() -> str:
    with platform_scope("self-audit: a shop to ask"):
        shop = active_tenants().first()
    return f"{shop.slug}.{config().base_domain}" if shop is not None else ""


def _old_keys() -> int:
    """Keys older than a year that still work, of the platform and of the first hundred shops."""
    with platform_scope("self-audit: ages of keys"):
        found = _old_here()
        shops = [shop.ref() for shop in active_tenants()[:MOST_SHOPS]]
    for shop in shops:
        try:
            with tenant_scope(shop):
                found += _old_here()
        except TenantNotReady:
            continue
    return found


def _old_here() -> int:
    before = timezone.now() - OLD
    return sum(model.objects.filter(revoked_at=None, created_at__lt=before).count() for model in (ApiKey, SigningKey))
