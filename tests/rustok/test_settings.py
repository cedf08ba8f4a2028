"""What settings make of the configuration."""

from __future__ import annotations

import runpy

import pytest

from rustok.config import ConfigurationError, config
from tests.support.sources import ROOT


@pytest.fixture
def surfaces(monkeypatch):
    def read(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        config.cache_clear()
        return runpy.run_path(str(ROOT / "rustok/settings/surfaces.py"))

    yield read
    monkeypatch.undo()
    config.cache_clear()


@pytest.mark.parametrize(("scheme", "prefix"), [("https", "__Host-"), ("http", "")])
def test_over_https_no_sibling_host_can_plant_a_cookie(surfaces, scheme, prefix):
    """Browsers accept the prefix only from the host itself, with Secure and for all paths."""
    found = surfaces(RUSTOK_SCHEME=scheme)

    assert found["SESSION_COOKIE_NAME"] == f"{prefix}rustok_session"
    assert found["CSRF_COOKIE_NAME"] == f"{prefix}csrftoken"
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is (scheme == "https")
    assert not {"SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_DOMAIN"} & set(found)


@pytest.fixture
def databases(monkeypatch):
    def read(url):
        monkeypatch.setenv("RUSTOK_DATABASE_URL", url)
        config.cache_clear()
        return runpy.run_path(str(ROOT / "rustok/settings/data.py"))["DATABASES"]["default"]

    yield read
    monkeypatch.undo()
    config.cache_clear()


def test_what_the_address_of_the_database_asks_for_is_done(databases):
    """An encrypted connection that somebody asked for must not become one in clear."""
    found = databases(
        "postgresql://shop:p%40ss@one,two:5433/rustok?sslmode=verify-full&target_session_attrs=read-write"
        "&options=-c%20jit%3Doff"
    )

    assert [found[name] for name in ("NAME", "USER", "PASSWORD", "HOST")] == ["rustok", "shop", "p@ss", "one,two"]
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["target_session_attrs"] == "read-write"
    assert found["OPTIONS"]["options"].startswith("-c jit=off -c statement_timeout=")


def test_an_address_that_is_none_stops_the_process_with_one_line_and_tells_no_secret(databases):
    with pytest.raises(ConfigurationError, match=r"database_url: ") as caught:
        databases("postgresql://shop:hunter2@db/rustok?no_such_parameter=1")

    assert "hunter2" not in str(caught.value)
