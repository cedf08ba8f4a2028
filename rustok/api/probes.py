"""Probes, answered in front of everything else: no framework, no gate, no log line, no host, no database.

Whoever asks whether a process lives or is ready asks most urgently when nothing else works, so the answer must not wait
for anything that serves requests. An app registers what it answers from memory (`register`); a probe costs about ten
microseconds and is answered by the outermost WSGI layer (`rustok.wsgi`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse

from rustok.api.headers import secure

HEALTH_JSON: Final = "application/health+json"
LIVE_PATH: Final = "/health/live"
LIVE_BODY: Final = b'{"status":"pass"}'

Probe = Callable[[], tuple[int, bytes]]
"""Gives status and JSON body. Reads memory only, and must not raise."""


def alive() -> tuple[int, bytes]:
    """This process runs Python and reads its socket: nothing else, or a database hiccup becomes a restart storm."""
    return 200, LIVE_BODY


_probes: dict[str, Probe] = {LIVE_PATH: alive}


def register(path: str, probe: Probe) -> Probe:
    """Answer GET and HEAD of the path by this."""
    _probes[path] = probe
    return probe


def answer_of(probe: Probe) -> HttpResponse:
    """The same answer as a response of Django's, for servers and tests that do not pass the outermost layer."""
    status, body = probe()
    return HttpResponse(body, status=status, content_type=HEALTH_JSON, headers={"Cache-Control": "no-store"})


class Probes:
    """WSGI middleware (PEP 3333) around everything, the gate included. Other methods of a probe's path go on."""

    def __init__(self, application: Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]) -> None:
        """Render the headers once: they are the same in all answers."""
        self._application = application
        bare = HttpResponse(content_type=HEALTH_JSON, headers={"Cache-Control": "no-store"})
        secure(bare)
        self._headers = tuple(bare.items())
        self._phrases = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a probe, or pass the request on."""
        probe = _probes.get(environ.get("PATH_INFO", ""))
        method = environ.get("REQUEST_METHOD")
        if probe is None or method not in {"GET", "HEAD"}:
            return self._application(environ, start_response)
        status, body = probe()
        start_response(self._phrases[status], [*self._headers, ("Content-Length", str(len(body)))])
        return [] if method == "HEAD" else [body]
