"""The self-audit asks the running site and judges what it answers, not what is configured."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.security.models import SelfAuditRun
from apps.security.selfaudit.evidence import Evidence, questions
from apps.security.selfaudit.probing import Answer, Question, Unanswered, ask
from apps.security.selfaudit.rules import RULES
from apps.security.selfaudit.services import judge, run, score_of, start
from rustok.config import ROOT, config
from rustok.context import current
from rustok.errors.families import PermissionDenied
from tests.support.console import Visitor

LIMIT = 0.3


def site(question: Question) -> Answer:
    """The site itself, in this process: the whole chain of middlewares, no socket."""
    headers = dict(line.split(": ", 1) for line in question.extra)
    if "Host" in headers:
        return Answer(400)  # what the server in front of Django says to two of them
    client = Client(headers={"host": question.host, **headers}, raise_request_exception=False)
    response = client.generic(question.method, question.path)
    cookies = tuple(cookie.OutputString() for cookie in response.cookies.values())
    found = {name.lower(): (value,) for name, value in response.headers.items()}
    body = b"" if response.streaming else response.content
    response.close()
    found |= {"set-cookie": cookies} if cookies else {}
    return Answer(response.status_code, found, body.decode(errors="replace"))


@pytest.fixture(scope="module")
def remembered() -> dict[str, Answer]:
    """Answers are asked for once: they are the same for every rule."""
    return {}


@pytest.fixture
def answers(platform, remembered) -> dict[str, Answer]:
    """What the site answers, all of it."""
    if not remembered:
        remembered.update({name: site(asked) for name, asked in questions("localhost", "").items()})
    return dict(remembered)


def broken(evidence: Evidence) -> set[str]:
    return {finding["code"] for finding in judge(evidence).findings}


OF_THE_PLACE = {"https", "csp-eval"}  # tests speak HTTP


def test_the_site_as_it_is_breaks_no_rule_but_those_of_the_place(answers):
    assert {code for code in broken(Evidence(answers)) if "." not in code} <= OF_THE_PLACE | {"unanswered"}


def changed(answers: dict[str, Answer], name: str, header: str, *values: str) -> dict[str, Answer]:
    answer = answers[name]
    return answers | {name: replace(answer, headers={**answer.headers, header: values})}


CONSOLE_CSP = "default-src 'self'; frame-ancestors 'none'; base-uri 'self'; script-src 'self' "
WEAKER = [
    ("csp", "API", "content-security-policy", ""),
    ("csp-inline", "console", "content-security-policy", CONSOLE_CSP + "'nonce-a' 'unsafe-inline'"),
    ("csp-inline", "shop's console", "content-security-policy", "default-src *"),
    ("csp-nonce", "console", "content-security-policy", CONSOLE_CSP),
    ("nosniff", "static file", "x-content-type-options", ""),
    ("framing", "error page", "x-frame-options", "ALLOW-FROM https://a.example"),
    ("referrer", "health", "referrer-policy", "unsafe-url"),
    ("permissions", "console", "permissions-policy", ""),
    ("opener", "console", "cross-origin-opener-policy", "unsafe-none"),
    ("resource", "API", "cross-origin-resource-policy", "cross-origin"),
    ("cookies", "console", "set-cookie", "rustok_session=x; Path=/; SameSite=Lax"),
    ("cookies", "console", "set-cookie", "rustok_session=x; HttpOnly; SameSite=None"),
    ("cors", "API preflight", "access-control-allow-origin", "*"),
    ("cors", "API from another origin", "access-control-allow-origin", "https://stranger.example"),
    ("caching", "private page", "cache-control", "public, max-age=600"),
    ("banner", "console", "server", "nginx/1.18.0"),
    ("hosts", "forwarded host", "location", "https://stranger.example/admin/login/"),
    ("redirect", "foreign redirect", "location", "//stranger.example/"),
]


@pytest.mark.parametrize(("code", "name", "header", "value"), WEAKER, ids=lambda value: str(value)[:40])
def test_a_weaker_answer_breaks_its_rule(answers, code, name, header, value):
    assert code not in broken(Evidence(answers))
    assert code in broken(Evidence(changed(answers, name, header, value)))


@pytest.mark.parametrize(
    ("code", "name", "answer"),
    [
        ("trace", "TRACE", Answer(200, body="X-Probe: reflected")),
        ("methods", "odd method", Answer(200)),
        ("hosts", "unknown host", Answer(200)),
        ("hosts", "two hosts", Answer(302)),
        ("leak", "error page", Answer(500, body='Traceback: File "/srv/app.py"')),
        ("metrics", "metrics from afar", Answer(200)),
        ("metrics", "detail from afar", Answer(200)),
    ],
)
def test_a_wrong_answer_breaks_its_rule(answers, code, name, answer):
    assert code in broken(Evidence(answers | {name: answer}))


def test_https_needs_hsts_and_secure_cookies(answers):
    found = broken(Evidence(answers, https=True))

    assert {"hsts"} <= found
    assert "https" not in found


def test_knobs_keys_and_silence_count(answers, monkeypatch):
    monkeypatch.setenv("RUSTOK_WEBHOOK_ALLOW", "127.0.0.1:9")
    config.cache_clear()
    found = broken(Evidence(answers, {"health": "timeout"}, old_keys=2))
    monkeypatch.undo()
    config.cache_clear()

    assert {"webhook-allow", "old-keys", "unanswered"} <= found


def test_points_are_those_of_the_reference():
    assert score_of([]) == 100
    assert score_of(["critical", "high", "medium", "low"]) == 49
    assert score_of(["critical"] * 5) == 0


def test_rules_have_codes_of_their_own():
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_a_run_is_kept_with_its_score(platform, answers):
    given = iter(answers.values())
    done = run(context=current(), asker=lambda _asked: next(given))

    assert done.finished_at is not None
    assert "nosniff" in done.passed
    assert SelfAuditRun.objects.get().score == done.score


def test_running_needs_its_permission(platform):
    with pytest.raises(PermissionDenied):
        start(context=replace(current(), permissions=frozenset({"self_audit:read"})))


def test_the_command_fails_below_the_mark_and_says_what_to_set(platform, monkeypatch):
    monkeypatch.setenv("RUSTOK_SELF_AUDIT_ADDRESS", "127.0.0.1:1")
    config.cache_clear()
    out = StringIO()
    with pytest.raises(CommandError, match="below 80"):
        call_command("selfaudit", stdout=out)
    with pytest.raises(CommandError):
        call_command("selfaudit", "--json", stdout=(facts := StringIO()))
    monkeypatch.undo()
    config.cache_clear()

    assert "https: HTTPS is declared" in out.getvalue()
    assert orjson.loads(facts.getvalue())["findings"][0]["severity"] == "critical"


def test_the_page_explains_every_finding(platform):
    visitor = Visitor("operator")
    done = run(context=current(), asker=lambda _asked: Answer(404))

    page = visitor.page("security_selfauditrun", done).content.decode()
    assert "RUSTOK_SCHEME=https" in page
    assert "What is right" in page
    assert visitor.list("security_selfauditrun").status_code == 200


Talk = Callable[[socket.socket], None]


@contextmanager
def server(talk: Talk) -> Iterator[tuple[str, int]]:
    """A server of one connection that says what it wants."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _address = listening.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()
        thread.join(2)


