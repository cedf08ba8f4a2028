"""What operators decide: the mode, single breakers; over services, REST, the command line and the console."""

import json
import time
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apps.health.queries import beats
from apps.health.tasks import heartbeat
from apps.operations.errors import NothingToLift
from apps.operations.models import Override
from apps.operations.overrides import OverrideWatch, current_mode, hold_again
from apps.operations.queries import mode_facts, sick_breakers
from apps.operations.services import Decision, force_breaker, lift_mode, reset_breaker, set_mode
from apps.security.models import AuditEntry
from apps.security.services import create_api_key
from rustok.context import current
from rustok.errors.families import InvalidInput, NotFound, PermissionDenied
from rustok.errors.resilience import CircuitOpen
from rustok.resilience.circuit_breaker import MemoryStore, Registry, State
from rustok.resilience.degradation import DegradationController, Mode, ModeOverride, controller
from rustok.resilience.dependencies import dependency, registry
from tests.support.console import Visitor, notices

pytestmark = pytest.mark.django_db
HOUR = Decision(seconds=3600, reason="storage maintenance")


@pytest.fixture
def rest(platform):
    _row, key = create_api_key(name="operator", permissions=("*:*",), context=platform)
    client = Client(raise_request_exception=False, headers={"host": "localhost", "authorization": f"Bearer {key}"})

    def send(method, path, body=None):
        data = b"" if body is None else json.dumps(body)
        return client.generic(method, f"/api/v1/{path}", data=data, content_type="application/json")

    return send


def test_a_mode_holds_until_its_end_and_is_audited(platform):
    made = set_mode(mode=Mode.MINIMAL, decision=HOUR, context=platform)

    assert current_mode().mode is Mode.MINIMAL
    assert AuditEntry.objects.filter(action="degradation:set", reason=HOUR.reason).exists()
    Override.objects.filter(pk=made.pk).update(until=timezone.now() - timedelta(seconds=1))
    assert current_mode() is None


def test_a_new_decision_replaces_the_old_one_and_lifting_ends_it(platform):
    set_mode(mode=Mode.OFFLINE, decision=HOUR, context=platform)
    set_mode(mode=Mode.DEGRADED, decision=HOUR, context=platform)

    assert mode_facts()["mode"] == "degraded"
    assert Override.objects.filter(lifted_at=None).count() == 1
    lift_mode(context=platform)
    assert current_mode() is None
    with pytest.raises(NothingToLift):
        lift_mode(context=platform)


@pytest.mark.parametrize(
    "decision",
    [Decision(seconds=0, reason="x"), Decision(seconds=604_801, reason="x"), Decision(seconds=60, reason=" ")],
    ids=["no-time", "too-long", "no-reason"],
)
def test_a_decision_needs_an_end_and_a_reason(platform, decision):
    with pytest.raises(InvalidInput):
        set_mode(mode=Mode.MINIMAL, decision=decision, context=platform)


