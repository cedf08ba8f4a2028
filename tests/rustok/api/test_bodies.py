"""Bodies are read outside the places: bounded in length, and in how many may be on their way."""

import io
import threading

import pytest

from rustok.api.bodies import SLOW_SECONDS, BodyReaders, NoReader
from rustok.config import config
from rustok.errors.families import BodyTooLarge, MalformedBody
from tests.support.breakers import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def readers(clock):
    return BodyReaders(most=3, most_of_one=2, clock=clock)


def sent(body=b"tea", address="192.0.2.1", **more):
    stream = body if hasattr(body, "read") else io.BytesIO(body)
    return {"CONTENT_LENGTH": "3", "REMOTE_ADDR": address, "wsgi.input": stream, **more}


class Slow:
    """A sender who takes as long as the test wants."""

    def __init__(self):
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def read(self, size):
        self.begun.set()
        assert self.goes_on.wait(20)
        return b"t" * size


@pytest.fixture
def slow(readers):
    """`slow(address)` begins to send and does not end before the test does."""
    begun = []

    def begin(address):
        sender = Slow()
        thread = threading.Thread(target=readers.take, args=(sent(sender, address),))
        thread.start()
        assert sender.begun.wait(20)
        begun.append((sender, thread))

    yield begin
    for sender, thread in begun:
        sender.goes_on.set()
        thread.join()


def test_the_bytes_stand_ready(readers):
    environ = sent()
    readers.take(environ)

    assert environ["wsgi.input"].read() == b"tea"


def test_a_body_without_a_length_gets_one(readers):
    environ = sent(b"a pot", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    readers.take(environ)

    assert (environ["wsgi.input"].read(), environ["CONTENT_LENGTH"]) == (b"a pot", "5")
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"CONTENT_LENGTH": "2000000"}, BodyTooLarge),
        ({"CONTENT_LENGTH": "9" * 19}, BodyTooLarge),
        ({"CONTENT_LENGTH": "2000000", "HTTP_TRANSFER_ENCODING": "chunked"}, BodyTooLarge),
        ({"CONTENT_LENGTH": "1000"}, MalformedBody),
    ],
    ids=["declared", "absurd", "chunked", "cut-short"],
)
def test_what_is_too_long_or_ends_early_is_refused(readers, more, refusal):
    length = 0 if refusal is MalformedBody else config().body_limit + 1

    with pytest.raises(refusal):
        readers.take(sent(b"t" * length, **more))


@pytest.mark.parametrize("length", ["", "0", "-1", "x", "\u0663"])
def test_without_a_length_nothing_is_read(readers, length):
    environ = sent(CONTENT_LENGTH=length)
    readers.take(environ)

    assert environ["wsgi.input"].tell() == 0


@pytest.mark.parametrize("neighbour", ["192.0.2.1", "2001:db8::2"])
def test_one_sender_gets_a_share(readers, slow, clock, neighbour):
    """Two addresses of one IPv6 network are one sender."""
    own = neighbour if "." in neighbour else "2001:db8::1"
    slow(own)
    slow(own)
    clock.pass_by(SLOW_SECONDS)

    with pytest.raises(NoReader):
        readers.take(sent(address=neighbour))
    readers.take(sent(address="198.51.100.7"))


def test_slow_senders_together_get_a_share_too(readers, slow):
    for number in range(3):
        slow(f"192.0.2.{number}")

    with pytest.raises(NoReader):
        readers.take(sent(address="198.51.100.7"))


def test_a_place_that_becomes_free_is_taken(readers, slow):
    readers.take(sent())
    readers.take(sent())
    slow("192.0.2.1")

    readers.take(sent())
