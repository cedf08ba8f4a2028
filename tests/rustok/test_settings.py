"""What settings make of the configuration."""

from __future__ import annotations

import runpy

import pytest

from rustok.config import config
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
