"""What `make run` runs, as data."""

import pytest

from rustok.local.errors import StackError
from rustok.local.layout import Layout
from rustok.local.plan import Settings, whole_platform


def test_defaults_are_port_8000_of_localhost() -> None:
    assert Settings.from_environment({}).url == "http://localhost:8000"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "80.0", " "])
def test_a_wrong_port_is_refused(port: str) -> None:
    with pytest.raises(StackError, match="RUSTOK_PORT"):
        Settings.from_environment({"RUSTOK_PORT": port})


def test_only_the_own_receiver_may_be_called_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUSTOK_WEBHOOK_ALLOW", raising=False)
    told = Settings(8123, "localhost").environment()
    assert told["RUSTOK_WEBHOOK_ALLOW"] == "127.0.0.1:8123,localhost:8123"


def test_two_workers_so_that_one_can_die(layout: Layout) -> None:
    services = whole_platform(Settings(8000, "localhost"), layout).services
    assert set(services) == {"web", "worker1", "worker2", "beat"}
    assert all("127.0.0.1" in command for name, command in services.items() if name == "web")
