"""`dependency()`: what it composes, from which configuration; bulkhead and time limits by themselves."""

import asyncio
import threading
import time

import pytest

from rustok import context
from rustok.config import Config, DependencySettings
from rustok.errors.families import ExternalServiceTimeout, NotFound
from rustok.resilience import BulkheadFull, CircuitOpen, dependency
from rustok.resilience import dependency as face
from rustok.resilience.bulkhead import Bulkhead
from rustok.resilience.circuit_breaker import State
from rustok.resilience.dependencies import DEFAULTS, policy_of, registry, settings_of, speaks_against
from rustok.resilience.timeout import await_within, call_within, limited
from rustok.telemetry import span
from tests.support.spans import recording


@pytest.fixture
def configured(monkeypatch):
    """Put a configuration in the place of the process's."""

    def put(**dependencies):
        values = Config(dependencies={name: DependencySettings(**facts) for name, facts in dependencies.items()})
        monkeypatch.setattr("rustok.resilience.dependencies.config", lambda: values)

    return put


def refuse(error):
    raise error


def test_a_call_goes_through():
    assert dependency("oidc").call(max, 1, 2) == 2


def test_breakers_are_per_dependency_key_and_target():
    sick, target, neighbour = (dependency("oidc", key=key, target=to) for key, to in ((1, ""), (1, "a"), (2, "")))
    for _ in range(sick.breaker.policy.failures):
        with pytest.raises(ConnectionError):
            sick.call(refuse, ConnectionError())

    with pytest.raises(CircuitOpen):
        sick.call(len, "")
    assert target.call(len, "") == neighbour.call(len, "") == 0
    assert sick.breaker.key == "oidc:1"


def test_a_block_is_guarded_and_told_its_time():
    with dependency("oidc", key="block").guard() as call:
        assert 0 < call.seconds <= DEFAULTS["oidc"].timeout
        assert context.current().remaining() <= call.seconds
        call.failed()

    assert dependency("oidc", key="block").breaker.tally.failed == 1


def test_retries_come_from_the_configuration(configured):
    configured(shaky={"attempts": 3, "retry_base": 0.001, "retry_jitter": 0})
    left = [ConnectionError(), ConnectionError()]

    assert dependency("shaky").call(lambda: refuse(left.pop()) if left else "done") == "done"


def test_what_is_not_named_keeps_its_default(configured):
    configured(payments={"timeout": 2.0})

    assert settings_of("payments").timeout == 2.0
    assert settings_of("payments").window == DEFAULTS["payments"].window
    assert settings_of("unheard-of") == DependencySettings()


def test_a_lease_outlasts_the_longest_probe():
    assert all(policy_of(settings).lease_seconds > settings.timeout for settings in DEFAULTS.values())


@pytest.mark.parametrize(
    ("error", "against"),
    [(ConnectionError(), True), (NotFound(resource="x"), False), (ExternalServiceTimeout(service="x"), True)],
    ids=["connection", "answer", "timeout"],
)
def test_what_speaks_against_a_dependency(error, against):
    assert speaks_against(error) is against


def test_asynchronous_calls(configured):
    configured(slow={"timeout": 0.05})

    async def quick():
        return 1

    async def hangs():
        await asyncio.sleep(30)

    assert asyncio.run(dependency("slow").call_async(quick)) == 1
    with pytest.raises(ExternalServiceTimeout):
        asyncio.run(dependency("slow").call_async(hangs))


def test_a_full_bulkhead_refuses_in_time():
    bulkhead = Bulkhead("payments", concurrent=1, wait=0.02)

    async def second():
        async with bulkhead:
            raise AssertionError("must not get in")

    with bulkhead:
        with pytest.raises(BulkheadFull), bulkhead:
            raise AssertionError("must not get in")
        with pytest.raises(BulkheadFull):
            asyncio.run(second())
    with bulkhead:
        pass


def test_a_limit_never_moves_a_deadline_back():
    with limited(5) as outer, limited(60) as inner:
        assert inner <= outer <= 5


def test_a_call_that_cannot_be_told_is_left_behind():
    gate = threading.Event()
    started = time.monotonic()
    with pytest.raises(ExternalServiceTimeout):
        call_within(0.05, gate.wait, 30)
    gate.set()

    assert time.monotonic() - started < 5


def test_a_call_within_its_time_has_the_callers_context():
    with context.use(context.ExecutionContext(request_id="mine")):
        assert call_within(5, lambda: context.current().request_id) == "mine"
    with pytest.raises(KeyError):
        call_within(5, {}.__getitem__, "x")


def test_awaiting_within_a_time():
    async def quick():
        return 2

    assert asyncio.run(await_within(5, quick(), service="x")) == 2


@pytest.mark.parametrize(
    ("kind", "store"), [("redis", "RedisStore"), ("postgresql", "PostgresBreakerStore")], ids=["redis", "postgresql"]
)
def test_the_configuration_names_the_store(monkeypatch, kind, store):
    monkeypatch.setattr("rustok.resilience.dependencies.config", lambda: Config(breaker_store=kind))

    assert type(registry().records._primary._inner).__name__ == store


def test_what_a_sick_breaker_asks_the_store_is_seen_in_the_trace_of_the_call(monkeypatch):
    monkeypatch.setattr("rustok.resilience.dependencies.config", lambda: Config(breaker_store="redis"))
    subject = face("oidc", key="traced").breaker
    with recording() as spans, context.use(context.ExecutionContext(trace=context.Trace.new())), span("work"):
        subject.call(int)
        healthy = list(spans.names)
        subject.force(State.OPEN, seconds=5)
        subject.reset()

    assert healthy == []
    assert set(spans.names) == {"breakers.read", "breakers.swap", "work"}


def test_forgetting_starts_anew():
    from rustok.resilience.dependencies import forget

    before = face("oidc", key="old").breaker
    forget()

    assert face("oidc", key="old").breaker is not before
