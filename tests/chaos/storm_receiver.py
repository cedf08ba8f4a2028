"""A webhook receiver as bad as its seed says: some answers are errors, some never come, some come after the effect.

`python -m tests.chaos.storm_receiver PORT SEED OUT SECRETS`. What fails is decided by seed, event and attempt; after
five bad attempts an event gets a good one. `GET /count` answers the number of events taken. On SIGTERM everything taken
is written to OUT, in order of arrival.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import sys
from base64 import b64decode, b64encode
from collections import Counter
from hashlib import sha256
from hmac import compare_digest, digest
from pathlib import Path

FAILING, HANGING = 0.2, 0.1
HANG = 2.5  # seconds; the sender waits one
BAD_ATTEMPTS = 5


class Receiver:
    """Takes each event once, whatever comes how often."""

    def __init__(self, seed: int, secrets: dict[str, str]) -> None:
        """`secrets` by path."""
        self.seed = seed
        self.keys = {slug: b64decode(secret.removeprefix("whsec_")) for slug, secret in secrets.items()}
        self.attempts: Counter[str] = Counter()
        self.taken: dict[str, list[object]] = {}
        self.faults: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it closes."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request, *lines = head.decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length") or 0))
                status = await self.answer(request.split()[1], headers, body)
                text = str(len(self.taken)).encode() if request.startswith("GET") else b""
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            writer.close()

    async def answer(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take the event, or do not, as the seed says; the status of the answer."""
        event_id = headers.get("webhook-id")
        if event_id is None:
            return 200
        slug = path.strip("/")
        self.attempts[event_id] += 1
        attempt = self.attempts[event_id]
        chance = hashlib.blake2b(f"{self.seed}/{event_id}/{attempt}".encode(), digest_size=8).digest()
        draw, after_effect = int.from_bytes(chance[:7], "big") / 2**56, chance[7] % 2 == 0
        bad = attempt <= BAD_ATTEMPTS and draw < FAILING + HANGING
        if not bad or after_effect:
            self.take(slug, event_id, headers, body)
        if not bad:
            return 204
        if draw < FAILING:
            self.faults["failed"] += 1
            return 500
        self.faults["hung"] += 1
        await asyncio.sleep(HANG)  # a sender that was frozen may read this answer after all
        return 204 if event_id in self.taken else 503

    def take(self, slug: str, event_id: str, headers: dict[str, str], body: bytes) -> None:
        """The inbox: the first arrival has the effect, later ones are counted."""
        if event_id in self.taken:
            self.faults["duplicates absorbed"] += 1
            return
        signed = f"{event_id}.{headers['webhook-timestamp']}.".encode() + body
        wanted = b64encode(digest(self.keys[slug], signed, sha256)).decode()
        valid = any(compare_digest(part, f"v1,{wanted}") for part in headers["webhook-signature"].split())
        event = json.loads(body)
        self.taken[event_id] = [slug, event["id"], event["subject"], event["streamversion"], event["data"], valid]


async def _main(port: int, seed: int, out: Path, secrets: dict[str, str]) -> None:
    receiver = Receiver(seed, secrets)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port, backlog=1024)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    print("listening", flush=True)
    await stopped.wait()
    server.close()
    out.write_text(json.dumps({"taken": list(receiver.taken.values()), "faults": receiver.faults}))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])))
