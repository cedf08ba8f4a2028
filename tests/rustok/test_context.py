"""The execution context: one value, restored whatever happens, private to its thread and task."""

import asyncio
import threading
import time
from dataclasses import fields
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok import context
from rustok.context import Actor, ExecutionContext, TenantRef, Trace, amended, current, use

ACME = TenantRef(id=UUID(int=1), slug="acme", name="Acme", schema="t_000000000001")


def test_outside_every_door_nobody_may_do_anything():
    assert current().tenant is None
    assert current().schema is None
    assert not current().allows("order:read")


def test_the_previous_context_comes_back_after_an_error():
    before = current()

    with pytest.raises(ZeroDivisionError), use(ExecutionContext(tenant=ACME)):
        raise ZeroDivisionError

    assert current() is before


def test_nested_contexts_come_back_one_by_one():
    with use(ExecutionContext(request_id="outer")):
        with amended(request_id="inner") as inner:
            assert current() is inner
        assert current().request_id == "outer"


def test_what_a_door_learns_later_ends_with_its_block():
    with use(ExecutionContext()):
        context.install(ExecutionContext(actor=Actor("user", "alice", "Alice")))
        assert current().actor.reference == "user:alice"
    assert current().actor.kind == "anonymous"


def test_a_new_thread_starts_with_nothing():
    seen = []
    with use(ExecutionContext(tenant=ACME)):
        thread = threading.Thread(target=lambda: seen.append(current().tenant))
        thread.start()
        thread.join()

    assert seen == [None]


def test_parallel_async_tasks_do_not_see_each_other():
    async def work(name):
        with use(ExecutionContext(request_id=name)):
            await asyncio.sleep(0)
            return current().request_id

    async def both():
        return await asyncio.gather(work("a"), work("b"))

    assert asyncio.run(both()) == ["a", "b"]


@pytest.mark.parametrize(
    ("granted", "asked", "allowed"),
    [
        ({"order:create"}, "order:create", True),
        ({"order:create"}, "order:read", False),
        ({"order:*"}, "order:refund", True),
        ({"order:*"}, "orders:read", False),
        ({"*:*"}, "anything:at_all", True),
        (set(), "order:read", False),
        ({"*:read"}, "order:read", False),
    ],
)
def test_grants_are_exact_or_by_resource_or_everything(granted, asked, allowed):
    assert ExecutionContext(permissions=frozenset(granted)).allows(asked) is allowed


def test_the_schema_follows_the_scope():
    assert ExecutionContext(tenant=ACME).schema == ACME.schema
    assert ExecutionContext(tenant=ACME, platform=True).schema == ACME.schema
    assert ExecutionContext(platform=True).schema == "public"


def test_remaining_time_never_is_negative():
    assert ExecutionContext().remaining() is None
    assert ExecutionContext(deadline=time.monotonic() - 1).remaining() == 0.0
    assert 0 < ExecutionContext(deadline=time.monotonic() + 60).remaining() <= 60


@given(st.booleans(), st.booleans())
def test_a_traceparent_has_the_form_of_the_standard(sampled, random):
    parts = Trace("a" * 32, "b" * 16, sampled=sampled, random=random).traceparent.split("-")

    assert parts == ["00", "a" * 32, "b" * 16, f"{sampled + 2 * random:02x}"]


def test_a_child_span_stays_in_its_trace():
    root = Trace.new()

    assert root.child().trace_id == root.trace_id
    assert root.child().span_id != root.span_id


def test_inside_another_span_everything_else_stays():
    values = {field.name: object() for field in fields(ExecutionContext)}
    here = ExecutionContext(**values)

    inside = here.within(Trace.new())
    assert {name for name in values if getattr(inside, name) is not values[name]} == {"trace"}
