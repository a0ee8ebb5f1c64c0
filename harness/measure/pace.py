"""Where time comes from while something is measured, so that a simulated clock can take the machine's place."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from time import perf_counter, sleep

Again = Callable[[], float]
"""Does one thing and returns after how many seconds it wants to be called again."""


@contextmanager
def in_thread(again: Again) -> Iterator[None]:
    """Call `again` in a thread of its own until the block ends. It must not raise."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(again()):
            pass

    thread = threading.Thread(target=work, name="energy counter", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class Pace:
    """A clock in seconds, a way to wait, and a way to do something now and then meanwhile."""

    clock: Callable[[], float] = perf_counter
    sleep: Callable[[float], None] = sleep
    beside: Callable[[Again], AbstractContextManager[None]] = in_thread
