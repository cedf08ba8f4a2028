"""Remembered answers: right without a cache, loaded once for many, never another tenant's, renewed with the log."""

import threading
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache

from apps.events.projections.read_models import ReadModel
from apps.events.projections.states import checkpoint
from apps.tenants.isolation import tenant_scope
from tests.support.events import end_waiting, poke, relay, together
from tests.support.projections import counted
from tests.support.statements import at_most


class Broken(LocMemCache):
    """A cache server that is down."""

    def get(self, *_args, **_kwargs):
        raise ConnectionError("no cache")

    set = get


def model(**given) -> ReadModel[int]:
    return ReadModel(name="pokes", projection="pokes", load=counted, **given)


@pytest.fixture
def no_cache(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr("django.core.cache.backends.locmem.LocMemCache.get", Broken.get)
    monkeypatch.setattr("django.core.cache.backends.locmem.LocMemCache.set", Broken.set)
    return


def test_answer_says_how_fresh_it_is(pokes, acme):
    poke("a", "b")
    relay()

    answer = model().get()

    assert answer.value == 2
    assert (answer.freshness.position, answer.freshness.lag_seconds) == (2, 0.0)
    assert answer.freshness.is_built
    assert answer.freshness.is_exact


def test_nothing_is_claimed_before_the_projection_begins(pokes, acme):
    assert not model().get().freshness.is_built


def test_facts_that_wait_are_told_as_lag(pokes, acme):
    poke("a")
    relay()
    poke("a")

    freshness = model().get().freshness

    assert freshness.lag_seconds >= 0
    assert freshness.position == 1


def test_refused_facts_make_an_answer_inexact(pokes, acme):
    pokes.poison = {"bad"}
    poke("a", "bad")
    relay()

    assert not model().get().freshness.is_exact


def test_answer_within_the_bound_costs_nothing(pokes, acme):
    wanted = model(stale=60)
    poke("a")
    relay()
    wanted.get()
    poke("a")
    relay()

    with at_most(0):
        assert wanted.get().value == 1


def test_answer_beyond_the_bound_is_kept_while_nothing_was_counted(pokes, acme):
    wanted = model(stale=0)
    poke("a")
    relay()
    wanted.get()

    with at_most(2):
        assert wanted.get().value == 1


def test_answer_beyond_the_bound_follows_the_checkpoint(pokes, acme):
    wanted = model(stale=0)
    poke("a")
    relay()
    wanted.get()
    poke("a")
    relay()

    assert wanted.get().value == 2


def test_parked_fact_that_counts_at_last_changes_the_checkpoint(pokes, acme):
    pokes.poison = {"bad"}
    poke("a", "bad")
    relay()
    before = checkpoint("pokes")
    pokes.poison = set()
    end_waiting()
    relay()

    assert checkpoint("pokes") != before


@pytest.mark.usefixtures("no_cache")
def test_answers_are_right_without_a_cache(pokes, acme):
    wanted = model(stale=60)
    poke("a")
    relay()
    first = wanted.get().value
    poke("a")
    relay()

    assert (first, wanted.get().value) == (1, 2)


def test_garbage_in_the_cache_is_no_answer(pokes, acme, monkeypatch):
    poke("a")
    relay()
    monkeypatch.setattr("django.core.cache.backends.locmem.LocMemCache.get", lambda *_args, **_kwargs: "garbage")

    assert model().get().value == 1


def test_answer_of_another_tenant_is_never_given(pokes, acme, globex):
    wanted = model(stale=60)
    poke("a")
    relay()
    wanted.get()

    with tenant_scope(globex):
        assert wanted.get().value == 0


def test_other_parameters_are_another_answer(pokes, acme):
    wanted = ReadModel(name="echo", projection="pokes", load=lambda word: word, stale=60)

    assert [wanted.get(word="one").value, wanted.get(word="two").value] == ["one", "two"]


@pytest.mark.parametrize("with_cache", [True, False], ids=["cache", "no-cache"])
def test_one_loads_for_many(pokes, live_acme, with_cache, request):
    if not with_cache:
        request.getfixturevalue("no_cache")
    gate, loads = threading.Barrier(6, timeout=10), []

    def load() -> int:
        loads.append(1)
        threading.Event().wait(0.3)  # long enough for the others to arrive
        return 7

    wanted = ReadModel(name="slow", projection="pokes", load=load, stale=60)

    def read() -> int:
        gate.wait()
        return wanted.get().value

    assert together(*[read] * 6) == [7] * 6
    assert len(loads) == 1
    cache.clear()


def test_failed_load_is_everybodys_own_business(pokes, live_acme):
    answers = iter([ValueError("first"), 2])

    def load() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    wanted = ReadModel(name="failing", projection="pokes", load=load, stale=60)
    with pytest.raises(ValueError, match="first"):
        wanted.get()

    assert wanted.get().value == 2
