"""`manage.py config`: values with their origin, production rules, and the reference page."""

import io

import orjson
import pytest
from django.core.management import CommandError, call_command
from pydantic import SecretStr

from rustok.config import Config
from rustok.config_reference import PAGE, page, shown
from rustok.deployment import RULES, deployment_problems

SAFE = {
    "environment": "production",
    "secret_key": "x" * 40,
    "base_domain": "shops.example",
    "scheme": "https",
    "debug": False,
    "demo": False,
    "webhook_allow": (),
}


def run(*arguments):
    out = io.StringIO()
    call_command("config", *arguments, stdout=out)
    return out.getvalue()


def problems_of(origin="environment", **changes):
    values = Config(**{**SAFE, **changes})
    return [rule.id for rule in deployment_problems(values, dict.fromkeys(Config.model_fields, origin))]


def test_every_value_is_shown_with_its_origin():
    rows = orjson.loads(run("show", "--json"))

    assert rows.keys() == Config.model_fields.keys()
    assert {row["origin"] for row in rows.values()} <= {
        "environment",
        "config/local.toml",
        "config/default.toml",
        "default",
    }


def test_no_secret_is_shown(monkeypatch):
    from rustok import config

    secret = config.config().secret_key.get_secret_value()
    password = config.config().database_url.get_secret_value().partition("@")[0].rpartition(":")[2]

    assert secret not in run("show")
    assert password not in run("show", "--json")


def test_no_secret_of_a_list_is_shown():
    assert shown((SecretStr("o" * 40),)) == ["********"]


def test_a_production_configuration_passes():
    assert problems_of() == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"debug": True}, "rustok.E001"),
        ({"origin": "default"}, "rustok.E002"),
        ({"webhook_allow": ("127.0.0.1:9",)}, "rustok.E003"),
        ({"demo": True}, "rustok.E004"),
        ({"scheme": "http"}, "rustok.E005"),
        ({"environment": "development"}, "rustok.E006"),
        ({"base_domain": "localhost"}, "rustok.E007"),
    ],
)
def test_each_rule_finds_what_it_is_about(changes, rule):
    assert problems_of(**changes) == [rule]


def test_every_rule_is_tested_above():
    assert len(RULES) == 7


def test_a_test_environment_is_not_fit_for_production():
    with pytest.raises(CommandError, match="not fit for production"):
        run("check")


def test_the_reference_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python manage.py config docs`"


def test_every_setting_has_a_description_and_a_row():
    for name, field in Config.model_fields.items():
        assert field.description, name
        assert f"`RUSTOK_{name.upper()}`" in page()


def test_values_are_shown_one_a_line():
    lines = run("show").splitlines()

    assert len(lines) == len(Config.model_fields)
    assert all(line.startswith("RUSTOK_") for line in lines)


def test_a_stale_page_is_told(monkeypatch, tmp_path):
    stale = tmp_path / "configuration.md"
    monkeypatch.setattr("apps.lifecycle.management.commands.config.PAGE", stale)

    with pytest.raises(CommandError, match="stale"):
        run("docs", "--check")
    run("docs")

    assert run("docs", "--check") == "configuration.md is current\n"


def test_the_verdict_is_readable_by_scripts():
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("config", "check", "--json", stdout=out)

    assert orjson.loads(out.getvalue())["ok"] is False
