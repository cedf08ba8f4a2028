"""One host, one spelling (trap 24)."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.errors import MalformedHost
from apps.tenants.resolution.hosts import normalise, tenant_label


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("shop.example.com", "shop.example.com"),
        ("Shop.EXAMPLE.com", "shop.example.com"),
        ("shop.example.com:8000", "shop.example.com"),
        ("shop.example.com:", "shop.example.com"),
        ("shop.example.com.", "shop.example.com"),
        ("shop.example.com.:443", "shop.example.com"),
        ("bücher.example".encode().decode("latin-1"), "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.".encode().decode("latin-1"), "xn--bcher-kva.example"),
        ("localhost", "localhost"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "[::1]"),
        ("[0:0::1]", "[::1]"),
        ("my_shop.example.com", "my_shop.example.com"),
    ],
)
def test_every_spelling_has_one_canonical_form(authority: str, host: str) -> None:
    assert normalise(authority) == host
    assert normalise(host) == host


@pytest.mark.parametrize(
    "authority",
    [
        "",
        ".",
        "..",
        "shop..example.com",
        ".example.com",
        "shop.example.com..",
        "-shop.example.com",
        "shop-.example.com",
        "shop example.com",
        "shop.example.com/path",
        "user@shop.example.com",
        "shop.example.com:port",
        "shop.example.com:99999",
        "shop.example.com:80:80",
        "a.example,b.example",
        "shop\x00.example.com",
        "shop\r\n.example.com",
        "999.1.1.1",
        "1.2.3",
        "[::1",
        "[not-an-address]",
        "xn--a.example",
        "\xff\xfe.example",
        "a" * 64 + ".example",
        ".".join(["a" * 60] * 5),
    ],
)
def test_what_is_no_host_is_refused(authority: str) -> None:
    with pytest.raises(MalformedHost):
        normalise(authority)


@given(st.text(max_size=300))
def test_any_text_is_a_host_or_refused(authority: str) -> None:
    try:
        host = normalise(authority)
    except MalformedHost:
        return
    assert normalise(host) == host
    assert host == host.lower()


labels = st.text(string.ascii_letters + string.digits, min_size=1, max_size=20)


@given(st.lists(labels, min_size=2, max_size=4), st.integers(1, 65_535))
def test_case_port_and_trailing_dot_do_not_matter(parts: list[str], port: int) -> None:
    host = ".".join([*parts, "example"])

    assert normalise(f"{host.upper()}.:{port}") == normalise(host.lower())


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("acme.localhost", "acme"),
        ("localhost", None),
        ("a.b.localhost", None),
        ("acme.example.com", None),
        ("acmelocalhost", None),
        (".localhost", ""),
    ],
)
def test_slug_is_the_one_label_below_the_base_domain(host: str, label: str | None) -> None:
    assert tenant_label(host, "localhost") == label
