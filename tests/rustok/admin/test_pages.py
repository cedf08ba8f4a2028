"""What holds for every page of both consoles."""

import pytest

from apps.security.models import AuditEntry
from apps.tenants.isolation import tenant_scope
from rustok.admin import platform_site, tenant_site
from rustok.operations import operations
from tests.support.commerce import make_order, make_product
from tests.support.console import PASSWORD, Visitor, offered

SITES = {"platform": platform_site, "tenant": tenant_site}
PAGES = [
    pytest.param(name, f"{model._meta.app_label}_{model._meta.model_name}", id=f"{name}-{model._meta.label_lower}")
    for name, site in SITES.items()
    for model in site._registry
]


def visitor(side, role, request):
    if side == "platform":
        request.getfixturevalue("platform")
        return Visitor(role)
    return Visitor(role, request.getfixturevalue("acme"))


@pytest.mark.parametrize(("side", "model"), PAGES)
def test_every_list_opens_for_who_may_do_everything(request, side, model):
    person = visitor(side, "operator" if side == "platform" else "owner", request)

    assert person.list(model).status_code == 200


@pytest.mark.parametrize(("side", "model"), PAGES)
def test_no_page_can_be_written_except_by_commands(request, side, model):
    person = visitor(side, "operator" if side == "platform" else "owner", request)
    address = person.address(f"{model}_changelist")

    for path in (f"{address}add/", f"{address}0/delete/", f"{address}0/history/"):
        assert person.client.post(path).status_code in {403, 404, 405}


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_every_page_names_its_resource_and_every_command_is_a_declared_operation(site):
    declared = {operation.name for operation in operations()}

    for page in site._registry.values():
        assert page.resource
        for command in (*page.commands, *page.list_commands):
            assert f"console.{page.resource}.{command.name}" in declared


def test_a_stranger_is_sent_to_the_login(client_of, acme):
    answer = client_of(acme).get("/admin/orders/order/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_a_session_of_one_shop_opens_nothing_in_the_other(acme, globex):
    owner = Visitor("owner", acme)

    answer = owner.client.get("/admin/", headers={"host": "globex.localhost"})

    assert answer.status_code == 302


def test_the_login_form_lets_the_owner_in(acme):
    owner = Visitor("owner", acme)
    owner.client.logout()

    data = {"username": owner.user.username, "password": PASSWORD, "next": "/admin/orders/order/"}
    answer = owner.client.post("/admin/login/", data)

    assert answer["Location"] == "/admin/orders/order/"


def test_a_viewer_reads_orders_but_neither_users_nor_audit(acme):
    viewer = Visitor("viewer", acme)

    assert viewer.list("orders_order").status_code == 200
    assert viewer.list("security_user").status_code == 403
    assert viewer.list("security_auditentry").status_code == 403


def test_the_sidebar_shows_what_the_person_may_see(acme):
    viewer = Visitor("viewer", acme)

    groups = viewer.get("/admin/").context["sidebar_navigation"]
    titles = {str(item["title"]) for group in groups for item in group["items"]}

    assert {"Orders", "Products", "Stock"} <= titles
    assert not {"Users", "API keys", "Audit log"} & titles


def test_a_command_without_the_csrf_token_is_refused(acme):
    owner, order = Visitor("owner", acme, enforce_csrf_checks=True), make_order()

    answer = owner.do("orders_order", "confirm", order)

    assert answer.status_code == 403


def test_asking_for_a_command_changes_nothing(acme):
    owner, order = Visitor("owner", acme), make_order()

    answer = owner.get(owner.address("orders_order_do_confirm", order.pk))

    assert answer.status_code == 200
    order.refresh_from_db()
    assert order.status == "pending"


def test_an_id_that_is_no_id_is_not_there(acme):
    owner = Visitor("owner", acme)

    answer = owner.client.get("/admin/orders/order/nonsense/change/", follow=True)

    assert answer.status_code in {200, 404}
    assert "Traceback" not in answer.content.decode()


def test_what_a_person_does_is_in_the_audit_log_under_the_persons_name(acme):
    owner, order = Visitor("owner", acme), make_order()

    owner.do("orders_order", "confirm", order)

    entry = AuditEntry.objects.filter(action="order:confirm").latest("id")
    assert entry.actor == f"user:{owner.user.pk}"


def test_djangos_own_log_goes_to_the_audit(acme, rf):
    page = next(page for model, page in tenant_site._registry.items() if model._meta.label == "catalog.Product")
    product = make_product()

    page.log_change(rf.get("/"), product, "changed")

    assert AuditEntry.objects.latest("id").target == str(product.pk)


@pytest.mark.parametrize(("posted", "stored"), [("ru", "ru"), ("xx", None)])
def test_the_language_switch_remembers_shipped_languages(client_of, acme, posted, stored):
    client = client_of(acme)

    answer = client.post("/admin/language/", {"language": posted, "next": "/admin/orders/order/"})

    assert answer["Location"] == "/admin/orders/order/"
    assert (answer.cookies["django_language"].value if "django_language" in answer.cookies else None) == stored


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_language_switch_leads_nowhere_else(client_of, acme, target):
    answer = client_of(acme).post("/admin/language/", {"language": "ru", "next": target})

    assert answer["Location"] == "/admin/"


def test_the_language_switch_is_no_link(client_of, acme):
    assert client_of(acme).get("/admin/language/").status_code == 405


def test_a_persons_own_password_is_changed_by_the_service(acme):
    owner = Visitor("owner", acme)
    new = "another-long-password"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}

    owner.client.post("/admin/password_change/", data)

    owner.user.refresh_from_db()
    assert owner.user.check_password(new)
    assert AuditEntry.objects.filter(action="user:set_password").exists()


def test_a_neighbours_product_has_no_page(acme, globex):
    owner = Visitor("owner", acme)
    with tenant_scope(globex):
        product = make_product()

    assert owner.do("catalog_product", "update", product).status_code == 404


def test_the_commands_of_a_list_stand_on_the_list(acme):
    assert offered(Visitor("owner", acme).list("catalog_product")) == {"create"}
