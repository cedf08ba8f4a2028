"""The rules of the self-audit: what is right, how bad it is otherwise, what to set. One rule, one look at the evidence.

A look returns what is wrong, or nothing. Weights: 100 points less 25, 15, 8 or 3 for each broken rule; 80 pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.security.selfaudit.evidence import STRANGER, Evidence
from apps.security.selfaudit.probing import Answer
from rustok.config import config

PASS: Final = 80
PAGES: Final = ("console", "shop's console")
EVERYWHERE: Final = (*PAGES, "API", "error page", "static file", "health")
_NONCE: Final = re.compile(r"'nonce-([^']+)'")
_LEAK: Final = re.compile(r"Traceback|File \"|site-packages|DJANGO_SETTINGS|psycopg|SELECT ", re.IGNORECASE)


class Severity(StrEnum):
    """How bad a broken rule is."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


WEIGHTS: Final = {Severity.CRITICAL: 25, Severity.HIGH: 15, Severity.MEDIUM: 8, Severity.LOW: 3}
LABELS: Final[dict[Severity, str | Promise]] = {
    Severity.CRITICAL: _("critical"),
    Severity.HIGH: _("high"),
    Severity.MEDIUM: _("medium"),
    Severity.LOW: _("low"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """`look` says what is wrong, empty when nothing is. `docs` is a heading of docs/security.md."""

    code: str
    severity: Severity
    title: str | Promise
    advice: str | Promise
    look: Callable[[Evidence], str]
    docs: str = "headers"


def _policy(answer: Answer) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.header("content-security-policy").split(";"))
    return {part[0].lower(): part[1:] for part in parts if part}


def _lacking(header: str, *accepted: str, where: tuple[str, ...] = EVERYWHERE) -> Callable[[Evidence], str]:
    """A look for answers whose header is missing, or holds none of the accepted texts."""

    def look(evidence: Evidence) -> str:
        wrong = []
        for name in where:
            value = evidence.answers[name].header(header).lower() if name in evidence.answers else None
            if value is not None and not (value and any(text in value for text in accepted or (value,))):
                wrong.append(f"{name}: {value or '-'}")
        return "; ".join(wrong)

    return look


def _said(evidence: Evidence, name: str) -> Answer:
    return evidence.answers.get(name, Answer(0))


def _script_sources(evidence: Evidence) -> list[str]:
    policies = [_policy(_said(evidence, name)) for name in PAGES if name in evidence.answers]
    return [source for policy in policies for source in policy.get("script-src", policy.get("default-src", ["*"]))]


def _inline(evidence: Evidence) -> str:
    return ", ".join(sorted({"'unsafe-inline'", "*", "https:", "http:", "data:"} & set(_script_sources(evidence))))


def _nonce(evidence: Evidence) -> str:
    found = [
        _NONCE.findall(_said(evidence, name).header("content-security-policy")) for name in ("console", "console again")
    ]
    if not all(found):
        return "-"
    return found[0][0] if found[0] == found[1] else ""


def _loose_policy(evidence: Evidence) -> str:
    wrong = []
    for name in EVERYWHERE:
        policy = _policy(_said(evidence, name)) if name in evidence.answers else None
        if policy is not None and not ({"default-src", "frame-ancestors", "base-uri"} <= set(policy)):
            wrong.append(f"{name}: {'; '.join(sorted(policy)) or '-'}")
    return "; ".join(wrong)


def _cookies(evidence: Evidence) -> str:
    wrong = set()
    for name, answer in evidence.answers.items():
        for cookie in answer.headers.get("set-cookie", ()):
            flags = {part.strip().lower() for part in cookie.split(";")[1:]}
            lacks = {"httponly"} - flags | ({"secure"} - flags if evidence.https else set())
            if not any(flag.startswith("samesite=") and flag != "samesite=none" for flag in flags):
                lacks.add("samesite")
            wrong |= {f"{name}: {cookie.partition('=')[0]} ({', '.join(sorted(lacks))})"} if lacks else set()
    return "; ".join(sorted(wrong))


def _foreign_origin(evidence: Evidence) -> str:
    names = ("API from another origin", "API preflight")
    allowed = [_said(evidence, name).header("access-control-allow-origin") for name in names]
    return next((value for value in allowed if value in {"*", f"https://{STRANGER}"}), "")


def _banner(evidence: Evidence) -> str:
    names = ("server", "x-powered-by", "x-aspnet-version")
    seen = {
        f"{name}: {answer.header(name)}"
        for answer in evidence.answers.values()
        for name in names
        if answer.header(name)
    }
    return "; ".join(sorted(text for text in seen if re.search(r"\d|powered", text)))


def _kept(evidence: Evidence) -> str:
    wrong = []
    for name in (*PAGES, "private page", "API"):
        value = _said(evidence, name).header("cache-control").lower() if name in evidence.answers else "no-store"
        if "no-store" not in value and not ("private" in value or "no-cache" in value or "max-age=0" in value):
            wrong.append(f"{name}: {value or '-'}")
    return "; ".join(wrong)


def _answered(name: str, *allowed: int) -> Callable[[Evidence], str]:
    """A look for an answer with another status than the allowed ones."""

    def look(evidence: Evidence) -> str:
        status = _said(evidence, name).status
        return "" if status in {0, *allowed} else str(status)

    return look


def _reflected(evidence: Evidence) -> str:
    answer = _said(evidence, "TRACE")
    return str(answer.status) if answer.status == 200 or "reflected" in answer.body else ""


def _confused(evidence: Evidence) -> str:
    wrong = [name for name in ("unknown host", "two hosts") if _said(evidence, name).status in range(200, 400)]
    answer = _said(evidence, "forwarded host")
    if STRANGER in answer.body or STRANGER in answer.header("location"):
        wrong.append("forwarded host")
    return ", ".join(wrong)


def _redirected(evidence: Evidence) -> str:
    location = _said(evidence, "foreign redirect").header("location")
    return location if re.match(rf"(?:https?:)?//{re.escape(STRANGER)}", location) else ""


def _leaking(evidence: Evidence) -> str:
    found = {match[0] for name in ("error page", "API") if (match := _LEAK.search(_said(evidence, name).body))}
    return ", ".join(sorted(found))


def _hsts(evidence: Evidence) -> str:
    if not evidence.https:
        return ""
    value = _said(evidence, "console").header("strict-transport-security")
    age = re.search(r"max-age=(\d+)", value)
    return "" if age and int(age[1]) >= 15_552_000 else value or "-"


H, M, L, C = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.CRITICAL
RULES: Final = (
    Rule(
        "unanswered",
        H,
        _("The site answers all questions"),
        _("See that the web process listens on the address that is asked, and is not overloaded."),
        lambda e: ", ".join(f"{name}: {why}" for name, why in e.unanswered.items()),
        "self-audit",
    ),
    Rule(
        "https",
        C,
        _("HTTPS is declared"),
        _("End TLS in front of the platform and set RUSTOK_SCHEME=https."),
        lambda e: "" if e.https else "http",
    ),
    Rule(
        "hsts",
        H,
        _("Browsers are told to stay with HTTPS"),
        _("Strict-Transport-Security for at least half a year; do not strip it in the proxy."),
        _hsts,
    ),
    Rule(
        "csp",
        H,
        _("Every answer has a content security policy with its cornerstones"),
        _("Keep default-src, frame-ancestors and base-uri; do not strip the header in the proxy."),
        _loose_policy,
    ),
    Rule(
        "csp-inline",
        H,
        _("Console pages run no inline scripts but their own"),
        _("Take 'unsafe-inline' and wildcards out of script-src."),
        _inline,
    ),
    Rule(
        "csp-nonce",
        H,
        _("The nonce of scripts changes with every answer"),
        _("Do not cache console pages in the proxy."),
        _nonce,
    ),
    Rule(
        "csp-eval",
        H,
        _("Console pages evaluate no texts as code"),
        _("Take 'unsafe-eval' out of script-src."),
        lambda e: "'unsafe-eval'" if "'unsafe-eval'" in _script_sources(e) else "",
    ),
    Rule(
        "nosniff",
        M,
        _("Browsers guess no content types"),
        "X-Content-Type-Options: nosniff",
        _lacking("x-content-type-options", "nosniff"),
    ),
    Rule(
        "framing",
        M,
        _("Nobody frames the pages"),
        "X-Frame-Options: DENY",
        _lacking("x-frame-options", "deny", "sameorigin"),
    ),
    Rule(
        "referrer",
        L,
        _("Addresses do not travel to other sites"),
        "Referrer-Policy: strict-origin-when-cross-origin",
        _lacking("referrer-policy", "origin", "no-referrer"),
    ),
    Rule(
        "permissions",
        L,
        _("Pages may not use devices"),
        _("Permissions-Policy that turns cameras, microphones and payments off"),
        _lacking("permissions-policy", "camera=()"),
    ),
    Rule(
        "opener",
        M,
        _("Pages are isolated from who opened them"),
        "Cross-Origin-Opener-Policy: same-origin",
        _lacking("cross-origin-opener-policy", "same-origin"),
    ),
    Rule(
        "resource",
        L,
        _("Other sites cannot embed answers"),
        "Cross-Origin-Resource-Policy: same-origin",
        _lacking("cross-origin-resource-policy", "same-"),
    ),
    Rule(
        "cookies",
        H,
        _("Cookies are closed to scripts and to other sites"),
        _("HttpOnly, SameSite and, over HTTPS, Secure; a proxy must not rewrite them."),
        _cookies,
    ),
    Rule(
        "cors",
        H,
        _("Strange web origins may not call the API"),
        _("List web origins in the trust policy of the shop; never '*'."),
        _foreign_origin,
        "limits",
    ),
    Rule(
        "caching",
        M,
        _("Private answers are not kept by caches"),
        _("Cache-Control: no-store, or private; the proxy must not override it."),
        _kept,
    ),
    Rule("banner", L, _("Answers name no versions of servers"), _("Take the Server header out in the proxy."), _banner),
    Rule("trace", M, _("TRACE is refused"), _("Refuse TRACE in the proxy as well."), _reflected),
    Rule(
        "methods",
        L,
        _("Odd methods are refused"),
        _("Answer 405 or 501 to methods that are not used."),
        _answered("odd method", 400, 401, 403, 404, 405, 501),
    ),
    Rule(
        "hosts",
        H,
        _("Unknown, doubled and forwarded host names are not served"),
        _("List only your proxies in RUSTOK_TRUSTED_PROXIES, and let them set one Host."),
        _confused,
    ),
    Rule("redirect", H, _("No address leads to another site"), _("Report it: this is a defect."), _redirected),
    Rule("leak", H, _("Error pages tell nothing about the inside"), _("Turn RUSTOK_DEBUG off."), _leaking),
    Rule(
        "metrics",
        M,
        _("Metrics and details of health are closed to strangers"),
        _("The proxy must set X-Forwarded-For, or refuse /metrics and /health."),
        lambda e: " ".join(
            filter(
                None,
                (_answered("metrics from afar", 401, 403, 404)(e), _answered("detail from afar", 401, 403, 404)(e)),
            )
        ),
    ),
    Rule(
        "webhook-allow",
        H,
        _("Webhooks cannot reach this machine"),
        _("Empty RUSTOK_WEBHOOK_ALLOW; it is for demo and tests."),
        lambda _e: ", ".join(config().webhook_allow),
    ),
    Rule(
        "old-keys",
        L,
        _("No key is older than a year"),
        _("Rotate API keys and signing keys; both kinds overlap."),
        lambda e: str(e.old_keys or ""),
    ),
    Rule(
        "fallbacks",
        L,
        _("No former secret key is in use"),
        _("Run manage.py secrets renew; when nothing waits any more, empty RUSTOK_SECRET_KEY_FALLBACKS."),
        lambda _e: str(len(config().secret_key_fallbacks) or ""),
    ),
)
