"""The ledger: promises on the left; log, orders, stock and receiver on the right. Every difference is a violation."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from tests.chaos.buyers import Promise
from tests.chaos.findings import Finding, exactly, nothing
from tests.support.stack import Shop, Stack

PLACED = "orders.order_placed"


@dataclass(frozen=True)
class Entry:
    """One event, as the log or the receiver tells it."""

    id: str
    type: str
    stream: str
    version: int
    position: int
    deliveries: int = 1

    @classmethod
    def from_log(cls, event: dict[str, Any]) -> Entry:
        """Read a CloudEvent of the event API."""
        return cls(event["id"], event["type"], event["subject"], event["streamversion"], event["position"])

    @classmethod
    def from_arrival(cls, arrival: dict[str, Any]) -> Entry:
        """Read a row of the receiver."""
        names = ("event_id", "type", "stream", "version", "position", "deliveries")
        return cls(*(arrival[name] for name in names))


def log_of(shop: Shop) -> list[Entry]:
    """The shop's whole event log."""
    entries: list[Entry] = []
    with shop.client() as client:
        while True:
            after = entries[-1].position if entries else 0
            page = client.get(f"/api/v1/events/?after={after}&page_size=100").json()["results"]
            if not page:
                return entries
            entries += [Entry.from_log(event) for event in page]


def arrivals_of(stack: Stack, shop: Shop) -> list[Entry]:
    """What the receiver got from the shop, in order of first arrival."""
    entries: list[Entry] = []
    path: str | None = f"/demo/arrivals/{shop.slug}/"
    with stack.platform() as client:
        while path:
            page = client.get(path).json()
            entries += [Entry.from_arrival(arrival) for arrival in page["results"]]
            path = page["next"]
    return entries


def check_shop(stack: Stack, shop: Shop, promises: list[Promise], *, after: int) -> list[Finding]:
    """Compare everything that is known about one shop; orders up to position `after` are not the buyers'."""
    log, arrived = log_of(shop), arrivals_of(stack, shop)
    return [
        exactly(f"{shop.slug}: positions are dense", [e.position for e in log] == [*range(1, len(log) + 1)], True),
        nothing(f"{shop.slug}: log out of order inside a stream", disorder(log)),
        *check_orders(shop, promises, [entry for entry in log if entry.position > after]),
        nothing(f"{shop.slug}: events lost on the way", sorted({e.id for e in log} - {e.id for e in arrived})),
        nothing(
            f"{shop.slug}: events that the log does not know", sorted({e.id for e in arrived} - {e.id for e in log})
        ),
        nothing(f"{shop.slug}: arrived out of order inside a stream", disorder(arrived)),
        nothing(f"{shop.slug}: effect more than once", [i for i, n in Counter(e.id for e in arrived).items() if n > 1]),
    ]


def disorder(entries: list[Entry]) -> list[str]:
    """The streams whose versions do not run 1, 2, 3 … in the order of the entries."""
    versions: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        if entry.stream:
            versions[entry.stream].append(entry.version)
    return [stream for stream, seen in versions.items() if seen != [*range(1, len(seen) + 1)]]


def check_orders(shop: Shop, promises: list[Promise], log: list[Entry]) -> list[Finding]:
    """Accepted orders against the log: none lost, none twice, none that nobody was promised."""
    placed = Counter(entry.stream for entry in log if entry.type.startswith(PLACED))
    moved = {(entry.stream, entry.type.partition(".v")[0].rpartition("_")[2]) for entry in log}
    accepted = {f"order-{p.order['id']}": p for p in promises if p.order}
    ids = Counter(p.order["id"] for p in promises if p.order)
    wanted_moves = {"confirm": "confirmed", "pay": "paid"}
    missing_moves = [
        f"{stream} {move}"
        for stream, p in accepted.items()
        for move in p.moves
        if (stream, wanted_moves[move]) not in moved
    ]
    changed = [p.key for p in accepted.values() if p.order and any(r != p.order["id"] for r in p.repeats)]
    unknown = sum(p.order is None and p.refusal == "no answer" for p in promises)
    strangers = sorted(set(placed) - set(accepted))
    return [
        nothing(f"{shop.slug}: accepted orders missing in the log", sorted(set(accepted) - set(placed))),
        nothing(f"{shop.slug}: orders in the log twice", [stream for stream, n in placed.items() if n > 1]),
        nothing(f"{shop.slug}: one order for two keys", [i for i, n in ids.items() if n > 1]),
        nothing(f"{shop.slug}: orders nobody was promised", strangers[unknown:]),
        nothing(f"{shop.slug}: another order for the same key", changed),
        nothing(f"{shop.slug}: promised moves missing in the log", missing_moves),
        nothing(f"{shop.slug}: refused without a reason of its own", [p.refusal for p in promises if p.refusal]),
    ]
