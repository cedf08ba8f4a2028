"""Headers of every answer: what scripts may run, and that a nonce is good for one answer."""

from __future__ import annotations

import re

from django.template import engines
from django.test import RequestFactory

LOGIN = "/admin/login/"
NONCE = re.compile(r"script-src 'self' 'nonce-([\w-]{22})';")


def test_the_console_runs_scripts_from_here_or_with_the_nonce_of_the_answer(acme, client_of):
    policies = [client_of(acme).get(LOGIN)["Content-Security-Policy"] for _ in range(2)]

    nonces = {NONCE.search(policy)[1] for policy in policies}
    assert len(nonces) == 2
    assert not [policy for policy in policies if "'unsafe-inline'" in policy.split("script-src")[1].split(";")[0]]


def test_a_template_gets_the_nonce_of_its_answer():
    request = RequestFactory().get("/")
    page = engines["django"].from_string('<script nonce="{{ csp_nonce }}"></script>{{ csp_nonce }}')
    text = page.template.render(_context(request))

    first, second = re.findall(r"[\w-]{22}", text)
    assert first == second == request.rustok_nonce


def _context(request):
    from django.template import Context

    from rustok.api.headers import nonce

    return Context(nonce(request))


def test_features_of_the_device_are_closed(acme, client_of):
    answer = client_of(acme).get(LOGIN)

    assert answer["Permissions-Policy"].count("=()") > 10
    assert answer["Cross-Origin-Opener-Policy"] == answer["Cross-Origin-Resource-Policy"] == "same-origin"
