"""Asking a flag: ours against plain waffle, side by side in one process; and what large audiences weigh.

No database is needed: both sides answer from what they keep in memory. Rounds of the ways take turns.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing import get_context
from typing import Any
from uuid import UUID, uuid4

import django

from tests.benchmarks.results import Check, Options, Result

SUMMARY = "evaluation against plain waffle; audiences as bitmaps against sets"
LIMIT_MICROSECONDS = 5.0
BATCH = 200
MEMBERS = 1_000_000


def run(options: Options) -> Result:
    """Medians over batches of `BATCH` questions, and the memory of an audience."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rustok.settings"
    django.setup()
    rounds = 20 if options.quick else 400
    ways = questions()
    measured = take_turns(ways, rounds)
    rows = [
        {"way": way, "p50 us": round(p50, 2), "p99 us": round(p99, 2), "MiB": ""}
        for way, (p50, p99) in measured.items()
    ]
    members = 50_000 if options.quick else MEMBERS
    weights = {name: weight(make, members) for name, make in AUDIENCES.items()}
    rows += [
        {"way": f"{members} members: {name}", "p50 us": "", "p99 us": "", "MiB": round(size, 2)}
        for name, size in weights.items()
    ]
    ours = [p50 for way, (p50, _p99) in measured.items() if way.startswith("rustok")]
    waffle = next(p50 for way, (p50, _p99) in measured.items() if way.startswith("waffle"))
    checks = [
        Check("slowest kind of flag p50, microseconds", max(ours), LIMIT_MICROSECONDS),
        Check("an audience, MiB as bitmap", weights["IdSet, dense ordinals"], weights["set of UUID"] / 10),
    ]
    facts = {"waffle_ratio": round(waffle / max(ours), 1)}
    title = f"Flags: the slowest kind {max(ours):.2f} us, plain waffle {waffle:.1f} us"
    return Result(title, rows, checks, facts)


def questions() -> dict[str, Callable[[], Any]]:
    """The same question, asked in each way."""
    from django.conf import settings
    from django.core.cache import cache
    from django.http import HttpRequest
    from waffle.models import AbstractBaseFlag, BaseModel

    from apps.flags.evaluation import is_enabled
    from apps.flags.models import Flag
    from rustok.context import Actor, ExecutionContext, TenantRef, install

    settings.CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": settings.CACHES["default"]["KEY_FUNCTION"],
    }
    shop, ann = TenantRef(id=uuid4(), slug="acme", name="Acme", schema="t_acme"), str(uuid4())
    context = ExecutionContext(tenant=shop, actor=Actor("user", ann, "ann"), groups=frozenset({"manager"}))
    context.memo["flags"] = snapshot(ann, shop.id)
    install(context)
    request = HttpRequest()
    plain = Flag(name="plain", percent=50, superusers=False)
    plain.pk = uuid4()
    cache.set(Flag._cache_key("plain"), plain)

    def waffle() -> Any:
        flag = BaseModel.get.__func__(Flag, "plain")  # waffle's own way: its cache, then its rules
        return AbstractBaseFlag.is_active(flag, request)

    ways: dict[str, Callable[[], Any]] = {"waffle 5, local memory cache": waffle}
    for kind in ("nothing set", "kill switch", "percentage", "user", "group", "audience", "shop over all"):
        ways[f"rustok: {kind}"] = partial(is_enabled, kind.replace(" ", "-"))
    return ways


def snapshot(ann: str, tenant: UUID) -> Any:
    """Flags of each kind among a hundred others, with shops that target them."""
    from base64 import b64encode

    from apps.flags.snapshots import compiled, empty
    from rustok.db.ids import IdSet

    others = [str(uuid4()) for _number in range(100)]
    kinds: dict[str, dict[str, Any]] = {
        "nothing-set": {},
        "kill-switch": {"enabled": True},
        "percentage": {"percent": 50.0},
        "user": {"on": {"users": [*others, ann]}},
        "group": {"off": {"users": others}, "on": {"groups": ["manager"]}},
        "audience": {"on": {"audiences": ["testers"]}},
        "shop-over-all": {"off": {"users": others}, "on": {"tenants": [str(uuid4()), str(tenant)]}, "percent": 50.0},
        **{f"other-{number}": {"enabled": True} for number in range(100)},
    }
    flags = [
        {"key": key, "killed": key == "kill-switch", "unit": "actor", "delegated": True, "targeting": targeting}
        for key, targeting in kinds.items()
    ]
    shops = [
        {"key": "shop-over-all", "tenant": str(shop), "targeting": {"off": {"users": others}}}
        for shop in (tenant, *(uuid4() for _number in range(100)))
    ]
    members = b64encode(IdSet(range(0, 30_000, 3)).to_bytes()).decode()
    audiences = [{"key": "testers", "tenant": None, "of": "actor", "members": members}]
    document = {**empty(), "version": 1, "flags": flags, "shops": shops, "audiences": audiences, "subjects": {ann: 3}}
    return compiled(document, origin="database", find=lambda _subject: None)


def take_turns(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, tuple[float, float]]:
    """p50 and p99 over batches, in microseconds of the thread's CPU per question: nothing is waited for."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _round in range(rounds):
        for way, ask in ways.items():
            started = time.thread_time_ns()
            for _question in range(BATCH):
                ask()
            times[way].append((time.thread_time_ns() - started) / BATCH / 1000)
    return {way: (statistics.median(took), statistics.quantiles(took, n=100)[-1]) for way, took in times.items()}


def _dense(members: int) -> Iterable[int]:
    """Two of three ordinals, as when a third of all known ids is not in the audience."""
    return (number for number in range(members * 3 // 2) if number % 3)


def _idset(ordinals: Iterable[int]) -> Any:
    from rustok.db.ids import IdSet

    return IdSet(ordinals)


AUDIENCES: dict[str, Callable[[int], Any]] = {
    "set of UUID": lambda members: {UUID(int=number << 64) for number in range(members)},
    "set of int": lambda members: set(_dense(members)),
    "IdSet, dense ordinals": lambda members: _idset(_dense(members)),
    "IdSet, sparse numbers": lambda members: _idset(number * 4099 % 2**32 for number in range(members)),
}


def weight(make: Callable[[int], Any], members: int) -> float:
    """MiB that a child process grows by while it holds what `make` makes (proportional set of anonymous pages)."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def child() -> None:
        before = _anonymous()
        held = make(members)
        sender.send((_anonymous() - before, len(held)))

    process = context.Process(target=child)
    process.start()
    grown, _length = receiver.recv()
    process.join()
    return max(grown, 1) / 1024


def _anonymous() -> int:
    """Private memory of this process in KiB."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as rollup:  # noqa: PTH123 - a kernel file
        facts = dict(line.split()[:2] for line in rollup if ":" in line.split()[0])
    return int(facts["Private_Dirty:"])
