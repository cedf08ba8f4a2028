"""Whatever can be asked of the platform says who may ask and how long it is kept alive under pressure."""

import re
from importlib import import_module

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver

from rustok.api.admission import operation_of
from rustok.celery import app as celery_app
from rustok.operations import AUTHENTICATED, INTERNAL, PUBLIC, Criticality, operations
from rustok.policy import is_permission

URLCONFS = ["rustok.urls.platform", "rustok.urls.tenant"]
# Pages that are no operations of the API, each with the reason. The consoles are guarded by their own sites.
PAGES = {
    "rustok.api.views": "the document, its viewers and the catalogue: public, read only",
    "apps.demo.views": "receiver and page of the demo; answers 404 unless the demo is on",
    "rustok.i18n.views": "language switch",
    "django.views.i18n": "texts of the console's scripts",
}

SAMPLES = {"uuid": "019b2f9a-7a44-7c1e-8a52-3f3a3a3a3a3a", "int": "1"}  # of converters; the others take an "a"


def leaves(patterns, prefix=""):
    for entry in patterns:
        route = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":
                yield from leaves(entry.url_patterns, route)
        else:
            assert isinstance(entry, URLPattern)
            yield route, entry.callback


def path_of(route):
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda match: SAMPLES.get(match[1], "a"), route)


def declared_names():
    return {operation.name for operation in operations()}


@pytest.mark.parametrize("urlconf", URLCONFS)
def test_every_endpoint_is_declared(urlconf):
    patterns, undeclared = import_module(urlconf).urlpatterns, []
    known = declared_names()
    for route, callback in leaves(patterns):
        view = getattr(callback, "view_class", getattr(callback, "cls", None))
        declarations = getattr(view, "declarations", None)
        if declarations:
            assert {declared.name for declared in declarations.values()} <= known
        elif getattr(callback, "__module__", "") not in PAGES:
            undeclared.append(route)

    assert not undeclared


@pytest.mark.parametrize("urlconf", URLCONFS)
def test_the_gate_knows_every_endpoint_as_it_is_declared(urlconf):
    host = "localhost" if urlconf == settings.PUBLIC_SCHEMA_URLCONF else "acme.localhost"
    wrong = []
    for route, callback in leaves(import_module(urlconf).urlpatterns):
        view = getattr(callback, "view_class", getattr(callback, "cls", None))
        for method, declared in getattr(view, "declarations", {}).items():
            known = operation_of({"REQUEST_METHOD": method, "PATH_INFO": path_of(route), "HTTP_HOST": host})
            if (known.name, known.criticality) != (declared.name, declared.criticality):
                wrong.append((method, route, known.name))

    assert not wrong


@pytest.mark.parametrize("urlconf", URLCONFS)
def test_no_address_is_unknown_to_the_gate(urlconf):
    host = "localhost" if urlconf == settings.PUBLIC_SCHEMA_URLCONF else "acme.localhost"
    paths = ["/admin/", "/admin/a/b/"]
    paths += [path_of(route) for route, _callback in leaves(import_module(urlconf).urlpatterns)]
    asked = [operation_of({"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_HOST": host}) for path in paths]

    assert len(asked) > 20
    assert {operation.name for operation in asked}.isdisjoint({"unknown"})
    assert all(isinstance(operation.criticality, Criticality) for operation in asked)


def test_every_task_is_declared():
    celery_app.loader.import_default_modules()
    tasks = {name for name in celery_app.tasks if not name.startswith("celery.")}

    assert tasks == {operation.name for operation in operations() if operation.kind == "task"}


def test_every_operation_has_permission_and_criticality():
    for operation in operations():
        assert operation.permission in {PUBLIC, AUTHENTICATED, INTERNAL} or is_permission(operation.permission), (
            operation
        )
        assert isinstance(operation.criticality, Criticality)
        assert operation.kind in {"endpoint", "console", "task", "tool"}


def test_only_machine_work_is_internal():
    assert not [
        operation for operation in operations() if operation.permission == INTERNAL and operation.kind == "endpoint"
    ]


def test_placing_an_order_is_shed_last():
    assert {o.criticality for o in operations() if o.name == "orders.create"} == {Criticality.CRITICAL}


def test_public_operations_never_write():
    proven = {
        "demo.receive",  # guarded by the signature of the webhook, and absent unless the demo is on
        "tokens.create",  # an API key in the header or a refresh token in the body, checked by the same stages
        "tokens.give_up",  # the token itself is the proof
    }

    public = {operation.name for operation in operations() if operation.permission == PUBLIC and operation.writes}

    assert {name for name in public if not name.startswith("sample.")} <= proven  # samples belong to the tests
