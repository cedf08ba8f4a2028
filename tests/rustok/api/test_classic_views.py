"""Views of the REST framework that are no `Endpoint` keep the same promises."""

from __future__ import annotations

import pytest

from tests.rustok.api.sample import SECRET

JSON = "application/json"


def test_credential_is_the_same(sample, client_of, acme):
    assert sample.get("/classic/").json() == {"who": "tester"}
    assert client_of(acme, HTTP_AUTHORIZATION="Bearer x").get("/classic/").json()["code"] == 1001


def test_answers_are_written_by_the_same_renderer(sample):
    answer = sample.post("/classic/", b'{"a": 1}', content_type=JSON)

    assert (answer.status_code, answer.content) == (201, b'{"a":1}')
    assert sample.delete("/classic/").content == b""


BODIES = {
    "malformed": (b"{", JSON, (400, 2003)),
    "NUL": (rb'{"a": "\u0000"}', JSON, (400, 2003)),
    "large": (b" " * 2_000_000, JSON, (413, 2004)),
    "form": (b"a=1", "application/x-www-form-urlencoded", (415, 2005)),
}


@pytest.mark.parametrize(("body", "media", "expected"), BODIES.values(), ids=BODIES)
def test_bodies_are_read_by_the_same_parser(sample, body, media, expected):
    answer = sample.generic("POST", "/classic/", body, content_type=media)

    assert (answer.status_code, answer.json()["code"]) == expected


@pytest.mark.parametrize(("error", "expected"), [("unreadable", (400, 2001)), ("defect", (500, 5000))])
def test_errors_are_problems(sample, error, expected):
    answer = sample.get("/classic/", {"error": error})

    assert (answer.status_code, answer.json()["code"]) == expected
    assert SECRET not in answer.content.decode()


def test_unknown_method_is_a_problem_with_allow(sample):
    answer = sample.put("/classic/", b"{}", content_type=JSON)

    assert (answer.status_code, answer.json()["code"]) == (405, 4002)
    assert "GET" in answer["Allow"]
