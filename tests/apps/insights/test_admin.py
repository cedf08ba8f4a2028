"""Read models in the console, and the button that builds one anew."""

import pytest

from apps.events.models import Subscription
from apps.insights import services, tasks
from apps.insights.models import SalesDay
from tests.support.commerce import make_customer, make_order, make_product
from tests.support.console import Visitor, notices, offered
from tests.support.events import relay

MODELS = ("salesday", "productday", "stockday", "customervalue")


@pytest.fixture
def sold(acme):
    make_product("TEA", name="Green tea")
    make_order("shipped", lines={"TEA": 2}, customer_id=make_customer().pk)
    relay()


@pytest.mark.parametrize("model", MODELS)
def test_lists_show_the_live_rows(sold, acme, model):
    page = Visitor("viewer", acme).list(f"insights_{model}")

    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == 1


def test_rows_of_other_builds_are_not_shown(sold, acme):
    Subscription.objects.filter(name="projection:sales_per_day").update(name="elsewhere")

    assert len(Visitor("viewer", acme).list("insights_salesday").context["cl"].result_list) == 0


def test_row_has_a_page(sold, acme):
    page = Visitor("viewer", acme).page("insights_salesday", SalesDay.objects.get())

    assert "9.00 USD" in page.content.decode()


def test_only_who_may_rebuild_sees_the_button(sold, acme):
    assert offered(Visitor("viewer", acme).list("insights_salesday")) == set()
    assert offered(Visitor("owner", acme).list("insights_salesday")) == {"rebuild_sales_per_day"}


def test_rebuild_is_queued_and_takes_over(sold, acme, monkeypatch):
    queued = []
    monkeypatch.setattr(tasks.rebuild, "apply_async", lambda **given: queued.append(given["kwargs"]))
    before = Subscription.objects.get(name="projection:sales_per_day").pk

    answer = Visitor("owner", acme).do("insights_salesday", "rebuild_sales_per_day")
    tasks.rebuild(**queued[0])

    assert queued == [{"tenant": "acme", "projection": "sales_per_day"}]
    assert "read anew" in notices(answer)
    assert Subscription.objects.get(name="projection:sales_per_day").pk != before
    assert SalesDay.objects.count() == 1


def test_rebuild_that_needs_longer_queues_itself_again(sold, acme, monkeypatch):
    queued = []
    monkeypatch.setattr(tasks.rebuild, "apply_async", lambda **given: queued.append(given))
    monkeypatch.setattr(tasks, "go_on", lambda **_given: False)

    tasks.rebuild(tenant="acme", projection="sales_per_day")

    assert len(queued) == 1


def test_dead_broker_is_told(sold, acme, monkeypatch):
    def refuse(**_given):
        raise ConnectionError

    monkeypatch.setattr(tasks.rebuild, "apply_async", refuse)

    assert "no worker could be told" in notices(Visitor("owner", acme).do("insights_salesday", "rebuild_sales_per_day"))


def test_finished_rebuild_needs_no_more_work(sold, acme):
    assert services.go_on(name="sales_per_day", seconds=1)
