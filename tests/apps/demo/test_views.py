"""The receiver's doors: open while the demo is on, on the platform host only."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.demo.models import Subscription

Make = Callable[..., tuple[bytes, dict[str, str]]]
DOORS = ("/demo/", "/demo/arrivals/", "/demo/arrivals/acme/")
RECEIVER = "/demo/receiver/acme/"


def send(client: Client, signed: tuple[bytes, dict[str, str]], path: str = RECEIVER) -> int:
    body, headers = signed
    return client.post(path, body, content_type="application/cloudevents+json", headers=headers).status_code


@pytest.fixture
def browser(demo_on: None, subscription: Subscription, client_of: Callable[..., Client]) -> Client:
    return client_of()


def test_a_delivery_is_taken_without_a_credential_or_a_csrf_token(browser: Client, delivery: Make) -> None:
    assert send(browser, delivery()) == 204


def test_a_bad_signature_is_a_problem(browser: Client, delivery: Make) -> None:
    body, headers = delivery()
    answer = browser.post(RECEIVER, body + b" ", content_type="application/json", headers=headers)

    assert (answer.status_code, answer.json()["name"]) == (403, "BadSignature")


def test_the_summary_tells_what_arrived(browser: Client, delivery: Make) -> None:
    signed = delivery(streamversion=2)
    for each in (signed, signed, delivery(streamversion=1)):
        send(browser, each)
    (shop,) = browser.get("/demo/arrivals/").json()["shops"]

    assert {name: shop[name] for name in ("slug", "arrived", "valid", "duplicates", "out_of_order", "refused")} == {
        "slug": "acme",
        "arrived": 2,
        "valid": 2,
        "duplicates": 1,
        "out_of_order": 1,
        "refused": 0,
    }
    assert (len(shop["per_second"]), sum(shop["per_second"]), len(shop["last"])) == (120, 2, 2)


def test_arrivals_come_in_their_order_and_page_by_page(
    browser: Client, delivery: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.demo.views.PAGE", 2)
    for position in (1, 2, 3):
        send(browser, delivery(subject=f"order-{position}", position=position))
    first = browser.get("/demo/arrivals/acme/").json()
    second = browser.get(first["next"]).json()

    assert [arrival["position"] for arrival in first["results"] + second["results"]] == [1, 2, 3]
    assert second["next"] is None


def test_arrivals_of_one_stream(browser: Client, delivery: Make) -> None:
    for stream in ("order-1", "order-2"):
        send(browser, delivery(subject=stream))
    found = browser.get("/demo/arrivals/acme/?stream=order-2").json()["results"]

    assert [arrival["stream"] for arrival in found] == ["order-2"]


@pytest.mark.parametrize("cursor", ["x", "eA==", "MjAyNiB4"])
def test_a_bad_cursor_is_invalid_input(browser: Client, cursor: str) -> None:
    assert browser.get(f"/demo/arrivals/acme/?after={cursor}").status_code == 400


def test_an_unknown_shop_has_no_arrivals(browser: Client) -> None:
    assert browser.get("/demo/arrivals/globex/").status_code == 404


@pytest.mark.parametrize(("language", "heading"), [("en", "Events arriving"), ("ru", "<h1>")])
def test_the_page_speaks_the_readers_language_and_loads_only_our_own(
    browser: Client, language: str, heading: str
) -> None:
    answer = browser.get("/demo/", headers={"accept": "text/html", "accept-language": language})

    assert heading in answer.content.decode()
    assert f'<html lang="{language}">' in answer.content.decode()
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")


@pytest.mark.parametrize("path", [*DOORS, RECEIVER])
def test_other_methods_are_refused(browser: Client, path: str) -> None:
    assert browser.put(path).status_code == 405


@pytest.mark.usefixtures("subscription")
@pytest.mark.parametrize("path", DOORS)
def test_without_the_demo_there_is_nothing(client_of: Callable[..., Client], path: str) -> None:
    assert client_of().get(path).status_code == 404


@pytest.mark.usefixtures("demo_on", "subscription")
@pytest.mark.parametrize("path", DOORS)
def test_a_tenants_host_has_no_demo(client_of: Callable[..., Client], globex: object, path: str) -> None:
    assert client_of(globex).get(path).status_code == 404
