"""Small files that survive crashes: ports, secrets, locks."""

import socket
from pathlib import Path

import pytest

from rustok.local.layout import Layout, free_port, is_free, read_json, write_json


def test_secrets_are_made_once(layout: Layout) -> None:
    assert layout.secret("secret_key") == Layout(layout.data).secret("secret_key")
    assert layout.secret("postgres") != layout.secret("valkey")


def test_a_free_remembered_port_is_kept(layout: Layout) -> None:
    assert layout.port("web") == layout.port("web") == layout.remembered_port("web")


def test_a_listening_port_is_not_free() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
    assert is_free(port)


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "null"])
def test_a_torn_file_reads_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "torn.json").write_text(content)
    assert read_json(tmp_path / "torn.json") == {}


def test_a_written_file_leaves_no_draft(tmp_path: Path) -> None:
    write_json(tmp_path / "facts.json", {"a": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["facts.json"]
    assert read_json(tmp_path / "facts.json") == {"a": 1}


def test_one_holder_of_an_exclusive_lock(layout: Layout) -> None:
    with layout.lock("one"), layout.lock("one", wait=False) as second:
        assert second is False
    with layout.lock("one", wait=False) as third:
        assert third is True


def test_the_environment_chooses_the_data_directory(tmp_path: Path) -> None:
    assert Layout.from_environment({"RUSTOK_DATA_DIR": str(tmp_path / "x")}).data == tmp_path / "x"
