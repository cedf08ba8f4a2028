"""A small HTTP client for a served platform: connects to 127.0.0.1 and sends `Host`, so that no resolver is asked.

    shop = Client(port=8000, host="downtown.localhost", token=key)
    answer = shop.post("/api/v1/orders/", {"currency": "USD", "lines": [...]}, idempotency_key="7")
    assert answer.status == 201, answer.json()

One keep-alive connection per client; a client belongs to one thread.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

LOOPBACK = "127.0.0.1"


class NoAnswer(ConnectionError):
    """The server refused, reset or did not answer in time: nothing is known about the effect of the request."""


@dataclass(frozen=True)
class Answer:
    """What came back. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """A keep-alive connection to one host of the platform. `timeout`: seconds for connecting and for each answer."""

    def __init__(self, *, port: int, host: str, token: str = "", timeout: float = 10.0) -> None:
        """Nothing is connected before the first request."""
        self.port = port
        self.host = host
        self.token = token
        self.timeout = timeout
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, **headers: str) -> Answer:
        """GET `path`."""
        return self.request("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, *, idempotency_key: str = "", **headers: str) -> Answer:
        """POST `body` as JSON."""
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return self.request("POST", path, body={} if body is None else body, headers=headers)

    def request(self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request; bytes go as they are, anything else as JSON. Raises NoAnswer, never retries."""
        sent = {"Host": f"{self.host}:{self.port}", "Accept": "application/json", **(headers or {})}
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        payload = body if body is None or isinstance(body, (bytes, Iterator)) else json.dumps(body).encode()
        if payload is not None:
            sent.setdefault("Content-Type", "application/json")
        try:
            return self._exchange(method, path, payload, sent)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(f"{method} {self.host}{path}: {error!r}") from error

    def _exchange(self, method: str, path: str, payload: bytes | None, headers: Mapping[str, str]) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=self.timeout)
        self._connection.request(method, path, body=payload, headers=dict(headers))
        response = self._connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        if response.will_close:
            self.close()
        return answer

    def close(self) -> None:
        """Drop the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()
