"""One effect per key: stored with the effect, replayed, waited for, forgotten after a day."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.operations.idempotency import purge_expired
from apps.operations.models import IdempotencyRecord
from apps.operations.tasks import purge_idempotency
from apps.security.models import AuditEntry as AuditRow
from apps.tenants.isolation import platform_scope, tenant_scope
from rustok.audit import AuditEntry
from rustok.context import current, use
from rustok.db.transactions import unit_of_work
from rustok.errors.families import IdempotencyInProgress, IdempotencyKeyReused
from rustok.idempotency import StoredAnswer, run_once

ANSWER = StoredAnswer(201, b'{"id": 1}', (("ETag", '"1"'), ("Location", "/x/")))


def call(key="k", scope="alice orders.create", fingerprint="f", answer=ANSWER):
    """One request whose effect is an audit entry."""

    def effect() -> StoredAnswer:
        with unit_of_work() as uow:
            uow.audit(AuditEntry(action="test:effect", target=key))
        return answer

    return run_once(key=key, scope=scope, fingerprint=fingerprint, effect=effect)


def effects() -> int:
    return AuditRow.objects.filter(action="test:effect").count()


def test_first_call_acts_and_the_second_gets_its_answer(acme):
    assert call() == (ANSWER, False)
    assert call(answer=StoredAnswer(500, b"")) == (ANSWER, True)
    assert effects() == 1


def test_memory_costs_two_statements_and_a_replay_one(acme, django_assert_num_queries):
    with django_assert_num_queries(2 + 2):  # and the two of the test's savepoint
        run_once(key="k", scope="s", fingerprint="f", effect=lambda: ANSWER)
    with django_assert_num_queries(1 + 2):
        run_once(key="k", scope="s", fingerprint="f", effect=lambda: ANSWER)


def test_another_request_under_the_same_key_is_refused(acme):
    call()

    with pytest.raises(IdempotencyKeyReused):
        call(fingerprint="another")
    assert effects() == 1


@pytest.mark.parametrize(
    "other", [{"key": "K"}, {"scope": "bob orders.create"}, {"scope": "alice orders.pay"}], ids=str
)
def test_other_keys_callers_and_operations_are_apart(acme, other):
    call()

    assert call(**other)[1] is False


def test_shops_are_apart(acme, globex):
    call()

    with tenant_scope(globex):
        assert call()[1] is False
    with platform_scope("a third side"):
        assert call()[1] is False


def test_refused_effect_leaves_the_key_free(acme):
    def refuse() -> StoredAnswer:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        run_once(key="k", scope="alice orders.create", fingerprint="f", effect=refuse)

    assert call()[1] is False


def expire() -> None:
    IdempotencyRecord.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def test_key_is_free_again_after_its_day(acme):
    call()
    assert IdempotencyRecord.objects.get().expires_at > timezone.now() + timedelta(hours=23)
    expire()

    assert call(fingerprint="another") == (ANSWER, False)
    assert call(fingerprint="another") == (ANSWER, True)


def test_expired_keys_are_purged_and_live_ones_stay(acme):
    call("old")
    expire()
    call("new")

    assert purge_expired() == 1
    assert [record.key for record in IdempotencyRecord.objects.all()] == ["new"]


def test_the_task_purges(acme):
    call("old")
    expire()

    purge_idempotency()

    assert not IdempotencyRecord.objects.exists()


def test_fifty_parallel_calls_have_one_effect(live_acme):
    context, start = current(), threading.Barrier(50)

    def one(_number: int) -> tuple[StoredAnswer, bool]:
        try:
            with use(replace(context)):
                start.wait(20)
                return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))

    assert Counter(replayed for _answer, replayed in answers) == {False: 1, True: 49}
    assert {answer for answer, _replayed in answers} == {ANSWER}
    assert effects() == 1


def test_a_caller_does_not_wait_for_ever(live_acme):
    context, claimed, release = current(), threading.Event(), threading.Event()

    def slow_effect() -> StoredAnswer:
        claimed.set()
        release.wait(20)
        return ANSWER

    def slow() -> None:
        try:
            with use(replace(context)):
                run_once(key="k", scope="alice orders.create", fingerprint="f", effect=slow_effect)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(slow)
        assert claimed.wait(20)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 50")
        with pytest.raises(IdempotencyInProgress):
            call()
        release.set()
        running.result(20)
        connection.close()
    assert call() == (ANSWER, True)


def test_a_call_that_dies_leaves_nothing_in_progress(live_acme):
    with pytest.raises(KeyboardInterrupt):
        run_once(key="k", scope="alice orders.create", fingerprint="f", effect=_die)

    assert call() == (ANSWER, False)


def _die() -> StoredAnswer:
    raise KeyboardInterrupt
