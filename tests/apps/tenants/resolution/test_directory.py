"""The directory answers from memory, forgets what changed, and lets one caller load for all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from apps.tenants.errors import TenantNotFound
from apps.tenants.resolution import directory as module
from apps.tenants.resolution.directory import CAPACITY, HARD_SECONDS, SOFT_SECONDS, UNKNOWN_CAPACITY, Directory
from apps.tenants.resolution.source import LOT, Change, Key
from rustok.context import TenantRef
from rustok.db.ids import new_id
from rustok.errors.families import DatabaseUnavailable

ACME = TenantRef(id=new_id(), slug="acme", name="Acme", schema="t_00000000000a")


class Clock:
    """A clock that goes when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class MemorySource:
    """Tenants in a dict, with a count of what was asked."""

    def __init__(self) -> None:
        self.tenants = {Key("slug", "acme"): ACME}
        self.changes: list[Change] = []
        self.loads = self.checks = 0
        self.while_loading: Callable[[], None] = lambda: None

    def load(self, key: Key) -> TenantRef | None:
        self.loads += 1
        found = self.tenants.get(key)
        self.while_loading()
        return found

    def latest(self) -> int:
        self.checks += 1
        return self.changes[-1].revision if self.changes else 0

    def changes_after(self, revision: int) -> list[Change]:
        self.checks += 1
        return [change for change in self.changes if change.revision > revision][:LOT]

    def change(self, tenant: TenantRef, **facts: object) -> TenantRef:
        changed = replace(tenant, **facts)
        self.tenants[Key("slug", changed.slug)] = changed
        self.changes.append(Change(len(self.changes) + 1, changed.id))
        return changed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> MemorySource:
    return MemorySource()


@pytest.fixture
def tenants(source: MemorySource, clock: Clock) -> Directory:
    return Directory(source, ttl=60, unknown_ttl=10, clock=clock)


def hold(started: Event, go: Event) -> None:
    started.set()
    go.wait(5)


def is_unknown(tenants: Directory, slug: str) -> bool:
    try:
        tenants.by_slug(slug)
    except TenantNotFound:
        return True
    return False


def test_second_look_up_asks_nobody(tenants: Directory, source: MemorySource) -> None:
    assert tenants.by_slug("acme") == tenants.by_slug("acme") == ACME
    assert (source.loads, source.checks) == (1, 1)


def test_unknown_host_is_remembered_too(tenants: Directory, source: MemorySource) -> None:
    assert is_unknown(tenants, "nobody")
    assert is_unknown(tenants, "nobody")
    assert source.loads == 1


def test_change_is_seen_after_the_soft_bound(tenants: Directory, source: MemorySource, clock: Clock) -> None:
    tenants.by_slug("acme")
    source.change(ACME, status="suspended")

    clock.now += SOFT_SECONDS
    assert tenants.by_slug("acme").status == "suspended"


def test_own_change_is_seen_at_once(tenants: Directory, source: MemorySource) -> None:
    tenants.by_slug("acme")
    source.change(ACME, status="suspended")

    tenants.recheck()
    assert tenants.by_slug("acme").status == "suspended"


def test_change_of_one_tenant_keeps_the_others(tenants: Directory, source: MemorySource, clock: Clock) -> None:
    tenants.by_slug("acme")
    source.change(replace(ACME, id=new_id(), slug="globex"))

    clock.now += SOFT_SECONDS
    tenants.by_slug("acme")
    assert source.loads == 1


def test_new_tenant_ends_its_unknown_state(tenants: Directory, source: MemorySource, clock: Clock) -> None:
    assert is_unknown(tenants, "globex")
    source.change(replace(ACME, id=new_id(), slug="globex"))

    clock.now += SOFT_SECONDS
    assert tenants.by_slug("globex").slug == "globex"


