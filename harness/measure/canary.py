"""A fixed small computation before each block: when it becomes slower, the machine did, not the model."""

import sys
import time
from collections.abc import Callable

import numpy as np

SIZE = 256
REPEATS = 4


def make_canary() -> tuple[str, Callable[[], int]]:
    """Its name, and a function that returns the nanoseconds of four 256x256 float32 products, the better of two.

    Torch does the work where it is loaded, so that the threads are those of the model; else NumPy.
    """
    a = np.full((SIZE, SIZE), 0.5, dtype=np.float32)
    torch = sys.modules.get("torch")
    if torch is None:
        return "numpy", lambda: min(_time(np.matmul, a), _time(np.matmul, a))
    tensor = torch.from_numpy(a)
    return "torch", lambda: min(_time(torch.mm, tensor), _time(torch.mm, tensor))


def _time(product: Callable[..., object], a: object) -> int:
    start = time.perf_counter_ns()
    for _ in range(REPEATS):
        product(a, a)
    return time.perf_counter_ns() - start
