"""A page answers, or it does not: never an exception."""

import socket
import sys
from pathlib import Path

from rustok.local.layout import free_port
from rustok.local.processes import wait_until
from rustok.local.service import Service
from rustok.local.surfaces import OPEN_OR_SUSPENDED, Surface, answers, silent

PAGE = Surface("localhost", "/health/ready")


def test_a_closed_port_and_a_deaf_one_are_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        assert not answers(PAGE, deaf.getsockname()[1], seconds=0.1)
    assert silent([PAGE], free_port()) == PAGE


def test_a_page_answers_and_a_suspended_one_only_where_that_counts(tmp_path: Path) -> None:
    suspended = Surface("shop.localhost", "/suspended", OPEN_OR_SUSPENDED)
    port = free_port()
    script = Path(__file__).with_name("tiny_web.py")
    web = Service("web", [sys.executable, str(script), str(port)], {}, tmp_path / "web.log")
    web.start()
    try:
        assert wait_until(lambda: silent([PAGE, suspended], port) is None, 10)
        assert not answers(Surface("localhost", "/suspended"), port)
    finally:
        web.finish()
