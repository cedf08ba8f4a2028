"""`manage.py flags`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.usefixtures("beta", "acme")
KEY = "beta-feature"


def run(*arguments):
    out = StringIO()
    call_command("flags", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_set_list_explain_for_everybody():
    assert run("set", KEY, "--on", "--reason", "go")["state"] == "on"
    assert {"key", "owner", "expires", "overdue"} <= set(run("list")[0])
    assert run("explain", KEY)["rule"] == "platform: on for everybody"


def test_set_and_clear_in_one_shop():
    changed = run("set", KEY, "--tenant", "acme", "--percent", "10", "--group", "manager")
    assert (changed["state"], changed["version"]) == ("10 % +", 1)
    assert run("explain", KEY, "--tenant", "acme", "--group", "manager", "--user", "ann")["value"] is True
    assert run("explain", KEY, "--tenant", "globex", "--group", "manager")["value"] is False

    assert run("set", KEY, "--tenant", "acme", "--clear")["state"] == "-"


def test_the_kill_switch():
    assert run("set", KEY, "--on", "--kill")["state"] == "killed"
    assert run("set", KEY, "--revive")["state"] == "on"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["explain", "nothing-here"], "no flag"),
        (["set", "brand-new", "--on"], "owner"),
        (["set", KEY, "--tenant", "acme"], "Say what to set"),
        (["set", KEY, "--percent", "400"], "Between"),
        (["list", "--tenant", "no-such-shop"], "no-such-shop"),
    ],
)
def test_refusals_are_one_clear_line(arguments, line):
    with pytest.raises(CommandError, match=line):
        run(*arguments)


def test_people_get_a_table():
    out = StringIO()
    call_command("flags", "list", stdout=out)

    assert KEY in out.getvalue()
