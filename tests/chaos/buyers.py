"""Buyers who never give up: each order has an Idempotency-Key and is retried with it until somebody answers.

What they were promised is the left side of the ledger.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.support.http import Answer, Client, NoAnswer
from tests.support.stack import Shop

PATIENCE = 60.0  # seconds of retrying before a buyer leaves, its order unknown
PAUSE = 0.25  # seconds between two tries
RETRIED = (409, 425, 429, 500, 502, 503, 504)


@dataclass
class Promise:
    """One order that a buyer asked for. `order` is the body of the 201; `repeats` the ids that later retries gave."""

    shop: str
    key: str
    lines: list[dict[str, Any]]
    asked_at: float
    order: dict[str, Any] | None = None
    answered_at: float = 0.0
    attempts: int = 0
    refusal: str = ""
    repeats: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)


class Book:
    """All promises of a run. Safe to use from many threads."""

    def __init__(self) -> None:
        """Empty."""
        self._lock = threading.Lock()
        self._promises: list[Promise] = []

    def add(self, promise: Promise) -> None:
        """Remember a promise, kept or not."""
        with self._lock:
            self._promises.append(promise)

    def all(self) -> list[Promise]:
        """A copy of what is known so far."""
        with self._lock:
            return list(self._promises)


def insist(client: Client, path: str, body: Any, key: str, patience: float = PATIENCE) -> tuple[Answer | None, int]:
    """POST until there is a definite answer; the answer (None when patience ended) and the number of tries."""
    deadline = time.monotonic() + patience
    tries = 0
    while time.monotonic() < deadline:
        tries += 1
        try:
            answer = client.post(path, body, idempotency_key=key)
        except NoAnswer:
            answer = None
        if answer is not None and not _worth_another_try(answer):
            return answer, tries
        time.sleep(PAUSE)
    return None, tries


def _worth_another_try(answer: Answer) -> bool:
    """5xx, and conflicts that say that they are temporary (the same key still in progress)."""
    if answer.status not in RETRIED:
        return False
    return answer.status != 409 or bool(answer.json().get("retryable"))


def buy(client: Client, shop: Shop, lines: list[dict[str, Any]], book: Book) -> Promise:
    """Place one order, whatever it takes, and note it in the book."""
    promise = Promise(shop.slug, str(uuid.uuid4()), lines, time.monotonic())
    answer, promise.attempts = insist(client, "/api/v1/orders/", {"currency": "USD", "lines": lines}, promise.key)
    promise.answered_at = time.monotonic()
    if answer is None:
        promise.refusal = "no answer"
    elif answer.status == 201:
        promise.order = answer.json()
    else:
        promise.refusal = f"{answer.status} {answer.body[:200]!r}"
    book.add(promise)
    return promise


class Buyer(threading.Thread):
    """Buys at a steady pace until told to stop; repeats some requests and moves some orders on."""

    def __init__(self, shop: Shop, skus: list[str], book: Book, *, rate: float, seed: int) -> None:
        """`rate` is in orders per second."""
        super().__init__(name=f"buyer-{shop.slug}-{seed}", daemon=True)
        self.shop, self.skus, self.book, self.rate = shop, skus, book, rate
        self.chance = random.Random(seed)
        self.stopped = threading.Event()

    def run(self) -> None:
        """Buy, sometimes ask again, sometimes confirm and pay."""
        with self.shop.client(timeout=8) as client:
            while not self.stopped.wait(self.chance.expovariate(self.rate)):
                chosen = self.chance.sample(self.skus, self.chance.randint(1, 4))
                lines = [{"sku": sku, "quantity": self.chance.randint(1, 3)} for sku in chosen]
                promise = buy(client, self.shop, lines, self.book)
                if promise.order is not None and self.chance.random() < 0.3:
                    self.ask_again(client, promise)
                if promise.order is not None and self.chance.random() < 0.5:
                    self.move_on(client, promise)

    def ask_again(self, client: Client, promise: Promise) -> None:
        """Repeat the request with its key: the answer must be the same order."""
        answer, _tries = insist(client, "/api/v1/orders/", {"currency": "USD", "lines": promise.lines}, promise.key)
        if answer is not None:
            promise.repeats.append(answer.json().get("id", f"status {answer.status}"))

    def move_on(self, client: Client, promise: Promise) -> None:
        """Confirm the order, then pay it; note the moves that were promised."""
        assert promise.order is not None
        for move in ("confirm", "pay"):
            path = f"/api/v1/orders/{promise.order['id']}/{move}/"
            answer, _tries = insist(client, path, {}, f"{promise.key}-{move}")
            if answer is None or answer.status != 200:
                return
            promise.moves.append(move)
