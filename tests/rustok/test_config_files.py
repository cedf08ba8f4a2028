"""Secrets from files: `RUSTOK_<NAME>_FILE` counts as the environment and is told as origin."""

import pytest

from rustok.config import ConfigurationError, load, provenance, secret_files

KEY = "a-secret-key-of-more-than-32-characters"


@pytest.fixture
def given(monkeypatch, tmp_path):
    def put(name, text):
        file = tmp_path / name
        file.write_text(text)
        monkeypatch.delenv(f"RUSTOK_{name}", raising=False)
        monkeypatch.setenv(f"RUSTOK_{name}_FILE", str(file))
        return file

    return put


def test_a_secret_is_read_from_its_file_without_the_line_end(given):
    file = given("SECRET_KEY", KEY + "\n")

    assert load().secret_key.get_secret_value() == KEY
    assert provenance()["secret_key"] == "RUSTOK_SECRET_KEY_FILE"
    assert secret_files()["secret_key"] == file


def test_lists_and_objects_are_read_too(given):
    given("SECRET_KEY_FALLBACKS", f"{KEY}1, {KEY}2")
    given("TRANSPORTS", '{"backup": "nats://u:p@broker:4222"}')

    read = load()
    assert [key.get_secret_value() for key in read.secret_key_fallbacks] == [KEY + "1", KEY + "2"]
    assert list(read.transports) == ["backup"]


def test_both_ways_at_once_are_refused(given, monkeypatch):
    given("SECRET_KEY", KEY)
    monkeypatch.setenv("RUSTOK_SECRET_KEY", KEY)

    with pytest.raises(ConfigurationError, match="not both"):
        load()


@pytest.mark.parametrize(("name", "text"), [("TRANSPORTS", "{no json"), ("SECRET_KEY", "short")])
def test_what_cannot_be_used_is_told_without_its_content(given, name, text):
    given(name, text)

    with pytest.raises(ConfigurationError) as refusal:
        load()
    assert text not in str(refusal.value)


def test_a_file_that_is_not_there_is_told(given):
    given("SECRET_KEY", KEY).unlink()

    with pytest.raises(ConfigurationError, match="RUSTOK_SECRET_KEY_FILE"):
        load()


def test_only_secrets_come_from_files(given):
    given("BASE_DOMAIN", "example.com")

    assert "base_domain" not in secret_files()
