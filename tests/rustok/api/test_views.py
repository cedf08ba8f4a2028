"""The pages about the API: document, viewers, catalogue of errors."""

from __future__ import annotations

import pytest

from rustok.errors import catalogue

PAGE = {"accept": "text/html"}


@pytest.fixture(params=["tenant", "platform"])
def host(request, acme, client_of):
    return client_of(acme) if request.param == "tenant" else client_of()


def test_document_is_openapi_3_1(host):
    answer = host.get("/api/schema/")

    assert (answer.status_code, answer.json()["openapi"]) == (200, "3.1.0")


def test_document_is_sent_once(host):
    tag = host.get("/api/schema/")["ETag"]

    assert host.get("/api/schema/", headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("path", "bundle"), [("/api/docs/", "/static/drf_spectacular_sidecar/"), ("/api/redoc/", "/api/redoc/bundle.js")]
)
def test_viewers_load_everything_from_here(host, path, bundle):
    page = host.get(path, headers=PAGE)

    assert bundle in page.content.decode()
    assert "//" not in page.content.decode().replace("<!doctype", "")
    assert "script-src 'self';" in page["Content-Security-Policy"]


def test_redoc_shows_our_logo_instead_of_asking_a_foreign_server(host):
    bundle = host.get("/api/redoc/bundle.js")

    assert bundle["Content-Type"].startswith("text/javascript")
    assert b"cdn.redoc.ly" not in bundle.content
    assert b"/static/console/mark.svg" in bundle.content
    assert host.get("/api/redoc/bundle.js", headers={"if-none-match": bundle["ETag"]}).status_code == 304


def test_catalogue_lists_every_error(host):
    listed = host.get("/api/errors/").json()["errors"]

    assert [entry["code"] for entry in listed] == [error.code for error in catalogue()]


def test_catalogue_is_a_page_for_people(host):
    page = host.get("/api/errors/", headers=PAGE).content.decode()

    assert all(f'id="{error.code}"' in page for error in catalogue())


def test_catalogue_speaks_the_language_of_the_caller(host):
    page = host.get("/api/errors/", headers=PAGE | {"accept-language": "ru"})

    assert '<html lang="ru">' in page.content.decode()


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/", "/api/redoc/", "/api/errors/"])
def test_pages_are_only_read(host, path):
    answer = host.post(path)

    assert (answer.status_code, answer.json()["code"], answer["Allow"]) == (405, 4002, "GET, HEAD")
