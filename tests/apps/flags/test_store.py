"""Freshness, falling back, and who may replace whom; with a store that the test controls."""

import pytest
from django.db import DataError, OperationalError

from apps.flags.disk import LastKnown
from apps.flags.snapshots import NotLookedUp, Ordinals, empty
from apps.flags.source import PostgresSource
from apps.flags.store import FlagStore


def flags(version, **targeting):
    row = {"key": "beta-feature", "killed": False, "unit": "actor", "delegated": True, "targeting": targeting}
    return {**empty(), "version": version, "read_at": float(version), "flags": [row]}


class Source:
    """A database in a variable; `down` makes it fail."""

    def __init__(self, document):
        self.now, self.down, self.reads = document, False, 0

    def version(self):
        self._answer()
        return self.now["version"]

    def document(self):
        self._answer()
        self.reads += 1
        return self.now

    def ordinal(self, subject):
        self._answer()
        return 5

    def _answer(self):
        if self.down:
            raise OperationalError("gone")


@pytest.fixture
def disk(tmp_path):
    return LastKnown(tmp_path / "flags" / "last-known")


@pytest.fixture
def source():
    return Source(flags(1, enabled=True))


def test_a_poll_reads_the_document_only_when_the_version_moved(source, disk):
    store = FlagStore(source, disk)

    for _ in range(3):
        store.poll()
    assert source.reads == 1

    source.now = flags(2)
    assert store.poll()
    assert (source.reads, store.snapshot.version) == (2, 2)


def test_the_last_values_stay_while_the_store_is_down(source, disk):
    store = FlagStore(source, disk)
    store.poll()
    source.down = True

    assert not store.poll()
    assert store.load().version == 1


def test_a_cold_start_with_the_store_down_uses_the_disk(source, disk):
    FlagStore(source, disk).poll()
    source.down = True

    snapshot = FlagStore(source, disk).load()

    assert (snapshot.version, snapshot.origin) == (1, "disk")
    assert snapshot.flags["beta-feature"].platform


def test_a_cold_start_without_anything_knows_the_declared_flags(source, disk, beta):
    source.down = True

    snapshot = FlagStore(source, disk).load()

    assert (snapshot.origin, snapshot.flags["beta-feature"].platform) == ("declared", ())


def test_what_came_from_disk_is_replaced_when_the_store_is_back(source, disk):
    FlagStore(source, disk).poll()
    source.down = True
    store = FlagStore(source, disk)
    store.load()
    source.down = False

    assert store.poll()
    assert store.snapshot.origin == "database"


def test_a_restored_older_database_is_believed(source, disk):
    store = FlagStore(source, disk)
    store.poll()
    source.now = {**flags(0), "read_at": 9.0}

    store.poll()

    assert store.snapshot.version == 0
    assert disk.read()["version"] == 0


def test_the_age_counts_from_the_last_confirmation(source, disk):
    clock = [10.0]
    store = FlagStore(source, disk, clock=lambda: clock[0])
    assert store.age() == float("inf")

    store.poll()
    clock[0], source.down = 13.0, True
    store.poll()

    assert store.age() == 3.0


class TestDisk:
    def test_an_earlier_reading_does_not_replace_a_later_one(self, disk):
        assert disk.write(flags(5))
        assert not disk.write(flags(4))
        assert disk.read()["version"] == 5

    def test_a_changed_file_is_ignored(self, disk, tmp_path):
        disk.write(flags(5))
        file = tmp_path / "flags" / "last-known"
        file.write_bytes(file.read_bytes().replace(b"beta", b"evil"))

        assert disk.read() is None

    def test_only_the_owner_may_read_it(self, disk, tmp_path):
        disk.write(flags(5))

        assert (tmp_path / "flags" / "last-known").stat().st_mode & 0o777 == 0o600

    def test_a_disk_that_cannot_be_written_is_nobodys_problem(self, tmp_path):
        (tmp_path / "flags").write_text("in the way")

        assert not LastKnown(tmp_path / "flags" / "last-known").write(flags(1))


class TestOrdinals:
    def test_a_complete_directory_asks_nobody(self):
        ordinals = Ordinals({"a": 1}, complete=True, find=pytest.fail)

        assert (ordinals("a"), ordinals("b")) == (1, None)

    def test_a_large_one_asks_once_per_id(self):
        asked = []
        ordinals = Ordinals({"a": 1}, complete=False, find=lambda subject: asked.append(subject) or 9)

        assert [ordinals("b"), ordinals("b"), ordinals("a")] == [9, 9, 1]
        assert asked == ["b"]

    def test_a_look_up_that_failed_is_not_remembered(self):
        now, answers = [0.0], iter([NotLookedUp(), 9])

        def find(_subject):
            answer = next(answers)
            if isinstance(answer, NotLookedUp):
                raise answer
            return answer

        ordinals = Ordinals({}, complete=False, find=find, clock=lambda: now[0])
        seen = [ordinals("b"), ordinals("b")]  # the second is not even tried: within a second of the first
        now[0] += 2

        assert [*seen, ordinals("b")] == [None, None, 9]

    def test_a_look_up_that_fails_leaves_the_transaction_of_who_asks_alone(self, db):
        with pytest.raises(DataError):
            PostgresSource().ordinal("no id")

        assert isinstance(PostgresSource().version(), int)

    def test_what_cannot_be_looked_up_is_in_no_audience(self, source, disk):
        source.now = {**flags(1), "complete": False}
        store = FlagStore(source, disk)
        store.poll()

        assert store.snapshot.ordinals("no id") is None
        source.down = True
        assert store.snapshot.ordinals("00000000-0000-0000-0000-000000000001") is None
