"""The configuration: which layer wins, where values come from, and what stops the process."""

import pytest
from pydantic import ValidationError

from rustok import config as configuration
from rustok.config import Config, ConfigurationError, load, provenance


@pytest.fixture
def layers(monkeypatch, tmp_path):
    """Writes files and variables of one installation; nothing of the machine's own is seen."""
    for name in Config.model_fields:
        monkeypatch.delenv(f"RUSTOK_{name.upper()}", raising=False)
    monkeypatch.setattr(configuration, "ROOT", tmp_path)
    (tmp_path / "config").mkdir()

    def make(default="", local=None, **environment):
        (tmp_path / "config" / "default.toml").write_text(default, encoding="utf-8")
        if local is not None:
            (tmp_path / "config" / "local.toml").write_text(local, encoding="utf-8")
        for name, value in environment.items():
            monkeypatch.setenv(f"RUSTOK_{name.upper()}", value)

    return make


@pytest.mark.parametrize(
    ("given", "port", "origin"),
    [
        ({}, 8000, "default"),
        ({"default": "port = 1"}, 1, "config/default.toml"),
        ({"default": "port = 1", "local": "port = 2"}, 2, "config/local.toml"),
        ({"default": "port = 1", "local": "port = 2", "port": "3"}, 3, "environment"),
    ],
)
def test_the_strongest_layer_wins_and_is_named(layers, given, port, origin):
    layers(**given)

    assert load().port == port
    assert provenance()["port"] == origin


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"port": "none"}, "port: "),
        ({"port": "70000"}, "port: "),
        ({"environment": "staging"}, "environment: "),
        ({"secret_key": "short"}, "secret_key: "),
        ({"dependencies": "{not json"}, "dependencies"),
        ({"local": "no_such_thing = 1"}, "no_such_thing: "),
        ({"local": "port = "}, "local.toml"),
        ({"environment": "production"}, "secret_key: production needs"),
    ],
)
def test_a_value_that_makes_no_sense_stops_the_process_with_one_line(layers, given, complaint):
    layers(**given)

    with pytest.raises(ConfigurationError) as caught:
        load()

    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_problem_is_told_at_once(layers):
    layers(port="none", scheme="gopher")

    with pytest.raises(ConfigurationError, match=r"port: .*scheme: |scheme: .*port: "):
        load()


def test_no_secret_is_told(layers):
    layers(secret_key="hunter2", database_url="postgresql://u:hunter2@db/x")

    with pytest.raises(ConfigurationError) as caught:
        load()

    assert "hunter2" not in str(caught.value)


def test_lists_are_separated_by_commas(layers):
    layers(trusted_proxies="10.0.0.0/8, 192.168.0.0/16,")

    assert load().trusted_proxies == ("10.0.0.0/8", "192.168.0.0/16")


def test_the_configuration_cannot_be_changed(layers):
    layers()

    with pytest.raises(ValidationError):
        load().port = 1


def test_secrets_do_not_print(layers):
    layers(secret_key="s3cret" * 10)

    assert "s3cret" not in repr(load())


@pytest.mark.parametrize(
    ("scheme", "port", "url"),
    [
        ("http", "8000", "http://acme.localhost:8000"),
        ("http", "80", "http://acme.localhost"),
        ("https", "443", "https://acme.localhost"),
        ("https", "8443", "https://acme.localhost:8443"),
    ],
)
def test_public_addresses_leave_standard_ports_out(layers, scheme, port, url):
    layers(scheme=scheme, port=port)

    assert load().public_url("acme.localhost") == url
