"""Reading fields, building the base, verifying: the examples of RFC 9421 appendix B, and whatever else arrives."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.security.signing import (
    Components,
    Key,
    Unreadable,
    digest_matches,
    read_signature,
    readable_key,
    signature_base,
)

BODY = b'{"hello": "world"}'
META = {
    "HTTP_HOST": "example.com",
    "HTTP_DATE": "Tue, 20 Apr 2021 02:07:55 GMT",
    "CONTENT_TYPE": "application/json",
    "CONTENT_LENGTH": "18",
    "HTTP_CONTENT_DIGEST": (
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
    ),
}
REQUEST = Components("POST", "https", "example.com", "/foo", "param=Value&Pet=dog", META)
SECRET = base64.b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
ED25519 = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""

HMAC_EXAMPLE = (
    'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
)
ED25519_EXAMPLE = (
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"',
    "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
)


@pytest.mark.parametrize(
    ("example", "key"),
    [
        (HMAC_EXAMPLE, Key("hmac-sha256", SECRET)),
        (ED25519_EXAMPLE, Key("ed25519", readable_key("ed25519", ED25519))),
    ],
    ids=["B.2.5", "B.2.6"],
)
def test_the_examples_of_the_standard_verify(example, key):
    fields = read_signature(*example)
    base = signature_base(fields, REQUEST)

    assert key.verifies(fields.signature, base)
    assert not key.verifies(fields.signature, base + b" ")
    assert not key.verifies(fields.signature[:-1], base)


def test_a_query_parameter_is_covered_by_name():
    inputs = 'sig=("@authority" "@query-param";name="Pet");created=1;tag="header-example"'

    base = signature_base(read_signature(inputs, "sig=:AAAA:"), REQUEST)

    assert base.decode().splitlines()[:2] == ['"@authority": example.com', '"@query-param";name="Pet": dog']


DERIVED = {
    "@target-uri": "https://example.com/foo?param=Value&Pet=dog",
    "@request-target": "/foo?param=Value&Pet=dog",
    "@query": "?param=Value&Pet=dog",
    "@scheme": "https",
    "@path": "/foo",
}


@pytest.mark.parametrize(("name", "value"), DERIVED.items(), ids=DERIVED)
def test_derived_components_say_what_the_standard_says(name, value):
    assert REQUEST.value(name, ()) == value


UNREADABLE = {
    "empty": ("", ""),
    "no list": ("sig=1", "sig=:AAAA:"),
    "no bytes": ("sig=()", 'sig="AAAA"'),
    "two signatures": ("a=(), b=()", "a=:AAAA:, b=:AAAA:"),
    "labels differ": ("a=()", "b=:AAAA:"),
    "label twice": ("a=(), a=()", "a=:AAAA:"),
    "component twice": ('a=("date" "date")', "a=:AAAA:"),
    "upper case": ('a=("Date")', "a=:AAAA:"),
    "token": ("a=(date)", "a=:AAAA:"),
    "unknown parameter": ("a=();x=1", "a=:AAAA:"),
    "created as text": ('a=();created="1"', "a=:AAAA:"),
    "too long": (f"a=({'1 ' * 4000})", "a=:AAAA:"),
    "not ASCII": ('a=("ä")', "a=:AAAA:"),
}


@pytest.mark.parametrize("fields", UNREADABLE.values(), ids=UNREADABLE)
def test_what_makes_no_signature_is_unreadable(fields):
    with pytest.raises(Unreadable):
        read_signature(*fields)


@pytest.mark.parametrize(
    "component",
    ['"x-gone"', '"@status"', '"date";sf', '"@query-param"', '"@query-param";name="Gone"', '"x_date"', '"@method";req'],
    ids=lambda text: text.replace('"', ""),
)
def test_what_cannot_be_covered_is_unreadable(component):
    fields = read_signature(f"sig=({component});created=1", "sig=:AAAA:")

    with pytest.raises(Unreadable):
        signature_base(fields, REQUEST)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "ä", "a\x7fb"], ids=["LF", "CR", "not ASCII", "DEL"])
def test_no_field_adds_lines_to_the_base(value):
    request = Components("GET", "https", "example.com", "/", "", {"HTTP_X_NOTE": value})

    with pytest.raises(Unreadable):
        signature_base(read_signature('sig=("x-note")', "sig=:AAAA:"), request)


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_read_or_unreadable(inputs, signatures):
    with contextlib.suppress(Unreadable):
        signature_base(read_signature(inputs, signatures), REQUEST)


@pytest.mark.parametrize(
    ("field", "fits"),
    [
        (META["HTTP_CONTENT_DIGEST"], True),
        ("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", True),
        (f"{META['HTTP_CONTENT_DIGEST']}, md5=:AAAA:", True),
        (f"{META['HTTP_CONTENT_DIGEST']}, sha-256=:AAAA:", False),
        ("md5=:AAAA:", False),
        ("sha-256=AAAA", False),
        ("", False),
        ("sha-256=:", False),
        ("ä", False),
        ("a" * 2000, False),
    ],
    ids=["sha-512", "sha-256", "unknown beside", "one wrong", "only unknown", "token", "empty", "cut", "ä", "long"],
)
def test_a_digest_speaks_of_this_body(field, fits):
    assert digest_matches(field, BODY) is fits


@pytest.mark.parametrize("algorithm", ["ecdsa-p256-sha256", "hmac-sha256"])
def test_a_key_of_another_kind_is_refused(algorithm):
    with pytest.raises(ValueError, match="algorithm"):
        readable_key(algorithm, ED25519)


NAMES = st.lists(st.sampled_from(["@method", "@authority", "content-digest", "x-a", "Date"]), max_size=4)
VALUES = st.one_of(
    st.integers(-2, 10**16).map(str),
    st.text(st.sampled_from('ab 0~!\\"é;=('), max_size=5).map(lambda text: f'"{text}"'),
    st.sampled_from(["007", "1.5", "token", ":AA==:", ""]),
)
PARAMETERS = st.lists(
    st.tuples(st.sampled_from(["created", "expires", "nonce", "keyid", "alg", "other"]), VALUES), max_size=4
)
SIGNATURES = st.one_of(
    st.binary(max_size=9).map(lambda made: base64.b64encode(made).decode()),
    st.sampled_from(["A", "AA", "AAA", "AA=", "=", "AAAA=", "AB==", "A-_A", "AA AA"]),
)


def told(inputs, signatures):
    try:
        fields = read_signature(inputs, signatures)
    except Unreadable as error:
        return str(error)
    return fields.label, fields.components, fields.parameters, fields.signature, fields.serialised


@given(NAMES, PARAMETERS, SIGNATURES)
def test_the_short_way_reads_what_the_parser_reads_and_refuses_what_it_refuses(names, parameters, made):
    components = " ".join(f'"{name}"' for name in names)
    said = "".join(f";{name}={value}" for name, value in parameters)
    plain, spaced = (f"sig=({space}{components}){said}" for space in ("", " "))  # only the parser reads the second

    assert told(plain, f"sig=:{made}:") == told(spaced, f"sig=:{made}:")


def test_the_short_way_is_taken():
    assert read_signature(*HMAC_EXAMPLE).canonical == HMAC_EXAMPLE[0].partition("=")[2]