def test_a_question_reads_status_headers_and_body():
    said = b"HTTP/1.1 404 Not Found\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nno"
    with server(lambda connection: (connection.recv(4096), connection.sendall(said))[1]) as address:
        answer = ask(address, Question("a.example", "/", extra=("Accept: */*",)))

    assert (answer.status, answer.headers["set-cookie"], answer.body) == (404, ("a=1", "b=2"), "no")


@pytest.mark.parametrize("said", [b"", b"SSH-2.0\r\n"])
def test_what_is_no_answer_is_said_so(said):
    with (
        server(lambda connection: (connection.recv(4096), connection.sendall(said))[1]) as address,
        pytest.raises(Unanswered),
    ):
        ask(address, Question("a.example", "/"))


def test_a_silent_site_is_not_waited_for():
    done = threading.Event()
    with server(lambda _connection: done.wait(2)) as address:
        started = time.monotonic()
        with pytest.raises(Unanswered):
            ask(address, Question("a.example", "/"), wait=LIMIT)
        assert time.monotonic() - started < LIMIT * 3
        done.set()


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "BREW"])
@pytest.mark.parametrize("path", ["/admin/login/", "/api/v1/api-keys/", "/health/live"])
def test_odd_methods_are_refused_everywhere(platform, method, path):
    assert site(Question("localhost", path, method)).status == 405


def test_no_page_may_evaluate_texts_as_code(answers):
    assert not [name for name in answers if "'unsafe-eval'" in answers[name].header("content-security-policy")]


def test_probes_carry_the_headers_of_every_answer(platform):
    assert site(Question("localhost", "/health/live")).header("x-content-type-options") == "nosniff"


PRODUCTION = {
    "RUSTOK_ENVIRONMENT": "production",
    "RUSTOK_SCHEME": "https",
    "RUSTOK_BASE_DOMAIN": "shops.example.com",
    "RUSTOK_SECRET_KEY": "a long text that nobody guesses, 0123456789 abcdefghijklmnop",
}


def test_an_installation_set_up_as_documented_passes_the_deployment_check():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUSTOK_")}
    environment |= PRODUCTION | {"DJANGO_SETTINGS_MODULE": "rustok.settings"}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)

    assert done.returncode == 0, done.stderr[-500:]


def test_the_documentation_names_what_production_needs():
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

    assert [name for name in PRODUCTION if name not in text] == []
