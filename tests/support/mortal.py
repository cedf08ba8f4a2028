"""The web application, which dies when asked to: after the work of a request is done and before a byte of its answer.

A request that says `X-Die: after` is served in full, its transaction committed, and then the process is killed with
SIGKILL, as by `kill -9` or the kernel. For tests of what a caller meets who repeats it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from rustok.wsgi import application as living


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """WSGI."""
    answer = living(environ, start_response)
    if environ.get("HTTP_X_DIE") == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
