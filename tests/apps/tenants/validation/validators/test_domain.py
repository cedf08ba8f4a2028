"""The domain: IDNA, addresses in disguise, public suffixes, deception."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.provisional import domains

from apps.tenants.validation import validate_domain
from apps.tenants.validation.errors import DomainIncomplete
from rustok.errors import DomainError

GOOD = [
    ("example.com", "example.com"),
    (" Shop.Example.COM ", "shop.example.com"),
    ("example.com.", "example.com"),
    ("a.co.uk", "a.co.uk"),
    ("shop.github.io", "shop.github.io"),
    ("acme.localhost", "acme.localhost"),
    ("bücher.de", "xn--bcher-kva.de"),
    ("BÜCHER.DE", "xn--bcher-kva.de"),
    ("bu\u0308cher.de", "xn--bcher-kva.de"),  # the same name, decomposed
    ("faß.de", "xn--fa-hia.de"),  # non-transitional
    ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
    ("хор.рф", "xn--n1aen.xn--p1ai"),  # looks Latin, but so does nothing under this suffix
    ("東京abc.jp", "xn--abc-dm9di64i.jp"),
    ("example\u3002com", "example.com"),  # ideographic full stop
    ("3com.com", "3com.com"),
    ("1.2.3.4.com", "1.2.3.4.com"),
    ("a" * 63 + ".com", "a" * 63 + ".com"),
]
BAD = [
    ("", "domain_empty"),
    (" . ", "domain_empty"),
    ("com", "domain_incomplete"),
    ("co.uk", "domain_incomplete"),
    ("рф", "domain_incomplete"),
    ("localhost", "domain_incomplete"),
    ("a..com", "domain_malformed"),
    (".com", "domain_malformed"),
    ("example.com..", "domain_malformed"),
    ("-a.com", "domain_malformed"),
    ("a-.com", "domain_malformed"),
    ("a_b.com", "domain_malformed"),
    ("a b.com", "domain_malformed"),
    ("example.com:80", "domain_malformed"),
    ("http://example.com", "domain_malformed"),
    ("user@example.com", "domain_malformed"),
    ("*.example.com", "domain_malformed"),
    ("exa\x00mple.com", "domain_malformed"),
    ("xn--a.com", "domain_malformed"),
    ("♥.com", "domain_malformed"),
    ("0à.\u05d0", "domain_malformed"),  # RFC 5893: a right-to-left label binds its neighbours
    ("a" * 64 + ".com", "domain_too_long"),
    (".".join(["a" * 60] * 5) + ".com", "domain_too_long"),
    ("a" * 5000, "domain_too_long"),
    ("127.0.0.1", "domain_is_address"),
    ("1.2.3.4.", "domain_is_address"),
    ("１.２.３.４", "domain_is_address"),
    ("192.168.257", "domain_is_address"),
    ("2130706433", "domain_is_address"),
    ("0x7f.1", "domain_is_address"),
    ("[::1]", "domain_is_address"),
    ("::ffff:127.0.0.1", "domain_is_address"),
    ("\u0430pple.com", "domain_confusable"),  # Cyrillic a
    ("\u0430\u0440\u0440\u04cf\u0435.com", "domain_confusable"),  # wholly Cyrillic
    ("xn--80ak6aa92e.com", "domain_confusable"),
    ("g\u03bf\u03bfgle.com", "domain_confusable"),  # Greek omicron
    ("shop.p\u0430ypal.com", "domain_confusable"),
]


@pytest.mark.parametrize(("text", "domain"), GOOD)
def test_good_text_becomes_the_name_that_dns_is_asked(text, domain):
    assert validate_domain(text) == domain


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_bad_text_is_refused_with_its_reason(text, reason):
    with pytest.raises(DomainError) as caught:
        validate_domain(text)

    assert caught.value.errors[0].code == reason


@pytest.mark.parametrize("label", ["admin", "www", "mcp"])
def test_reserved_words_are_refused_under_the_base_domain_only(label):
    with pytest.raises(DomainError) as caught:
        validate_domain(f"{label}.shops.example", base_domain="shops.example")

    assert caught.value.errors[0].code == "domain_reserved"
    assert validate_domain(f"{label}.acme.example", base_domain="shops.example") == f"{label}.acme.example"


@given(st.text(max_size=80))
def test_any_text_is_normalised_or_refused_and_never_breaks(text):
    try:
        domain = validate_domain(text)
    except DomainError:
        return
    assert validate_domain(domain) == domain
    assert domain.isascii()
    assert len(domain) <= 253


@given(domains().map(str.lower))
def test_ordinary_domains_pass_unless_encoded_or_shared_by_many(domain):
    assume("--" not in domain)
    try:
        assert validate_domain(domain) == domain
    except DomainIncomplete:  # a public suffix, as `a.np`
        assert validate_domain(f"shop.{domain}") == f"shop.{domain}"