def test_who_may_not_steer_is_refused(context, platform):
    from dataclasses import replace

    stranger = replace(platform, permissions=frozenset({"degradation:read"}))
    for act in (
        lambda: set_mode(mode=Mode.MINIMAL, decision=HOUR, context=stranger),
        lambda: lift_mode(context=stranger),
        lambda: force_breaker(key="payments", state=State.OPEN, decision=HOUR, context=stranger),
        lambda: reset_breaker(key="payments", context=stranger),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_processes_follow_the_table_and_keep_what_they_know(platform, monkeypatch):
    modes = DegradationController()
    watch = OverrideWatch(modes)
    set_mode(mode=Mode.MINIMAL, decision=HOUR, context=platform)
    watch.look()

    assert (modes.mode, modes.override.reason) == (Mode.MINIMAL, HOUR.reason)
    lift_mode(context=platform)
    watch.look()
    assert modes.mode is Mode.FULL


def test_a_breaker_is_held_and_reset(platform):
    force_breaker(key="payments:acme", state=State.OPEN, decision=HOUR, context=platform)
    subject = dependency("payments", key="acme")
    with pytest.raises(CircuitOpen):
        subject.call(len, "")
    [seen] = sick_breakers()
    reset_breaker(key="payments:acme", context=platform)

    assert (seen.key, seen.state, seen.forced, seen.reason) == ("payments:acme", "open", True, HOUR.reason)
    assert subject.call(len, "a") == 1
    assert sick_breakers() == []
    assert AuditEntry.objects.filter(action__in=("breaker:force", "breaker:reset")).count() == 2


def test_a_store_that_forgot_is_told_again_what_holds(platform):
    def held(breakers):
        return {key: record.override.state for key, record in breakers.sick().items()}

    force_breaker(key="payments:acme", state=State.OPEN, decision=HOUR, context=platform)
    force_breaker(key="payments:globex", state=State.CLOSED, decision=HOUR, context=platform)
    reset_breaker(key="payments:globex", context=platform)
    flushed = Registry(MemoryStore(), watching=False)
    assert held(flushed) == {}
    hold_again(flushed)
    reset_breaker(key="payments:acme", context=platform)

    assert held(flushed) == {"payments:acme": State.OPEN}


def test_a_hold_on_a_dependency_holds_it_for_every_shop(platform):
    subject = dependency("payments", key="acme", target="card")
    force_breaker(key="payments", state=State.OPEN, decision=HOUR, context=platform)
    registry().synchronise()
    with pytest.raises(CircuitOpen):
        subject.call(len, "")
    reset_breaker(key="payments", context=platform)
    registry().synchronise()

    assert subject.call(len, "a") == 1


def test_what_nobody_calls_cannot_be_held(platform):
    with pytest.raises(NotFound):
        force_breaker(key="payment:acme", state=State.OPEN, decision=HOUR, context=platform)


def test_the_mode_over_rest(rest):
    chosen = rest("PUT", "degradation/", {"mode": "minimal", "seconds": 600, "reason": "repair"})

    assert (chosen.status_code, chosen.json()["mode"]) == (200, "minimal")
    assert rest("GET", "degradation/").json()["decision"]["reason"] == "repair"
    assert rest("DELETE", "degradation/").status_code == 204
    assert rest("DELETE", "degradation/").status_code == 204
    assert rest("GET", "degradation/").json()["decision"] is None


def test_breakers_over_rest(rest):
    body = {"key": "payments", "state": "open", "seconds": 60, "reason": "receiver down"}

    assert rest("POST", "breakers/force/", body).json()["sick"][0]["key"] == "payments"
    assert "payments" in rest("GET", "breakers/").json()["dependencies"]
    assert rest("POST", "breakers/reset/", {"key": "payments"}).json()["sick"] == []


def test_at_the_command_line(capsys, platform):
    call_command("degradation", "set", "minimal", "--for", "5", "--reason", "repair")
    call_command("degradation", "show", "--json")
    call_command("degradation", "lift")
    call_command("breakers", "force", "payments", "open", "--for", "5", "--reason", "repair")
    call_command("breakers", "list", "--json")
    call_command("breakers", "reset", "payments")
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].startswith("minimal until ")
    assert json.loads(lines[1])["decision"]["reason"] == "repair"
    assert lines[2] == "nobody has decided: measurements choose the mode"
    assert lines[3].startswith("payments  open until ")
    assert json.loads(lines[4])[0]["forced"] is True
    assert lines[5] == "every breaker is closed"
    with pytest.raises(CommandError, match="Nobody has decided"):
        call_command("degradation", "lift")


def test_in_the_console(platform):
    visitor = Visitor("operator")
    done = visitor.do("operations_override", "set_mode", mode="minimal", minutes="5", reason="repair")
    forced = visitor.do("operations_override", "force_breaker", key="payments", state="open", minutes="5", reason="x")
    page = visitor.list("operations_override").content.decode()

    assert "follows" in notices(done)
    assert "follows" in notices(forced)
    assert "repair" in page
    assert "is closed" in notices(visitor.do("operations_override", "reset_breaker", key="payments"))
    assert "decide again" in notices(visitor.do("operations_override", "lift_mode"))
    assert current().platform


@pytest.fixture
def minimal():
    controller().set_override(ModeOverride(mode=Mode.MINIMAL, until=time.time() + 60))
    yield
    controller().set_override(None)


def test_the_console_says_what_is_left_out(platform, minimal):
    page = Visitor("operator").get("/admin/").content.decode()

    assert "Nothing can be changed for now." in page


def test_tasks_that_write_wait_in_minimal(platform, minimal):
    heartbeat()

    assert beats()[0] is None
    controller().set_override(None)
    heartbeat()
    assert beats()[0] is not None
