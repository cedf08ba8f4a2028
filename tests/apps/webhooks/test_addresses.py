"""The SSRF guard's table (trap 34): no disguise of a private address passes, before or after the name server."""

from __future__ import annotations

import ipaddress
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.isolation import tenant_scope
from apps.webhooks.addresses import Unreachable, read_url, refusal, resolve
from apps.webhooks.connections import Connection
from apps.webhooks.errors import UnsafeAddress
from apps.webhooks.places import Places
from tests.support.receiver import allowing

PUBLIC = (
    "93.184.215.14",
    "8.8.8.8",
    "2606:2800:220:1:248:1893:25c8:1946",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
    "2606:2800:220:1:0:5efe:808:808",
)
PRIVATE = (
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.254",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:a9fe:a9fe::",
    "2606:2800:220:1:0:5efe:a00:1",
    "2606:2800:220:1:200:5efe:7f00:1",
    "2001:0:7f00:1::f5ff:fffe",
    "fd00:ec2::254",
    "fec0::1",
    "febf::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "4000::1",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_refused(address):
    assert refusal(ipaddress.ip_address(address)) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_passes(address):
    assert refusal(ipaddress.ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_mapped_address_is_judged_as_its_inner_one(inner):
    mapped = ipaddress.IPv6Address(f"::ffff:{inner}")

    assert (refusal(mapped) is None) == (refusal(inner) is None)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://",
        "https:///path",
        "//example.com/",
        "example.com",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nX: y",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://[fc00::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://0/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://①②⑦.⓪.⓪.①/",
        "https://127。0。0。1/",
        "https://[::ffff:0x7f000001]/",
        "https://[::1%25eth0]/",
        "https://[fe80::1%25lo]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://localhost/",
        "https://acme.localhost/",
        "https://LOCALHOST./",
        "https://１２７.０.０.１/",
        "https://example.com/" + "a" * 2000,
    ],
)
def test_url_is_refused_at_sight(url):
    with pytest.raises(UnsafeAddress):
        read_url(url)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://example.com", "example.com", "/"),
        ("https://Example.COM./hooks?a=1", "example.com", "/hooks?a=1"),
        ("https://example.com:8443/x", "example.com:8443", "/x"),
        ("https://bücher.example/", "xn--bcher-kva.example", "/"),
        ("https://93.184.215.14/", "93.184.215.14", "/"),
        ("https://[2606:2800:220:1:248:1893:25c8:1946]:444/", "[2606:2800:220:1:248:1893:25c8:1946]:444", "/"),
    ],
)
def test_good_url_is_taken_apart(url, authority, path):
    target = read_url(url)

    assert (target.authority, target.path) == (authority, path)


def names(monkeypatch, *addresses: str) -> None:
    """The name server's answer; third-party I/O."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)


@pytest.mark.parametrize("address", PRIVATE)
def test_name_that_leads_to_a_private_address_is_refused(address, monkeypatch):
    names(monkeypatch, address)

    with pytest.raises(UnsafeAddress):
        resolve(read_url("https://innocent.example/"), timeout=1)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    names(monkeypatch, "93.184.215.14", "10.0.0.1")

    with pytest.raises(UnsafeAddress):
        resolve(read_url("https://innocent.example/"), timeout=1)


def test_address_that_was_checked_is_the_one_handed_out(monkeypatch):
    names(monkeypatch, "93.184.215.14")

    assert resolve(read_url("https://innocent.example/"), timeout=1) == "93.184.215.14"


def test_name_that_changes_its_mind_is_asked_again_and_refused(monkeypatch):
    target = read_url("https://rebinding.example/")
    names(monkeypatch, "93.184.215.14")
    assert resolve(target, timeout=1) == "93.184.215.14"

    names(monkeypatch, "127.0.0.1")
    with pytest.raises(UnsafeAddress):
        resolve(target, timeout=1)


def test_name_is_asked_once_for_check_and_connection(monkeypatch):
    """Rebinding (trap 34): a naive guard asks for the check, its client asks again and gets another answer."""
    answers = iter(["93.184.215.14", "127.0.0.1"])
    found = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: [(*found, (next(answers), 443))])
    target = read_url("https://rebinding.example/")
    connection = Connection(target, resolve(target, timeout=1))

    assert connection.key[-1] == "93.184.215.14"
    assert socket.getaddrinfo(target.host, 443)[0][4][0] == "127.0.0.1"  # what a second question would bring


def test_waiting_for_name_servers_is_bounded(monkeypatch):
    monkeypatch.setattr("apps.webhooks.addresses._RESOLVERS", Places(most=1, own=1))
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: release.wait(10) and [])
    target = read_url("https://slow.example/")

    for _question in range(2):
        with pytest.raises(Unreachable):
            resolve(target, timeout=0.02)
    assert sum(thread.name == "webhook-resolver" for thread in threading.enumerate()) == 1
    release.set()


def test_names_that_hang_in_one_shop_are_no_matter_of_the_others(acme, globex, monkeypatch):
    monkeypatch.setattr("apps.webhooks.addresses._RESOLVERS", Places(most=3, own=2))
    release, found = threading.Event(), [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))]

    def look_up(host, *_arguments, **_options):
        return found if host == "good.example" or release.wait(10) else []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for _question in range(4):
        with pytest.raises(Unreachable):
            resolve(read_url("https://slow.example/"), timeout=0.02)

    with tenant_scope(globex):
        assert resolve(read_url("https://good.example/"), timeout=5) == "93.184.215.14"
    release.set()


def test_unknown_name_is_unreachable(monkeypatch):
    names(monkeypatch)

    with pytest.raises(Unreachable):
        resolve(read_url("https://nowhere.example/"), timeout=1)


def test_slow_name_server_is_not_waited_for(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: release.wait(10) and [])

    with pytest.raises(Unreachable):
        resolve(read_url("https://slow.example/"), timeout=0.05)
    release.set()


def test_allowed_receiver_may_be_plain_and_local(monkeypatch):
    with allowing(monkeypatch, "127.0.0.1:9000", "localhost:9001"):
        assert resolve(read_url("http://127.0.0.1:9000/x"), timeout=1) == "127.0.0.1"
        assert resolve(read_url("http://localhost:9001/x"), timeout=1) == "127.0.0.1"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001/", "http://127.0.0.2:9000/", "http://[::1]:9000/"])
def test_only_the_very_host_and_port_are_opened(url, monkeypatch):
    with allowing(monkeypatch, "127.0.0.1:9000"), pytest.raises(UnsafeAddress):
        read_url(url)


def test_allowed_name_must_stay_on_this_machine(monkeypatch):
    names(monkeypatch, "169.254.169.254")
    with allowing(monkeypatch, "receiver.example:9000"), pytest.raises(UnsafeAddress):
        resolve(read_url("http://receiver.example:9000/"), timeout=1)
