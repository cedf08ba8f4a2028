"""The road of a REST request."""

from __future__ import annotations

import pytest

from apps.security.models import AuditEntry
from apps.security.services import create_api_key
from rustok.api import Endpoint, operation
from rustok.operations import Criticality
from tests.rustok.api.sample import SECRET

JSON = "application/json"


def make(client, body=None, **headers):
    return client.post("/things/", body or {"name": "a"}, content_type=JSON, headers=headers)


def made() -> int:
    return AuditEntry.objects.filter(action="sample:make").count()


def problem(answer):
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_answer_carries_status_version_and_headers(sample):
    answer = make(sample)

    assert (answer.status_code, answer.json()) == (201, {"name": "a", "version": 1})
    assert (answer["ETag"], answer["Location"], answer["Cache-Control"]) == ('"1"', "/things/1/", "no-store")


def test_models_are_answers_too(sample):
    answer = sample.get("/open/")

    assert (answer.json()["version"], answer["ETag"]) == (7, '"7"')


def test_answer_without_data_has_no_content(sample):
    answer = sample.delete("/open/")

    assert (answer.status_code, answer.content, answer.get("Content-Type")) == (204, b"", None)


def test_public_operation_needs_no_credential(acme, client_of, settings):
    settings.ROOT_URLCONF = "tests.rustok.api.sample"

    assert client_of(acme).get("/open/").status_code == 200


def test_refusals_name_the_scheme(acme, client_of, settings):
    settings.ROOT_URLCONF = "tests.rustok.api.sample"

    answer = client_of(acme).get("/things/")

    assert problem(answer) == (401, 1001)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_missing_grant_is_named(sample, acme, context, client_of):
    _key, plain = create_api_key(name="weak", permissions=["thing:read"], context=context)

    answer = make(client_of(acme, HTTP_AUTHORIZATION=f"Bearer {plain}"))

    assert problem(answer) == (403, 1003)
    assert "thing:create" in answer.json()["detail"]


def test_unknown_method_says_what_is_allowed(sample):
    answer = sample.patch("/things/")

    assert problem(answer) == (405, 4002)
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_options_lists_the_methods(sample):
    answer = sample.options("/things/")

    assert (answer.status_code, answer["Allow"]) == (204, "GET, POST, HEAD, OPTIONS")


def test_head_answers_like_get_without_a_body(sample):
    answer = sample.head("/open/")

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "application/json;q=0.5, text/html", "text/html, */*;q=0.1", "APPLICATION/JSON"]
)
def test_fitting_accept_is_served(sample, accept):
    assert sample.get("/open/", headers={"accept": accept}).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0", "application/jsonp"])
def test_other_accept_is_not_acceptable(sample, accept):
    assert problem(sample.get("/open/", headers={"accept": accept})) == (406, 4003)


BODIES = {
    "malformed": (b"{", JSON, (400, 2003)),
    "invalid UTF-8": (b'{"name": "\xff"}', JSON, (400, 2003)),
    "NUL": (rb'{"name": "\u0000"}', JSON, (400, 2003)),
    "deep": (b"[" * 100_000, JSON, (400, 2003)),
    "wrong type": (b'{"name": 1}', JSON, (400, 2001)),
    "no body": (b"", JSON, (400, 2001)),
    "unknown member": (b'{"name": "a", "x": 1}', JSON, (400, 2001)),
    "form": (b"name=a", "application/x-www-form-urlencoded", (415, 2005)),
    "10 MB": (b'{"name": "' + b"a" * 10_000_000 + b'"}', JSON, (413, 2004)),
}


@pytest.mark.parametrize(("body", "media", "expected"), BODIES.values(), ids=BODIES)
def test_bad_bodies_are_typed_problems_and_do_nothing(sample, body, media, expected):
    assert problem(sample.generic("POST", "/things/", body, content_type=media)) == expected
    assert made() == 0


@pytest.mark.parametrize("query", ["?limit=1", "?page_size=0", "?page_size=x", "?cursor=garbage", "?name=a&name=b"])
def test_bad_query_is_never_ignored(sample, query):
    assert problem(sample.get(f"/things/{query}")) == (400, 2001)


def test_language_may_be_asked_for_anywhere(sample):
    assert sample.get("/things/?lang=en").status_code == 200


def test_matching_version_is_accepted(sample):
    assert make(sample, **{"If-Match": '"1"'}).status_code == 201
    assert make(sample, **{"If-Match": "*"}).status_code == 201


def test_other_version_fails_the_precondition(sample):
    assert problem(make(sample, **{"If-Match": '"2"'})) == (412, 4004)


@pytest.mark.parametrize("tag", ["1", 'W/"1"', '"x"', '"1", "2"', ""])
def test_what_is_no_version_is_refused(sample, tag):
    assert problem(make(sample, **{"If-Match": tag})) == (400, 2001)


def test_same_key_and_request_are_one_effect(sample):
    first = make(sample, **{"Idempotency-Key": "k 1"})
    again = make(sample, **{"Idempotency-Key": "k 1"})

    assert (first.content, first["ETag"], first["Location"]) == (again.content, again["ETag"], again["Location"])
    assert (again.status_code, again["Idempotency-Replayed"], "Idempotency-Replayed" in first) == (201, "true", False)
    assert made() == 1


def test_same_key_with_another_body_is_refused(sample):
    make(sample, **{"Idempotency-Key": "k"})

    assert problem(make(sample, {"name": "b"}, **{"Idempotency-Key": "k"})) == (422, 2006)
    assert made() == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\tb", "é", "a "])
def test_bad_keys_are_refused(sample, key):
    assert problem(make(sample, **{"Idempotency-Key": key})) == (400, 2001)
    assert made() == 0


def test_defect_tells_nothing_of_the_inside(sample, capfd):
    answer = sample.get("/broken/")

    assert problem(answer) == (500, 5000)
    assert SECRET not in answer.content.decode()
    assert answer.json()["trace_id"] == answer["traceparent"].split("-")[1]


def test_database_trouble_is_said_to_pass(sample):
    answer = sample.post("/broken/")

    assert problem(answer) == (503, 5001)
    assert (answer["Retry-After"], answer.json()["retryable"]) == ("1", True)


def test_handler_without_declaration_fails_at_import():
    with pytest.raises(TypeError, match="carries no @operation"):
        type("Bad", (Endpoint,), {"get": lambda self, call: None})


def test_nonsense_permission_fails_at_import():
    with pytest.raises(ValueError, match="no permission"):
        operation("sample.bad", permission="everything", criticality=Criticality.LOW)
