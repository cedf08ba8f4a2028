"""Nobody but the policy decides who may do what: no door, task, page or service has a rule of its own."""

import ast
import re
from importlib import import_module

import pytest

from rustok.admin import platform_site, tenant_site
from rustok.operations import operations
from rustok.policy import find_policy, is_permission, resource
from tests.support.sources import dotted, functions, parsed, sources

# Where grants are read, each with the reason. Everybody else asks `require`, `enter`, a guard or `context.allows`.
DECIDERS = {
    "rustok/context.py": "asks the grants on behalf of the policy",
    "rustok/grants.py": "the language",
    "rustok/policy/": "the policy",
    "apps/security/": "stores, hands on and explains grants",
}
# What may be said of roles elsewhere: flags are targeted at them; that grants nothing.
ROLES = {"apps/security/": "who they are", "apps/flags/": "targeting", "apps/demo/": "the first accounts"}
RIGHTS = {"is_superuser", "has_perm", "has_perms", "has_module_perms", "get_all_permissions"}
ASKS = {"require", "enter", "ResourceGuard", "ensure", "visible", "paginate"}
# Services that take a context and ask nobody, each with the reason.
UNASKED = {
    "apps/orders/services/placing.py:place": "the second half of create_order and check_out, which ask",
    "apps/catalog/services/reservations.py:commit_reservation": "a step of a move of an order, which asks",
    "apps/catalog/services/reservations.py:release": "likewise",
    "apps/catalog/services/reservations.py:restock": "likewise",
    "apps/payments/services.py:refund": "likewise",
    "apps/payments/services.py:refund_rest": "likewise",
    "apps/flags/services/versions.py:flag_change": "a step of changing a flag, which asks",
    "apps/insights/services.py:start": "start_rebuild asks",
    "apps/security/access/services.py:role_to_give": "compares what the role grants with what the giver holds",
    "apps/security/tokens/services.py:exchange": "the credential that is exchanged is the permission",
    "apps/security/tokens/services.py:exchange_for_person": "likewise",
    "apps/security/tokens/services.py:refresh": "likewise",
}


def readings_of_grants(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in {"permissions", *RIGHTS}:
            yield f"{source.path}:{node.lineno} {dotted(node)}"
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Attribute) and side.attr in {"role", "groups"} for side in sides):
                yield f"{source.path}:{node.lineno} a decision by role"


def is_data(found):
    """`call.body.permissions` and `key.permissions` are columns and wire members, shown and stored, not asked."""
    return re.search(r"\b(body|input|wanted|shown|command|operation|declared|known|declaration)\.permissions$", found)


def test_only_the_policy_and_the_security_app_read_grants():
    watched = [source for source in sources() if not source.is_in(*DECIDERS)]
    found = [line for source in watched for line in readings_of_grants(source) if not line.endswith("by role")]

    assert not [line for line in found if not is_data(line)]


def test_nobody_decides_by_role():
    watched = [source for source in sources() if not source.is_in(*ROLES)]

    assert not [line for source in watched for line in readings_of_grants(source) if line.endswith("by role")]


@pytest.mark.parametrize(
    "code",
    [
        "if 'order:read' in context.permissions: pass",
        "allowed = not current().permissions.isdisjoint(wanted)",
        "if request.user.is_superuser: pass",
        "if request.user.has_perm('orders.view_order'): pass",
        "if user.role == 'owner': pass",
    ],
)
def test_the_rule_finds_decisions(code):
    assert list(readings_of_grants(parsed("apps/orders/api/orders.py", code)))


def asks(function, known):
    """Whether the function asks, itself or through one of the same app's that does."""
    called = {dotted(node.func).rpartition(".")[2] for node in ast.walk(function) if isinstance(node, ast.Call)}
    return bool(called & (ASKS | known))


def is_service(source):
    return source.path.startswith("apps/") and bool(re.search(r"/services(/|\.py$)", source.path))


def takes_context(function):
    return any(argument.arg == "context" for argument in (*function.args.args, *function.args.kwonlyargs))


def unasking(watched, known):
    for source in watched:
        for function in functions(source):
            if takes_context(function) and not function.name.startswith("_") and not asks(function, known):
                yield f"{source.path}:{function.name}"


def test_every_service_that_acts_for_somebody_asks():
    services = [source for source in sources() if is_service(source)]
    every = [function for source in services for function in functions(source)]
    known = {function.name for function in every if asks(function, set())}
    for _step in range(3):  # services call services
        known |= {function.name for function in every if asks(function, known)}

    assert len(services) > 15
    assert not set(unasking(services, known)) - set(UNASKED)


def own_doors():
    """(name, handler, source) of every endpoint that a grant for own rows opens."""
    for source in sources():
        for function in functions(source):
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and dotted(decorator.func) == "operation":
                    given = {keyword.arg: keyword.value for keyword in decorator.keywords}
                    if getattr(given.get("own"), "value", False):
                        yield f"{source.path}:{function.lineno}", function


def test_every_door_that_own_rows_open_asks_about_each_row():
    doors = dict(own_doors())
    services = {function.name for source in sources() if is_service(source) for function in functions(source)}
    unasked = [place for place, handler in doors.items() if not asks(handler, services)]

    assert len(doors) > 20
    assert not unasked


@pytest.mark.parametrize("urlconf", ["rustok.urls.platform", "rustok.urls.tenant"])
def test_what_operations_ask_for_is_declared_by_a_policy(urlconf):
    import_module(urlconf)
    asked = {operation.permission for operation in operations() if is_permission(operation.permission)}
    asked -= {permission for permission in asked if permission.startswith(("sample", "nothing", "thing"))}
    pairs = [permission.split(":") for permission in asked]

    assert not [pair for pair in pairs if resource(pair[0]) is None or not resource(pair[0]).knows(pair[1])]


@pytest.mark.parametrize("site", [platform_site, tenant_site], ids=["platform", "tenant"])
def test_every_page_of_a_console_shows_rows_of_a_policy(site):
    pages = {model._meta.label: page for model, page in site._registry.items() if hasattr(page, "commands")}

    assert not [label for label, page in pages.items() if find_policy(page.model) is None]
    assert {label: find_policy(page.model).resource.name for label, page in pages.items()} == {
        label: page.resource for label, page in pages.items()
    }
