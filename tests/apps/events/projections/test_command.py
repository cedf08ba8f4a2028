"""`manage.py projections`, as somebody at the shell meets it."""

import json
from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command

from apps.events.projections.states import live_build
from apps.insights.models import StockDay
from tests.support.events import poke, relay
from tests.support.projections import Pokes, counts


@pytest.fixture
def log(pokes, acme):
    poke(*"aab")
    relay()


def command(verb: str, *arguments: str):
    out = StringIO()
    call_command("projections", verb, "--tenant", "acme", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_status_tells_position_and_lag(log):
    facts = {fact["projection"]: fact for fact in command("status")}

    assert facts["pokes"].items() >= {"position": 3, "head": 3, "lag_seconds": 0.0, "outdated": False}.items()


def test_rebuild_compares_swaps_and_sweeps(log):
    StockDay.objects.filter(sku="a").update(movements=40)

    (fact,) = command("rebuild", "--projection", "pokes")

    assert fact.items() >= {"swapped": True, "equal": False, "changed": 1, "rows": 2}.items()
    assert (counts(), StockDay.objects.count()) == ({"a": 2, "b": 1}, 2)


def test_dry_run_compares_and_swaps_nothing(log):
    StockDay.objects.filter(sku="a").update(movements=40)

    (fact,) = command("rebuild", "--projection", "pokes", "--dry-run")

    assert (fact["swapped"], fact["changed"]) == (False, 1)
    assert counts() == {"a": 40, "b": 1}


def test_diff_fails_when_the_builds_differ(log):
    command("rebuild", "--projection", "pokes", "--dry-run")
    assert command("diff", "--projection", "pokes")[0]["equal"]
    StockDay.objects.filter(sku="a", build=live_build("pokes")).update(movements=40)

    with pytest.raises(CommandError, match="differ"):
        command("diff", "--projection", "pokes")


def test_abandon_drops_the_build_under_way(log):
    command("rebuild", "--projection", "pokes", "--dry-run")

    assert command("rebuild", "--projection", "pokes", "--abandon")[0]["abandoned"]
    assert StockDay.objects.count() == 2


def test_only_outdated_ones_are_rebuilt(log, monkeypatch):
    assert command("rebuild", "--outdated") == []
    monkeypatch.setattr(Pokes, "version", 2)

    (fact,) = command("rebuild", "--outdated")

    assert (fact["projection"], fact["swapped"], fact["equal"]) == ("pokes", True, None)


def test_snapshot_starts_a_rebuild(log, tmp_path):
    file = tmp_path / "pokes.json"
    (taken,) = command("snapshot", "--projection", "pokes", "--out", str(file))

    (fact,) = command("rebuild", "--projection", "pokes", "--snapshot", str(file))

    assert (taken["rows"], taken["position"], fact["equal"]) == (2, 3, True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda found: found | {"rows": {"insights_stockday": []}}, "changed"),
        (lambda found: found | {"log": "another"}, "another log"),
        (lambda _found: {}, "no snapshot"),
        (lambda _found: [], "no snapshot"),
    ],
    ids=["rows", "log", "empty", "list"],
)
def test_snapshot_that_is_not_ours_is_refused(log, tmp_path, spoil, said):
    file = tmp_path / "pokes.json"
    command("snapshot", "--projection", "pokes", "--out", str(file))
    file.write_bytes(orjson.dumps(spoil(orjson.loads(file.read_bytes()))))

    with pytest.raises(CommandError, match=said):
        command("rebuild", "--projection", "pokes", "--snapshot", str(file))


def test_unknown_projection_is_one_clear_line(log):
    with pytest.raises(CommandError, match="no projection nothing"):
        command("rebuild", "--projection", "nothing")


def test_platform_has_no_read_models(pokes, platform):
    with pytest.raises(CommandError, match="platform"):
        call_command("projections", "status", "--platform")
