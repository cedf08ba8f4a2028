"""Two shops that are always there, and real rows for more.

`acme` is entered: the test runs in its scope as user:alice, who may do everything. `globex` is the neighbour: enter it
with `tenant_scope(globex)`. Both live in a transaction that is rolled back. `live_acme` and `live_globex` are the same
shops without that transaction, for threads, locks and commits; what a test left behind is put back after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import factory
import pytest
from django.test import Client
from factory.django import DjangoModelFactory

from apps.lifecycle.schemas.templates import replay, template_sql
from apps.tenants.isolation import platform_scope, tenant_scope
from apps.tenants.models import Tenant
from apps.tenants.queries import get_tenant
from rustok.context import Actor, ExecutionContext, TenantRef, Trace, current, use

ALICE = Actor("user", "alice", "alice")
MALLORY = Actor("user", "mallory", "mallory")
ROOT = Actor("user", "root", "root")
EVERYTHING = frozenset({"*:*"})


def ref_of(slug: str) -> TenantRef:
    """The facts of a shop of the test database."""
    with platform_scope("find a shop of the tests"):
        return get_tenant(slug).ref(host=f"{slug}.localhost")


@contextmanager
def acting(actor: Actor = ALICE, permissions: frozenset[str] = EVERYTHING) -> Iterator[ExecutionContext]:
    """A fresh context outside every scope, as a door would make it."""
    with use(ExecutionContext(actor=actor, permissions=permissions, trace=Trace.new(), request_id="test")) as context:
        yield context


@contextmanager
def entered(tenant: TenantRef) -> Iterator[ExecutionContext]:
    """Alice at work in a shop."""
    with acting(), tenant_scope(tenant) as context:
        yield context


@pytest.fixture
def acme(db: None) -> Iterator[TenantRef]:
    """The shop that the test works in."""
    tenant = ref_of("acme")
    with entered(tenant):
        yield tenant


@pytest.fixture
def globex(db: None) -> TenantRef:
    """The neighbour; not entered."""
    return ref_of("globex")


@pytest.fixture
def live_acme(transactional_db: None) -> Iterator[TenantRef]:
    """The shop that the test works in, with real commits."""
    tenant = ref_of("acme")
    with entered(tenant):
        yield tenant


@pytest.fixture
def live_globex(transactional_db: None) -> TenantRef:
    """The neighbour, with real commits; not entered."""
    return ref_of("globex")


@pytest.fixture
def platform(db: None) -> Iterator[ExecutionContext]:
    """An operator at work in the platform scope; the value is the context."""
    with acting(ROOT), platform_scope("a test of the platform side") as context:
        yield context


@pytest.fixture
def context(request: pytest.FixtureRequest) -> ExecutionContext:
    """Alice's context in `acme`, or in whichever scope the test has entered."""
    if current().schema is None:
        request.getfixturevalue("acme")
    return current()


@pytest.fixture
def mallory_context(context: ExecutionContext) -> ExecutionContext:
    """The same place, seen by somebody who may do nothing."""
    return replace(context, actor=MALLORY, permissions=frozenset())


@pytest.fixture
def client_of() -> Callable[..., Client]:
    """`client_of(tenant)` is a browser or script that talks to that shop's host; `client_of()` to the platform's."""

    def make(tenant: TenantRef | None = None, **defaults: Any) -> Client:
        host = "localhost" if tenant is None else f"{tenant.slug}.localhost"
        return Client(raise_request_exception=False, headers={"host": host}, **defaults)

    return make


class TenantFactory(DjangoModelFactory):
    """A shop as rows. `TenantFactory(schema=True)` also makes its schema, 0.1-0.3 s."""

    class Meta:
        model = Tenant
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda number: f"shop-{number}")
    name = factory.LazyAttribute(lambda shop: shop.slug.title())
    status = "active"

    @classmethod
    def _create(cls, model_class: type[Tenant], *args: Any, **kwargs: Any) -> Tenant:
        with platform_scope("make a shop for a test"):
            return super()._create(model_class, *args, **kwargs)

    @factory.post_generation
    def schema(self, create: bool, extracted: object, **kwargs: Any) -> None:
        """`schema=True` replays the template."""
        if extracted:
            with platform_scope("make the schema of a test's shop"):
                replay(template_sql() or "", self.schema_name)
