"""The language of a request, end to end."""

import pytest


@pytest.mark.parametrize(
    ("query", "headers", "language"),
    [("?lang=ru", {}, "ru"), ("", {"accept-language": "ru;q=0.9, en;q=0.1"}, "ru"), ("", {}, "en")],
)
def test_the_answer_names_its_language(client_of, acme, query, headers, language):
    answer = client_of(acme).get(f"/admin/login/{query}", headers=headers)

    assert answer["Content-Language"] == language
    assert {"Accept-Language", "Cookie"} <= set(answer["Vary"].split(", "))
