"""What stands before the credential: the limit per address, and the web origins that a shop lets in."""

from __future__ import annotations

import pytest

from apps.security.zero_trust.address import CAPACITY, AddressLimiter
from apps.security.zero_trust.services import ChangeTrustPolicy, change_trust_policy

ORIGIN = "https://www.acme.example"
KEYS = "/api/v1/api-keys/"


class TestAddresses:
    @pytest.fixture
    def clock(self):
        return [0.0]

    @pytest.fixture
    def limiter(self, clock):
        return AddressLimiter(2.0, clock=lambda: clock[0])

    def test_a_burst_passes_and_what_comes_after_it_waits(self, limiter, clock):
        assert [limiter.allows("192.0.2.1") for _ in range(7)] == [True] * 6 + [False]
        clock[0] += 0.5
        assert [limiter.allows("192.0.2.1") for _ in range(2)] == [True, False]

    def test_addresses_do_not_pay_for_each_other(self, limiter):
        while limiter.allows("192.0.2.1"):
            pass

        assert limiter.allows("192.0.2.2")

    def test_a_host_owns_its_whole_network_in_ipv6(self, limiter):
        assert [limiter.allows(f"2001:db8::{number}") for number in range(7)][-1] is False
        assert limiter.allows("2001:db8:0:1::1")

    def test_memory_is_bounded(self, limiter):
        for number in range(CAPACITY + 10):
            limiter.allows(str(number))

        assert len(limiter._seen) == CAPACITY

    def test_an_exhausted_address_gets_a_problem(self, acme, client_of, monkeypatch):
        monkeypatch.setattr(AddressLimiter, "allows", lambda *_: False)

        answer = client_of(acme).get(KEYS)

        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, 1152, "1")


class TestOrigins:
    @pytest.fixture
    def browser(self, acme, context, client_of):
        change_trust_policy(input=ChangeTrustPolicy(signatures="optional", allowed_origins=[ORIGIN]), context=context)
        return client_of(acme)

    def test_a_known_origin_may_ask_and_read(self, browser):
        headers = {"origin": ORIGIN, "access-control-request-method": "POST"}

        asked, answered = browser.options(KEYS, headers=headers), browser.get(KEYS, headers={"origin": ORIGIN})

        assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (204, ORIGIN)
        assert "Authorization" in asked["Access-Control-Allow-Headers"]
        assert answered["Access-Control-Allow-Origin"] == ORIGIN
        assert "Origin" in answered["Vary"].split(", ")
        assert "Access-Control-Allow-Credentials" not in answered

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example"])
    def test_any_other_origin_may_not(self, browser, origin):
        answer = browser.get(KEYS, headers={"origin": origin})

        assert "Access-Control-Allow-Origin" not in answer

    def test_origins_of_one_shop_are_strangers_in_another(self, browser, globex, client_of):
        assert "Access-Control-Allow-Origin" not in client_of(globex).get(KEYS, headers={"origin": ORIGIN})
