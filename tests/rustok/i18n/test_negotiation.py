"""Which language a request gets."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.i18n.negotiation import negotiate, preferences

SUPPORTED = ("en", "ru")


@pytest.mark.parametrize(
    ("query", "cookie", "header", "default", "expected"),
    [
        pytest.param("ru", "en", "en", "en", "ru", id="the query wins"),
        pytest.param(None, "ru", "en", "en", "ru", id="then the cookie"),
        pytest.param("xx", None, "ru", "en", "ru", id="an unknown wish is passed over"),
        pytest.param(None, None, "de, ru;q=0.5", "en", "ru", id="the header, first shipped one"),
        pytest.param(None, None, "en;q=0.3, ru;q=0.9", "en", "ru", id="by quality"),
        pytest.param(None, None, "ru-RU", "en", "ru", id="a region falls back to its language"),
        pytest.param(None, None, "ru;q=0", "en", "en", id="q=0 refuses"),
        pytest.param(None, None, "*", "ru", "ru", id="anything means the tenant's default"),
        pytest.param(None, None, "", "ru", "ru", id="nothing means the tenant's default"),
        pytest.param(None, None, "de", "fr", "en", id="English in the end"),
        pytest.param("ru_RU", None, "", "en", "ru", id="underscores are tolerated"),
    ],
)
def test_the_first_shipped_wish_wins(query, cookie, header, default, expected):
    assert negotiate(supported=SUPPORTED, query=query, cookie=cookie, header=header, default=default) == expected


@pytest.mark.parametrize("garbage", ["ru;q=x", "ru;q=7", "ru;x=1", ";q=1", "ru;q=nan"])
def test_malformed_entries_are_left_out(garbage):
    assert preferences(garbage) == []


@given(st.text(), st.text(), st.text())
def test_any_input_gives_a_shipped_language(query, cookie, header):
    assert negotiate(supported=SUPPORTED, query=query, cookie=cookie, header=header) in SUPPORTED


def test_a_wish_as_long_as_a_url_costs_nothing():
    wish = "a-" * 200_000

    started = time.process_time()
    assert negotiate(supported=SUPPORTED, query=wish, cookie=wish, header=wish) == "en"
    assert time.process_time() - started < 0.5
