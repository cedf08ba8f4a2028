"""What is observed is sent in the background; a receiver that is down, or hangs, costs telemetry and nothing else."""

import threading
import time

from rustok.telemetry.metrics import REGISTRY
from rustok.telemetry.shipping import Shipper


def shipper(send, **options):
    return Shipper("test", send, **{"interval": 0.005, "broken": 0.01} | options)


def test_everything_is_sent_in_order():
    sent = []
    ship = shipper(sent.extend, batch=10)

    for number in range(95):
        ship.put(number)

    assert ship.flush(5)
    assert sent == list(range(95))


def test_a_failed_batch_is_dropped_and_the_next_one_sent():
    sent = []

    def send(batch):
        if 1 in batch:
            raise ConnectionError
        sent.extend(batch)

    ship = shipper(send)
    for number in (1, 2):
        ship.put(number)
        assert ship.flush(5)

    assert (sent, ship.dropped) == ([2], 1)
    assert REGISTRY.get_sample_value("rustok_telemetry_dropped_total", {"buffer": "test"}) >= 1


def test_a_receiver_that_hangs_delays_nobody():
    release = threading.Event()
    ship = shipper(lambda _batch: release.wait(10), queue=50, batch=10)
    started = time.perf_counter()
    for number in range(1000):
        ship.put(number)

    assert not ship.flush(0.05)
    assert time.perf_counter() - started < 1
    assert ship.dropped >= 1000 - 50 - 10
    release.set()


def test_flushing_what_never_began_is_nothing():
    assert shipper(print).flush(1)
