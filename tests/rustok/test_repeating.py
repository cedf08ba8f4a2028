"""A thread of upkeep outlives whatever its step does."""

import threading

from rustok.repeating import repeat


def test_a_step_that_fails_is_done_again_until_the_thread_is_stopped():
    seen, enough, stopped = [], threading.Event(), threading.Event()

    def step():
        seen.append(1)
        if len(seen) == 3:
            enough.set()
        raise RuntimeError("a bad moment")

    thread = repeat(step, every=0.001, name="x", stopped=stopped)

    assert enough.wait(10)
    stopped.set()
    thread.join(10)
    assert not thread.is_alive()
