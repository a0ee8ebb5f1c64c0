"""Fixed small work before each block: when it becomes slower, the machine did, not the model.

A product stays in a core's own caches and tells how fast the core is. A copy of memory tells what neighbours on the same
socket take away, which no counter of this machine shows: where nothing waited for a CPU the latencies of a small network
followed the copy (rank correlation 0.65 over 394 blocks) far more than the product (0.28).
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SIZE = 256
REPEATS = 4


COPIED_BYTES = 16 * 2**20
"""More than a core's own caches; a copy takes about a millisecond."""
GPU_SIZE = 2048


def make_canary(device: str = "cpu") -> tuple[str, Callable[[], int]]:
    """Its name, and a function that returns the nanoseconds of four 256x256 float32 products, the better of two.

    Torch does the work where it is loaded, so that the threads are those of the model; else NumPy. On CUDA it is 2048x2048
    products on the device, timed by events on the stream.
    """
    if device.split(":")[0] == "cuda":
        return "cuda", _on_cuda(device)
    a = np.full((SIZE, SIZE), 0.5, dtype=np.float32)
    torch = sys.modules.get("torch")
    if torch is None:
        return "numpy", lambda: min(_time(np.matmul, a), _time(np.matmul, a))
    tensor = torch.from_numpy(a)
    return "torch", lambda: min(_time(torch.mm, tensor), _time(torch.mm, tensor))


def make_memory_canary(device: str = "cpu") -> Callable[[], int] | None:
    """Nanoseconds of a copy of 16 MiB, the better of two; None on an accelerator, whose memory is its own."""
    if device.split(":")[0] != "cpu":
        return None
    source = np.ones(COPIED_BYTES // 8)
    target = np.empty_like(source)

    def once() -> int:
        start = time.perf_counter_ns()
        np.copyto(target, source)
        return time.perf_counter_ns() - start

    once()  # the first touches the pages
    return lambda: min(once(), once())


def _time(product: Callable[..., object], a: object) -> int:
    start = time.perf_counter_ns()
    for _ in range(REPEATS):
        product(a, a)
    return time.perf_counter_ns() - start


def _on_cuda(device: str) -> Callable[[], int]:
    import torch

    a = torch.full((GPU_SIZE, GPU_SIZE), 0.5, device=device)
    event: Any = torch.cuda.Event
    begin, end = event(enable_timing=True), event(enable_timing=True)

    def once() -> int:
        begin.record()
        for _ in range(REPEATS):
            torch.mm(a, a)
        end.record()
        torch.cuda.synchronize(device)
        return int(begin.elapsed_time(end) * 1e6)

    return lambda: min(once(), once())
