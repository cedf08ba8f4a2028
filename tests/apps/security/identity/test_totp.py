"""RFC 6238, by its own numbers and by properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.security.identity import totp

# RFC 6238 appendix B: eight digits, secrets of the digest's length
SEEDS = {
    "sha1": b"12345678901234567890",
    "sha256": b"12345678901234567890123456789012",
    "sha512": b"1234567890123456789012345678901234567890123456789012345678901234",
}
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
# RFC 4226 appendix D: six digits, counters 0 to 9
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]

secrets = st.binary(min_size=totp.SECRET_BYTES, max_size=totp.SECRET_BYTES)
steps = st.integers(min_value=1, max_value=2**40)


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), VECTORS, ids=str)
def test_the_vectors_of_rfc_6238(seconds, sha1, sha256, sha512):
    step = totp.step_at(seconds)

    codes = [totp.code_at(SEEDS[name], step, digits=8, algorithm=name) for name in ("sha1", "sha256", "sha512")]
    assert codes == [sha1, sha256, sha512]


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)), ids=[str(number) for number in range(10)])
def test_the_vectors_of_rfc_4226(counter, code):
    assert totp.code_at(SEEDS["sha1"], counter) == code


@given(secret=secrets, step=steps, drift=st.integers(-4, 4))
def test_a_code_is_good_within_the_drift_and_nowhere_else(secret, step, drift):
    code, at = totp.code_at(secret, step), (step + drift) * totp.STEP_SECONDS
    chance = {
        totp.code_at(secret, max(other, 0)) for other in range(step + drift - 1, step + drift + 2) if other != step
    }

    found = totp.matching_step(secret, code, at=at, after=0)

    if abs(drift) <= totp.DRIFT:
        assert found is not None
    elif code not in chance:
        assert found is None


@given(secret=secrets, step=steps)
def test_a_step_that_was_accepted_is_not_accepted_again(secret, step):
    code, at = totp.code_at(secret, step), step * totp.STEP_SECONDS
    accepted = totp.matching_step(secret, code, at=at, after=0)

    again = totp.matching_step(secret, code, at=at, after=accepted)

    assert again is None or again > accepted


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_is_no_code_matches_nothing(code):
    assert totp.matching_step(SEEDS["sha1"], code, at=59, after=-1) is None


def test_the_address_for_apps_names_issuer_and_account():
    uri = totp.provisioning_uri(b"\0" * 20, issuer="RusToK acme", account="bob@example.com")

    assert uri.startswith("otpauth://totp/RusToK%20acme%3Abob%40example.com?secret=AAAA")
