"""Facts become rows once, whatever happens to the turn; one bad fact does not sink its batch."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, ProgrammingError, transaction

from apps.events import enrolment, services
from apps.events.errors import UnknownTransport
from apps.events.logs import log_id
from apps.events.models import Cursor, DeadLetter, ParkedKey, Subscription
from apps.events.projections.feeding import ProjectionTransport
from apps.events.projections.states import live_builds, projection_states
from apps.events.relay.reports import RelayReport
from apps.events.relay.rounds import number_waiting
from apps.events.transports import Route
from apps.operations import wakeups
from apps.operations.wakeups import DUES
from rustok.config import config
from rustok.db.ids import new_id
from tests.support.events import elsewhere, end_waiting, poke, relay, run
from tests.support.projections import counted, counts
from tests.support.statements import counted as statements


@pytest.fixture
def own_config() -> Iterator[None]:
    """What a test says in the environment counts, and is forgotten after it."""
    yield
    config.cache_clear()


def live():
    return Subscription.objects.get(name="projection:pokes")


def state():
    return next(state for state in projection_states() if state.name == "pokes")


def test_every_fact_counts_once(pokes, acme):
    poke(*"aab")
    relay()
    poke("a")
    relay()
    relay()

    assert counts() == {"a": 3, "b": 1}


def test_facts_from_before_the_projection_are_counted_too(acme, pokes):
    poke("a")
    relay()
    Subscription.objects.filter(name="projection:pokes").delete()
    services.forget_log(tenant_id=log_id())
    enrolment.forget_seen()
    poke("a")
    relay()

    assert counts() == {"a": 2}


def test_turn_that_loses_its_lease_leaves_no_row_and_the_next_one_counts(pokes, acme):
    poke("a")
    pokes.before = lambda _batch, _build: wakeups.make_due(tenant_id=acme.id, take_over=True)
    lost = relay().lost_leases
    assert (lost, counted()) == (1, 0)

    pokes.before = lambda _batch, _build: None
    wakeups.make_due(tenant_id=acme.id, take_over=True)
    relay()

    assert counts() == {"a": 1}


def test_rows_and_cursor_commit_together(pokes, live_acme):
    """The negative control of exactly once: while the rows are written, nobody else sees them or the cursor move."""
    seen = []

    def look(_batch, _build):
        with elsewhere() as call:
            seen.append(
                (call(counted).result(), call(lambda: Cursor.objects.get(subscription=live()).position).result())
            )

    poke("a", "b")
    pokes.before = look
    relay()

    assert seen == [(0, 0)]
    assert counted() == 2


def test_bad_fact_parks_its_stream_and_the_others_count(pokes, acme):
    pokes.poison = {"bad"}
    poke(*"abcdef", "bad", *"ghi", "bad")
    relay()

    assert counted() == 9
    assert [(key.stream, key.position) for key in ParkedKey.objects.all()] == [("thing-bad", 7)]
    assert len(pokes.batches) < 11, "halves, not one by one"


def test_parked_fact_makes_the_rows_inexact_until_it_counts(pokes, acme):
    pokes.poison = {"bad"}
    poke("a", "bad", "b")
    relay()
    parked = live_builds(["pokes"])["pokes"]
    pokes.poison = set()
    end_waiting()
    relay()
    healed = live_builds(["pokes"])["pokes"]

    assert (parked.parked, parked.position) == (1, 1)
    assert (healed.parked, healed.position) == (0, 3)
    assert counts() == {"a": 1, "b": 1, "bad": 1}


@pytest.mark.parametrize("error", [OperationalError("gone"), ProgrammingError("no such table")], ids=["gone", "table"])
def test_failing_database_pauses_the_projection_and_parks_nothing(pokes, acme, error):
    def fail(_batch, _build):
        raise error

    pokes.before = fail
    poke("a", "b")
    relay()

    assert not ParkedKey.objects.exists()
    assert not DeadLetter.objects.exists()
    assert state().live.lag_seconds > 0


def test_build_of_another_version_is_not_fed(pokes, acme, monkeypatch):
    poke("a")
    relay()
    monkeypatch.setattr(type(pokes), "version", 2)
    poke("a")
    relay()

    assert counts() == {"a": 1}
    assert state().is_outdated


def test_turn_pauses_while_somebody_else_holds_the_build(pokes, live_acme):
    poke("a")
    number_waiting(report=RelayReport(), tenant_id=live_acme.id)
    build = live().pk

    def swap_elsewhere():
        with transaction.atomic():
            run("SELECT 1 FROM events_cursor WHERE subscription_id = %s FOR UPDATE", build)
            with elsewhere() as call:
                call(relay).result(20)

    swap_elsewhere()

    assert counted() == 0
    assert not ParkedKey.objects.exists()


def test_projection_of_an_app_that_is_gone_is_no_transport(acme):
    with pytest.raises(UnknownTransport):
        ProjectionTransport(Route(new_id(), "projection:gone", "gone.v1", "acme"))


def test_platforms_log_has_no_read_models(pokes, platform):
    poke("a")
    relay()

    assert not Subscription.objects.filter(transport="projection").exists()


def test_turns_of_a_busy_log_rest_and_nothing_is_due_that_was_not(own_config, pokes, acme, monkeypatch):
    monkeypatch.setenv("RUSTOK_PROJECTION_PAUSE", "60")
    config.cache_clear()
    poke("a")
    relay()
    idle = run(f"SELECT due_at FROM {DUES} WHERE subscription_id = %s", live().pk)
    poke("a")
    relay()
    resting = counted()
    run(f"UPDATE {DUES} SET due_at = statement_timestamp() WHERE subscription_id = %s", live().pk)
    relay()

    assert (idle, resting, counted()) == ([(None,)], 1, 2)


def test_rest_after_a_turn_looks_at_the_rows_of_one_shop(own_config, pokes, acme, monkeypatch):
    """Every turn of every shop ends with it: it must not read the due times of all of them."""
    monkeypatch.setenv("RUSTOK_PROJECTION_PAUSE", "60")
    config.cache_clear()
    poke("a")
    with statements() as told:
        relay()
    rest = next(text for text in told if "AND pauses = 0" in text)
    run("SET LOCAL enable_seqscan = off")

    assert "Index Cond: ((tenant_id = " in "\n".join(line for (line,) in run(f"EXPLAIN {rest}"))
