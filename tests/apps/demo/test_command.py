"""`manage.py demo load` says what every basket became."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.demo import loading
from apps.demo.management.commands import demo
from apps.demo.stores import STORES


@pytest.fixture
def one_store(demo_on: None, platform: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "STORES", STORES[:1])


def run(*options: str) -> str:
    out = StringIO()
    call_command("demo", "load", *options, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("one_store")
def test_it_accounts_for_every_basket() -> None:
    (shop,) = json.loads(run("--baskets", "2", "--json"))
    text = run("--baskets", "2")

    assert shop["baskets"]["read"] == shop["baskets"]["imported"] + shop["baskets"]["refused"] == 2
    assert text.splitlines()[-1].startswith("2 baskets: ")


@pytest.mark.usefixtures("one_store")
def test_a_failure_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "TRANSACTIONS", loading.TRANSACTIONS.with_name("README.md"))

    with pytest.raises(CommandError, match=r"basket file cannot be read.*run the command again"):
        run("--baskets", "1")
