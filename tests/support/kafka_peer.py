"""A peer that speaks enough of Kafka's protocol for a client to be tested: no Kafka server can be had as a package.

`python -m tests.support.kafka_peer PORT FILE` is one broker: topics, partitions, idempotent produce, fetch, offsets by
time, group offsets (https://kafka.apache.org/protocol). It keeps batches as they came, and everything in FILE, so that
it survives SIGKILL. It proves the client's side of the contract; it proves nothing about a real cluster.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from aiokafka.protocol import admin, commit, coordination, fetch, metadata, offset, produce, transaction
from aiokafka.protocol.api import RequestHeader_v1, RequestStruct

HOST = "127.0.0.1"
TOO_LARGE, NO_TOPIC, EXISTS = 10, 3, 36
LARGEST = 1024 * 1024
_LAST_DELTA = struct.Struct(">23xi")  # places in a batch, https://kafka.apache.org/documentation/#recordbatch
_MAX_TIME = struct.Struct(">35xq")


@dataclass
class Batch:
    """A record batch of version 2 under the offset that it was given."""

    base: int
    raw: bytes

    @property
    def last(self) -> int:
        return self.base + _LAST_DELTA.unpack_from(self.raw)[0]

    @property
    def youngest(self) -> int:
        return int(_MAX_TIME.unpack_from(self.raw)[0])


@dataclass
class Store:
    """What the broker keeps."""

    topics: dict[str, list[list[Batch]]] = field(default_factory=dict)
    groups: dict[tuple[str, str, int], int] = field(default_factory=dict)
    producers: int = 0

    def end(self, topic: str, partition: int) -> int:
        batches = self.topics[topic][partition]
        return batches[-1].last + 1 if batches else 0


class Peer:
    """One connectionless broker: a method per request, by the class of the request."""

    def __init__(self, port: int, file: Path) -> None:
        self.port, self.file = port, file
        self.store: Store = pickle.loads(file.read_bytes()) if file.exists() else Store()
        self.answers: dict[type[RequestStruct], Callable[[Any], Any]] = {
            admin.ApiVersionRequest_v0: self._versions,
            metadata.MetadataRequest_v1: self._metadata,
            admin.CreateTopicsRequest_v1: self._create_topics,
            admin.CreatePartitionsRequest_v0: self._create_partitions,
            transaction.InitProducerIdRequest_v0: self._producer_id,
            produce.ProduceRequest_v3: self._produce,
            fetch.FetchRequest_v4: self._fetch,
            offset.OffsetRequest_v1: self._offsets,
            coordination.FindCoordinatorRequest_v0: self._coordinator,
            commit.OffsetCommitRequest_v2: self._commit,
            commit.OffsetFetchRequest_v1: self._committed,
        }
        self.known = {(request.API_KEY, request.API_VERSION): request for request in self.answers}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                answer = await self._answer(BytesIO(await reader.readexactly(size)))
                writer.write(struct.pack(">i", len(answer)) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def _answer(self, message: BytesIO) -> bytes:
        key, version, correlation, _client = (kind.decode(message) for kind in RequestHeader_v1.SCHEMA.fields)
        kind = self.known[key, version]
        request = kind.decode(message)
        values = self.answers[kind](request)
        if kind is fetch.FetchRequest_v4 and not any(part[-1] for _topic, parts in values[1] for part in parts):
            await asyncio.sleep(min(0.05, request.max_wait_time / 1000))
        return struct.pack(">i", correlation) + kind.RESPONSE_TYPE(*values).encode()

    def _save(self) -> None:
        scratch = self.file.with_suffix(".new")
        scratch.write_bytes(pickle.dumps(self.store))
        scratch.replace(self.file)

    def _versions(self, _request: Any) -> Any:
        return 0, [(key, version, version) for key, version in self.known]

    def _metadata(self, request: Any) -> Any:
        names = list(self.store.topics) if request.topics is None else request.topics
        return [(0, HOST, self.port, None)], 0, [self._topic(name) for name in names]

    def _topic(self, name: str) -> Any:
        partitions = self.store.topics.get(name)
        if partitions is None:
            return NO_TOPIC, name, False, []
        return 0, name, False, [(0, number, 0, [0], [0]) for number in range(len(partitions))]

    def _create_topics(self, request: Any) -> Any:
        errors = []
        for name, partitions, *_rest in request.create_topic_requests:
            errors.append((name, EXISTS if name in self.store.topics else 0, None))
            self.store.topics.setdefault(name, [[] for _ in range(partitions)])
        self._save()
        return (errors,)

    def _create_partitions(self, request: Any) -> Any:
        for name, (count, _assignment) in request.topic_partitions:
            known = self.store.topics[name]
            known += [[] for _ in range(count - len(known))]
        self._save()
        return 0, [(name, 0, None) for name, _wanted in request.topic_partitions]

    def _producer_id(self, _request: Any) -> Any:
        self.store.producers += 1
        return 0, 0, self.store.producers, 0

    def _produce(self, request: Any) -> Any:
        answer = [
            (topic, [(number, *self._append(topic, number, raw), -1) for number, raw in partitions])
            for topic, partitions in request.topics
        ]
        self._save()
        return answer, 0

    def _append(self, topic: str, partition: int, raw: bytes) -> tuple[int, int]:
        if topic not in self.store.topics:
            return NO_TOPIC, -1
        if len(raw) > LARGEST:
            return TOO_LARGE, -1
        base = self.store.end(topic, partition)
        self.store.topics[topic][partition].append(Batch(base, struct.pack(">q", base) + raw[8:]))
        return 0, base

    def _fetch(self, request: Any) -> Any:
        return 0, [
            (topic, [self._read(topic, number, start) for number, start, _most in partitions])
            for topic, partitions in request.topics
        ]

    def _read(self, topic: str, partition: int, start: int) -> Any:
        end = self.store.end(topic, partition)
        raw = b"".join(batch.raw for batch in self.store.topics[topic][partition] if batch.last >= start)
        return partition, 0, end, end, [], raw

    def _offsets(self, request: Any) -> Any:
        return (
            [
                (topic, [(number, 0, *self._offset(topic, number, moment)) for number, moment in partitions])
                for topic, partitions in request.topics
            ],
        )

    def _offset(self, topic: str, partition: int, moment: int) -> tuple[int, int]:
        """(time, offset); -1 asks for the end, -2 for the start. Batches of these tests hold one record each."""
        if moment in (-1, -2):
            return -1, self.store.end(topic, partition) if moment == -1 else 0
        young = (batch for batch in self.store.topics[topic][partition] if batch.youngest >= moment)
        return next(((batch.youngest, batch.base) for batch in young), (-1, -1))

    def _coordinator(self, _request: Any) -> Any:
        return 0, 0, HOST, self.port

    def _commit(self, request: Any) -> Any:
        for topic, partitions in request.topics:
            for number, position, _metadata in partitions:
                self.store.groups[request.consumer_group, topic, number] = position
        self._save()
        return ([(topic, [(part[0], 0) for part in partitions]) for topic, partitions in request.topics],)

    def _committed(self, request: Any) -> Any:
        group = request.consumer_group
        return (
            [
                (topic, [(number, self.store.groups.get((group, topic, number), -1), "", 0) for number in partitions])
                for topic, partitions in request.topics
            ],
        )


async def _main(port: int, file: Path) -> None:
    server = await asyncio.start_server(Peer(port, file).serve, HOST, port)
    print("listening", time.time(), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), Path(sys.argv[2])))
