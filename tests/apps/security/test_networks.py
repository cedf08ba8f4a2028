"""From where a key may be used: IPv4, IPv6, one inside the other, and nothing that only looks like it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.security.errors import AddressRefused
from apps.security.networks import canonical, check_address, is_within

INSIDE = [
    ("192.0.2.7", "192.0.2.0/24"),
    ("192.0.2.7", "192.0.2.7"),
    ("::ffff:192.0.2.7", "192.0.2.0/24"),
    ("192.0.2.7", "::ffff:192.0.2.0/120"),
    ("2001:db8::1", "2001:db8::/32"),
    ("2001:0DB8:0::1", "2001:db8::1/128"),
    ("203.0.113.9", "0.0.0.0/0"),
]
OUTSIDE = [
    ("192.0.3.7", "192.0.2.0/24"),
    ("2001:db8::1", "0.0.0.0/0"),
    ("192.0.2.7", "::/0"),
    ("", "0.0.0.0/0"),
    ("unix", "0.0.0.0/0"),
    ("192.0.2.7, 10.0.0.1", "192.0.2.0/24"),
]


@pytest.mark.parametrize(("address", "network"), INSIDE, ids=str)
def test_inside(address, network):
    assert is_within(address, [canonical(network)])


@pytest.mark.parametrize(("address", "network"), OUTSIDE, ids=str)
def test_outside(address, network):
    with pytest.raises(AddressRefused):
        check_address(address, ["198.51.100.0/24", canonical(network)])


def test_no_networks_mean_anywhere():
    check_address("", [])


@pytest.mark.parametrize("text", ["", "acme", "192.0.2.1/24", "192.0.2.0/33", "::/129", "192.0.2", "1/8", "0x7f.0.0.1"])
def test_what_is_no_network(text):
    with pytest.raises(ValueError, match=r"does not appear|host bits|not permitted"):
        canonical(text)


@given(st.ip_addresses())
def test_every_address_is_in_the_network_of_itself_which_fits_its_column(address):
    network = canonical(str(address))

    assert is_within(str(address), [network])
    assert len(network) <= 43
    assert ip_network(network).num_addresses == 1
