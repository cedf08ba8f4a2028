"""The idempotency port (R20): one effect per key, the stored answer replayed.

The wrapper opens the outer unit of work, so that the answer commits with the effect (trap 36): a crash before commit
leaves nothing, a crash after it leaves both. A parallel second call waits for the first on the unique key, and then
replays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rustok.db.transactions import unit_of_work
from rustok.ports import idempotency_store


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first call answered: status, body bytes, and the headers that belong to it."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class IdempotencyStore(Protocol):
    """Port: remembers keys of the current scope and caller inside the open transaction."""

    def claim(self, *, key: str, scope: str, fingerprint: str) -> StoredAnswer | None:
        """Claim the key (None: go on) or return the stored answer.

        Raises IdempotencyKeyReused when the fingerprint differs and IdempotencyInProgress when the other call does not
        end within the store's bounded wait.
        """

    def store(self, *, key: str, scope: str, answer: StoredAnswer) -> None:
        """Remember the answer of a claimed key."""


def run_once(
    *, key: str, scope: str, fingerprint: str, effect: Callable[[], StoredAnswer]
) -> tuple[StoredAnswer, bool]:
    """Run `effect` at most once per (scope, key); return its answer and whether it was replayed.

    `scope` names caller and operation. Costs two statements. A refused effect rolls everything back, the key included,
    so that the caller may correct and retry with the same key and the same body.
    """
    memory = idempotency_store()
    with unit_of_work():
        stored = memory.claim(key=key, scope=scope, fingerprint=fingerprint)
        if stored is not None:
            return stored, True
        answer = effect()
        memory.store(key=key, scope=scope, answer=answer)
    return answer, False
