"""Alert rules and dashboard name only what the product exposes, and what is exposed is fed by some code (trap 44)."""

import ast
import json
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from rustok.health import checks
from rustok.operations import Criticality
from rustok.resilience.dependencies import DEFAULTS
from rustok.telemetry.metrics import REGISTRY
from tests.support.sources import sources

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
TESTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yml").read_text())
BOARD = json.loads((DEPLOY / "grafana" / "rustok.json").read_text())
RULES = {rule["alert"]: rule for group in ALERTS["groups"] for rule in group["rules"]}
PANELS = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in BOARD["panels"]
    for target in panel.get("targets", ())
}
EXPRESSIONS = {name: rule["expr"] for name, rule in RULES.items()} | PANELS
KINDS = {"Counter", "Gauge", "Histogram"}
SUFFIXES = {Counter: ("_total",), Histogram: ("_bucket", "_sum", "_count"), Gauge: ("",)}
METRIC = re.compile(r"\brustok_\w+")
SELECTOR = re.compile(r"(\brustok_\w+)\{([^}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
BY = re.compile(r"\bby \(([^)]*)\)")
KNOWN_VALUES = {
    ("rustok_health_check_status", "check"): {check.name for check in checks()} | {"certificate"},
    ("rustok_health_check_value", "check"): {check.name for check in checks()} | {"certificate"},
    ("rustok_circuit_breaker_state", "dependency"): set(DEFAULTS),
    ("rustok_admission_refused", "criticality"): {one.name.lower() for one in Criticality},
}


def exposed():
    """Every series name with its label names, whichever module declares it."""
    for source in sources():
        if "registry=REGISTRY" in source.text:
            import_module(source.path.removesuffix(".py").replace("/", "."))
    found = {}
    for collector in set(REGISTRY._collector_to_names):
        labels = set(collector._labelnames)
        for suffix in SUFFIXES[type(collector)]:
            found[f"{collector._name}{suffix}"] = labels | ({"le"} if suffix == "_bucket" else set())
    return found


SERIES = exposed()


def complaints(expression):
    """What an expression names that is not there."""
    names = METRIC.findall(expression)
    yield from (name for name in names if name not in SERIES)
    labels = set().union(*(SERIES.get(name, set()) for name in names)) if names else set()
    for listed in BY.findall(expression):
        yield from (f"by {label.strip()}" for label in listed.split(",") if label.strip() not in labels)
    for name, matchers in SELECTOR.findall(expression):
        for label, sign, value in MATCHER.findall(matchers):
            if label not in SERIES.get(name, set()):
                yield f"{name}{{{label}}}"
            known = KNOWN_VALUES.get((name.removesuffix("_total"), label))
            if known is not None and sign == "=" and value not in known:
                yield f"{name}{{{label}={value}}}"


@pytest.mark.parametrize("name", sorted(EXPRESSIONS))
def test_alerts_and_panels_name_only_what_is_exposed(name):
    assert METRIC.search(EXPRESSIONS[name])
    assert list(complaints(EXPRESSIONS[name])) == []


@pytest.mark.parametrize(
    "expression",
    ["sum(rate(rustok_nothing_total[5m]))", 'rustok_service_mode{shop="a"}', "max by (shop) (rustok_service_mode)",
     'rustok_health_check_value{check="moon"}'],
)  # fmt: skip
def test_a_wrong_name_would_be_found(expression):
    assert list(complaints(expression))


def test_every_rule_has_a_severity_an_action_and_a_test_that_it_fires_and_keeps_quiet():
    tested = {}
    for case in TESTS["tests"]:
        for part in case["alert_rule_test"]:
            tested.setdefault(part["alertname"], set()).add(bool(part["exp_alerts"]))
    assert tested == {name: {True, False} for name in RULES}
    assert {rule["labels"]["severity"] for rule in RULES.values()} == {"warning", "critical"}
    assert all(rule["annotations"].keys() == {"summary", "action"} for rule in RULES.values())


def test_every_metric_is_on_the_dashboard():
    shown = {name for expression in PANELS.values() for name in METRIC.findall(expression)}
    bases = {collector._name for collector in REGISTRY._collector_to_names}
    assert sorted(base for base in bases if not any(name.startswith(base) for name in shown)) == []


def declared():
    """The variable of every metric of the code, with where it is declared."""
    for source in sources():
        for node in ast.walk(source.tree):
            made = node.value if isinstance(node, ast.AnnAssign) else None
            if isinstance(made, ast.Call) and getattr(made.func, "id", "") in KINDS and made.args:
                yield node.target.id


def fed(tree):
    """Names on which inc, set or observe is called, also through labels(…) or as one of several in a loop."""
    loops = {name.id for node in ast.walk(tree) if isinstance(node, ast.For) for name in ast.walk(node.iter)
             if isinstance(name, ast.Name)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"inc", "set", "observe", "labels"}:
            target = node.func.value
            while isinstance(target, ast.Call):
                target = getattr(target.func, "value", None)
            yield getattr(target, "id", None) or getattr(target, "attr", "")
    yield from loops


def test_every_metric_is_fed():
    feeding = {name for source in sources() for name in fed(source.tree)}
    assert len(set(declared())) > 30
    assert sorted(set(declared()) - feeding) == []


def test_every_function_that_feeds_is_called_by_another_module():
    feeders, used = {}, {}
    for source in sources():
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith(("observe_", "count_step")):
                feeders[node.name] = source.path
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Name):
                used.setdefault(node.id, set()).add(source.path)
    assert len(feeders) > 10
    assert [name for name, home in feeders.items() if not used.get(name, set()) - {home}] == []


@pytest.mark.parametrize("code", ["A.inc()", "A.labels('x').inc(2)", "metrics.A.set(1)", "for c in (A, B): c.inc()"])
def test_feeding_is_recognised(code):
    assert "A" in set(fed(ast.parse(code)))
