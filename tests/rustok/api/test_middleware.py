"""The outermost door: names, traces, security headers and an answer to whatever happens inside."""

from __future__ import annotations

import re

import pytest

from tests.rustok.api.sample import SECRET

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


def test_request_is_named(sample):
    answer = sample.get("/open/")

    assert answer.json()["name"] == answer["X-Request-ID"]


def test_well_formed_name_of_the_caller_is_kept(sample):
    assert sample.get("/open/", headers={"x-request-id": "order-7.1_a"})["X-Request-ID"] == "order-7.1_a"


@pytest.mark.parametrize("name", ["", "a b", "-a", "x" * 65, 'a"b', "a\r\nSet-Cookie: x", "é"])
def test_any_other_name_is_replaced(sample, name):
    assert re.fullmatch(r"[0-9a-f-]{36}", sample.get("/open/", headers={"x-request-id": name})["X-Request-ID"])


def test_trace_of_the_caller_is_continued(sample):
    answer = sample.get("/open/", headers={"traceparent": PARENT, "tracestate": "a=1"})

    _version, trace, span, flags = answer["traceparent"].split("-")
    assert (trace, flags, answer["tracestate"]) == ("a" * 32, "01", "a=1")
    assert span != "b" * 16


@pytest.mark.parametrize(
    ("path", "parent", "flags"),
    [
        ("/open/", "", "01"),
        ("/demo/receiver/", "", "00"),
        ("/demo/receiver/", PARENT, "01"),
        ("/static/x", PARENT, "00"),
    ],
    ids=["any", "in masses", "in masses, asked for", "static"],
)
def test_what_comes_in_masses_begins_no_recorded_trace(sample, path, parent, flags):
    headers = {"traceparent": parent} if parent else {}

    assert sample.get(path, headers=headers)["traceparent"].endswith(f"-{flags}")


def test_broken_trace_starts_a_new_one(sample):
    assert sample.get("/open/", headers={"traceparent": "00-zz-1-01"})["traceparent"] != PARENT


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


@pytest.mark.parametrize("path", ["/open/", "/nowhere/", "/plain/defect/", "/admin/missing/"])
def test_every_answer_is_secured(sample, path):
    answer = sample.get(path)

    assert {name: answer[name] for name in HEADERS} == HEADERS
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "camera=()" in answer["Permissions-Policy"]


def test_data_may_load_nothing(sample):
    assert sample.get("/open/")["Content-Security-Policy"].startswith("default-src 'none'")


def test_https_deployments_insist_on_https(sample, monkeypatch):
    assert "Strict-Transport-Security" not in sample.get("/open/")

    monkeypatch.setattr("rustok.api.headers.config", lambda: type("Https", (), {"scheme": "https"}))
    assert "max-age=31536000" in sample.get("/open/")["Strict-Transport-Security"]


PLAIN = {
    "/nowhere/": (404, 4001),
    "/things": (404, 4001),
    "/plain/404/": (404, 4001),
    "/plain/403/": (403, 1003),
    "/plain/400/": (400, 2001),
    "/plain/503/": (503, 5001),
    "/plain/405/": (405, 4002),
    "/plain/defect/": (500, 5000),
    "/admin/autocomplete/": (403, 1003),
    "/static/nowhere.js": (404, 4001),
}


@pytest.mark.parametrize(("path", "expected"), PLAIN.items(), ids=PLAIN)
def test_errors_outside_the_api_are_problems_too(sample, path, expected):
    answer = sample.get(path)

    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == expected
    assert answer.json()["instance"] == path
    assert SECRET not in answer.content.decode()


def test_a_file_that_is_not_there_is_refused_before_any_tenant_is_looked_for(client):
    answer = client.get("/static/nowhere.js", headers={"host": "a..localhost"})

    assert (answer.status_code, answer.json()["code"]) == (404, 4001)


def test_allow_header_survives(sample):
    assert sample.get("/plain/405/")["Allow"] == "PUT"


def test_too_many_form_fields_are_a_problem(sample):
    answer = sample.post(
        "/plain/form/", "&".join(f"a{n}=1" for n in range(2000)), content_type="application/x-www-form-urlencoded"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, 2001)


def test_large_form_is_too_large(sample):
    answer = sample.post("/plain/form/", "a=" + "x" * 2_000_000, content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, answer.json()["code"]) == (413, 2004)


def browse(client, path, **headers):
    return client.get(path, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"} | headers)


@pytest.mark.parametrize(
    ("path", "status"), [("/admin/missing/", 404), ("/admin/defect/", 500), ("/admin/nowhere/", 404)]
)
def test_people_in_the_console_get_a_page(sample, path, status):
    answer = browse(sample, path)

    assert (answer.status_code, answer["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("headers", [{"sec-fetch-mode": "cors"}, {"x-requested-with": "XMLHttpRequest"}], ids=str)
def test_background_calls_of_the_console_get_data(sample, headers):
    assert browse(sample, "/admin/missing/", **headers)["Content-Type"] == "application/problem+json"


def test_browsers_outside_the_console_get_data(sample):
    assert browse(sample, "/nowhere/")["Content-Type"] == "application/problem+json"


def test_cross_site_form_is_refused_with_a_code(sample):
    sample.handler.enforce_csrf_checks = True

    answer = sample.post("/plain/form/", {"a": "1"})

    assert (answer.status_code, answer.json()["code"]) == (403, 1004)


HOSTS = {"nowhere.localhost": 404, "a..localhost": 400, "a b": 400, "": 400, "evil.example": 404}


@pytest.mark.parametrize(("host", "status"), HOSTS.items(), ids=HOSTS)
def test_hosts_that_lead_nowhere_are_problems(sample, host, status):
    answer = sample.get("/open/", headers={"host": host})

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("header", ["x-forwarded-host", "x-tenant-id", "x-tenant", "forwarded"])
def test_forged_tenant_headers_change_nothing(sample, header):
    answer = sample.get("/things/", headers={header: "globex.localhost"})

    assert answer.status_code == 200


def test_problem_speaks_the_language_of_the_caller(sample):
    assert sample.get("/things/?x=1", headers={"accept-language": "ru"})["Content-Language"] == "ru"


@pytest.mark.parametrize("method", ["TRACE", "BREW"])
def test_methods_that_nobody_has_are_refused_with_those_that_there_are(acme, client_of, method):
    answer = client_of(acme).generic(method, "/api/v1/orders/")

    assert (answer.status_code, answer["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
