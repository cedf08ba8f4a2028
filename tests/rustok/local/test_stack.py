"""The embedded servers: one per data directory, there again after any crash, with their data."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
import redis

from rustok.local.errors import StackError
from rustok.local.layout import PROJECT, Layout, is_free
from rustok.local.processes import Identity, wait_until, working_in
from rustok.local.stack import BROKER_URL, DATABASE_URL, REDIS_URL, Stack


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One cluster for the tests that leave it usable, up or not."""
    layout = Layout(tmp_path_factory.mktemp("servers"))
    layout.create()
    made = Stack(layout, {})
    made.up()
    yield made
    made.down()


def pids(stack: Stack) -> list[int]:
    found = [server.process for server in stack.servers]
    return [process.pid for process in found if process is not None]


def query(stack: Stack, statement: str) -> object:
    with psycopg.connect(stack.urls()[DATABASE_URL], autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def kill_everything(stack: Stack) -> None:
    for pid in pids(stack):
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not pids(stack), 5)


def test_a_second_up_finds_the_same_servers(running: Stack) -> None:
    running.up()
    before = pids(running)
    Stack(running.layout, {}).up()
    assert len(before) == 2
    assert pids(running) == before


def test_parallel_ups_make_one_server(running: Stack) -> None:
    running.down()
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    environment["RUSTOK_DATA_DIR"] = str(running.layout.data)
    command = [sys.executable, "-m", "rustok.local", "up"]
    children = [subprocess.Popen(command, env=environment, cwd=PROJECT, stdout=subprocess.PIPE) for _ in range(3)]
    answers = {child.communicate(timeout=90)[0] for child in children}
    assert len(answers) == 1
    assert [child.returncode for child in children] == [0, 0, 0]


def test_data_survive_sigkill_of_both_servers(running: Stack) -> None:
    running.up()
    query(running, "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS n")
    redis.Redis.from_url(running.urls()[BROKER_URL]).lpush("queue", "hint")
    kill_everything(running)
    running.up()
    assert query(running, "SELECT n FROM kept") == 42
    assert redis.Redis.from_url(running.urls()[BROKER_URL]).llen("queue") == 1


def test_a_stale_pid_file_that_names_a_living_stranger_is_ignored(running: Stack) -> None:
    running.down()
    (running.layout.postgres / "postmaster.pid").write_text(f"{os.getpid()}\n{running.layout.postgres}\n")
    running.up()
    assert query(running, "SELECT 1") == 1


def test_a_recorded_pid_of_another_process_is_not_taken_for_the_server(running: Stack) -> None:
    running.down()
    assert running.postgres is not None
    running.postgres.record.write_text(f'{{"pid": {os.getpid()}, "started": "0"}}')
    running.up()
    assert Identity.of(os.getpid()) is not None
    assert query(running, "SELECT 1") == 1


def test_a_taken_port_is_replaced(running: Stack) -> None:
    running.down()
    port = running.layout.remembered_port("postgres")
    with socket.create_server(("127.0.0.1", port or 0)):
        running.up()
        assert running.layout.remembered_port("postgres") != port
        assert query(running, "SELECT 1") == 1


def test_settings_keep_acknowledged_writes(running: Stack) -> None:
    running.up()
    assert [query(running, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "timezone")] == [
        "on",
        "on",
        "UTC",
    ]
    assert query(running, "SHOW max_locks_per_transaction") == "512"


def test_the_application_role_is_no_superuser(running: Stack) -> None:
    running.up()
    assert query(running, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_down_leaves_no_process_and_frees_the_ports(running: Stack) -> None:
    running.up()
    running.down()
    assert pids(running) == []
    assert working_in(running.layout.postgres) == []
    assert all(is_free(running.layout.remembered_port(name) or 0) for name in ("postgres", "valkey"))


def test_a_broker_file_that_cannot_be_read_is_set_aside(running: Stack) -> None:
    running.down()
    (running.layout.valkey / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    running.up()
    assert redis.Redis.from_url(running.urls()[REDIS_URL]).ping()
    assert list(running.layout.valkey.glob("refused-*"))


def test_the_last_user_stops_the_servers(running: Stack) -> None:
    running.down()
    running.keep(False)
    with running.in_use():
        with Stack(running.layout, {}).in_use() as urls:
            assert set(urls) >= {DATABASE_URL, BROKER_URL, REDIS_URL, "RUSTOK_SECRET_KEY"}
        assert len(pids(running)) == 2
    assert pids(running) == []


def test_up_lets_the_servers_outlive_their_users(running: Stack) -> None:
    running.keep(True)
    with running.in_use():
        pass
    assert len(pids(running)) == 2


def test_a_server_whose_url_is_given_is_not_started(layout: Layout) -> None:
    given = {DATABASE_URL: "postgresql://elsewhere/db", BROKER_URL: "amqp://elsewhere", REDIS_URL: "redis://elsewhere"}
    with Stack(layout, given).in_use() as urls:
        assert set(urls) == {"RUSTOK_DATA_DIR", "RUSTOK_SECRET_KEY"}
    assert Stack(layout, given).status() == {}


def test_a_foreign_password_is_named_not_retried(running: Stack) -> None:
    running.up()
    secrets = running.layout.data / "secrets.json"
    before = secrets.read_text()
    try:
        secrets.unlink()
        with pytest.raises(StackError, match=r"secrets\.json|ports\.json"):
            running.up()
    finally:
        secrets.write_text(before)


def test_secrets_are_private(running: Stack) -> None:
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (running.layout.data, running.layout.data / "secrets.json")]
    assert modes == [0o700, 0o600]