@pytest.mark.parametrize("kept_from", [2, LOT + 1])
def test_gap_in_the_changes_forgets_everything(
    tenants: Directory, source: MemorySource, clock: Clock, kept_from: int
) -> None:
    tenants.by_slug("acme")
    for _number in range(LOT + 2):
        source.change(replace(ACME, id=new_id(), slug="other"))
    source.changes = source.changes[kept_from:]  # the older ones were purged

    clock.now += SOFT_SECONDS
    tenants.by_slug("acme")
    assert source.loads == 2


def test_answer_read_before_a_change_is_not_kept(tenants: Directory, source: MemorySource, clock: Clock) -> None:
    def suspend_meanwhile() -> None:
        source.while_loading = lambda: None
        source.change(ACME, status="suspended")
        clock.now += SOFT_SECONDS
        is_unknown(tenants, "somebody-else")  # another thread's look-up sees the change first

    source.while_loading = suspend_meanwhile
    assert tenants.by_slug("acme").status == "active"
    assert tenants.by_slug("acme").status == "suspended"


@pytest.mark.parametrize(("slug", "seconds"), [("acme", 60), ("nobody", 10)])
def test_memory_expires_whatever_happens(
    tenants: Directory, source: MemorySource, clock: Clock, slug: str, seconds: int
) -> None:
    is_unknown(tenants, slug)
    clock.now += seconds

    is_unknown(tenants, slug)
    assert source.loads == 2


def test_life_times_are_spread(source: MemorySource, clock: Clock, tenants: Directory) -> None:
    for number in range(200):
        is_unknown(tenants, f"nobody-{number}")
    clock.now += 9  # of 10 seconds: those with much jitter are gone, the others not

    source.loads = 0
    for number in range(200):
        is_unknown(tenants, f"nobody-{number}")
    assert 50 < source.loads < 150


def test_crowd_waits_for_one_load(tenants: Directory, source: MemorySource) -> None:
    go = Event()
    source.while_loading = lambda: hold(Event(), go)
    with ThreadPoolExecutor(16) as threads:
        answers = [threads.submit(tenants.by_slug, "acme") for _ in range(64)]
        go.set()

    assert {answer.result() for answer in answers} == {ACME}
    assert source.loads == 1


def test_failed_load_fails_those_who_waited_and_nobody_later(tenants: Directory, source: MemorySource) -> None:
    def fail() -> None:
        source.while_loading = lambda: None
        raise ConnectionError

    source.while_loading = fail
    with pytest.raises(ConnectionError):
        tenants.by_slug("acme")

    assert tenants.by_slug("acme") == ACME


def test_stuck_load_does_not_hold_others_for_ever(
    tenants: Directory, source: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    started, go = Event(), Event()
    source.while_loading = lambda: hold(started, go)
    with ThreadPoolExecutor(2) as threads:
        leader = threads.submit(tenants.by_slug, "acme")
        started.wait(5)
        with pytest.raises(DatabaseUnavailable):
            tenants.by_slug("acme")
        go.set()

    assert leader.result() == ACME


def test_stale_memory_is_not_served_past_the_hard_bound(tenants: Directory, source: MemorySource, clock: Clock) -> None:
    tenants.by_slug("acme")
    source.changes_after = broken  # type: ignore[method-assign]
    clock.now += HARD_SECONDS

    with pytest.raises(ConnectionError):
        tenants.by_slug("acme")


def broken(revision: int) -> list[Change]:
    raise ConnectionError


def test_unknown_hosts_cannot_fill_the_memory(tenants: Directory) -> None:
    tenants.by_slug("acme")
    for number in range(UNKNOWN_CAPACITY + 100):
        is_unknown(tenants, f"nobody-{number}")

    assert tenants.size() == UNKNOWN_CAPACITY + 1


def test_known_hosts_are_bounded(tenants: Directory, source: MemorySource) -> None:
    for number in range(CAPACITY + 10):
        key = Key("slug", f"shop-{number}")
        source.tenants[key] = replace(ACME, slug=key.value)
        tenants.by_slug(key.value)

    assert tenants.size() == CAPACITY
