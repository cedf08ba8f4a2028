"""The receiver believes signatures, counts an event once and notices every disorder."""

from collections.abc import Callable

import pytest

from apps.demo.errors import BadSignature, UnreadableEvent
from apps.demo.models import Arrival, Subscription
from apps.demo.receiver import take
from rustok.errors.families import NotFound

Make = Callable[..., tuple[bytes, dict[str, str]]]
pytestmark = pytest.mark.usefixtures("subscription")
OTHER_SECRET = "whsec_" + "A" * 43 + "="


def arrive(signed: tuple[bytes, dict[str, str]], slug: str = "acme") -> None:
    body, headers = signed
    take(slug=slug, body=body, headers=headers)


def test_a_signed_event_is_noted_with_its_place(delivery: Make) -> None:
    arrive(delivery(subject="order-9", streamversion=3, position=77))
    arrival = Arrival.objects.get()

    assert (arrival.stream, arrival.version, arrival.position) == ("order-9", 3, 77)
    assert (arrival.type, arrival.deliveries, arrival.in_order) == ("orders.order_placed.v1", 1, True)


def test_a_repeated_delivery_counts_and_changes_nothing_else(delivery: Make) -> None:
    signed = delivery()
    arrive(signed)
    first = Arrival.objects.get()
    arrive(signed)
    again = Arrival.objects.get()

    assert (again.deliveries, again.arrived_at, again.in_order) == (2, first.arrived_at, True)


def test_an_event_behind_a_later_one_of_its_stream_is_out_of_order(delivery: Make) -> None:
    for version in (1, 3, 2):
        arrive(delivery(streamversion=version))

    assert list(Arrival.objects.order_by("version").values_list("in_order", flat=True)) == [True, False, True]


def test_other_streams_do_not_matter_for_the_order(delivery: Make) -> None:
    arrive(delivery(subject="order-1", streamversion=5))
    arrive(delivery(subject="order-2", streamversion=1))

    assert not Arrival.objects.filter(in_order=False).exists()


def test_a_test_send_without_a_place_is_taken(delivery: Make) -> None:
    arrive(delivery(subject=None, streamversion=None, position=None))

    assert Arrival.objects.get().position is None


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"webhook-signature": "v1,bm8="}, id="another signature"),
        pytest.param({"webhook-signature": "nonsense"}, id="no signature"),
        pytest.param({"webhook-timestamp": "1"}, id="too old"),
        pytest.param({"webhook-timestamp": "soon"}, id="no time"),
        pytest.param({"webhook-id": "another"}, id="another id"),
    ],
)
def test_a_bad_signature_is_refused_and_counted(delivery: Make, headers: dict[str, str]) -> None:
    body, good = delivery()

    with pytest.raises(BadSignature):
        take(slug="acme", body=body, headers=good | headers)

    assert Subscription.objects.get().refused == 1
    assert not Arrival.objects.exists()


def test_the_secret_of_another_shop_does_not_sign(delivery: Make) -> None:
    with pytest.raises(BadSignature):
        arrive(delivery(secret=OTHER_SECRET))


def test_a_changed_body_is_refused(delivery: Make) -> None:
    body, headers = delivery()

    with pytest.raises(BadSignature):
        take(slug="acme", body=body.replace(b"order-1", b"order-2"), headers=headers)


@pytest.mark.parametrize("body", [b"[]", b"nothing", b'{"id": 1}', b'{"id": "1", "type": "t", "time": "later"}'])
def test_what_is_signed_but_no_event_is_refused(delivery: Make, body: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        arrive(delivery(body=body))


def test_a_shop_that_nobody_subscribed_to_is_not_found(delivery: Make) -> None:
    with pytest.raises(NotFound):
        arrive(delivery(), slug="globex")


def test_taking_an_event_costs_one_statement(delivery: Make, django_assert_num_queries: Callable[..., object]) -> None:
    arrive(delivery())

    with django_assert_num_queries(1):
        arrive(delivery())
