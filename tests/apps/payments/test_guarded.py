"""A sick provider is left alone, for one shop; a refusal is an answer."""

import pytest

from apps.payments.errors import InsufficientFunds
from apps.payments.providers.guarded import GuardedProvider
from apps.tenants.isolation import tenant_scope
from rustok.money import Money
from rustok.resilience import CircuitOpen

pytestmark = pytest.mark.django_db
FIVE = Money(500, "USD")


class Provider:
    name = "carrier-pigeon"

    def __init__(self, error):
        self.error, self.asked = error, 0

    def capture(self, *, money, reference):
        self.asked += 1
        raise self.error

    def refund(self, *, money, reference):
        return f"{reference}-{money.amount}"


def ask(provider, times):
    for _ in range(times):
        with pytest.raises((ConnectionError, InsufficientFunds)):
            GuardedProvider(provider).capture(money=FIVE, reference="r")


def test_a_sick_provider_is_left_alone_in_this_shop_only(context, globex):
    provider = Provider(ConnectionError())
    ask(provider, 10)

    with pytest.raises(CircuitOpen):
        GuardedProvider(provider).refund(money=FIVE, reference="r")
    with tenant_scope(globex):
        assert GuardedProvider(provider).refund(money=FIVE, reference="r") == "r-500"
    assert provider.asked == 10


def test_a_refused_card_is_an_answer(context):
    provider = Provider(InsufficientFunds(needed=5, available=1))
    ask(provider, 30)

    assert (provider.asked, GuardedProvider(provider).name) == (30, "carrier-pigeon")
