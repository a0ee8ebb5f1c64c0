"""How this process computes: threads, affinity, number formats of the back ends; recorded beside every measurement."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.measure.procfs import allowed_cpus

COUNT = "OMP_NUM_THREADS"
TINY = 1e-39
"""Below float32's smallest normal number."""


def execution_facts(device: str) -> dict[str, Any]:
    """What of the process can change a speed and is not the model's own; `torch` where it is loaded."""
    facts: dict[str, Any] = {"niceness": os.nice(0), "hash_seed": os.environ.get("PYTHONHASHSEED", "")}
    torch = sys.modules.get("torch")
    if torch is None:
        return facts
    facts |= {
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
        "denormals": "kept" if float(torch.tensor([TINY]) * 0.5) != 0.0 else "flushed to zero",
        "deterministic": bool(torch.are_deterministic_algorithms_enabled()),
        "mkldnn": bool(torch.backends.mkldnn.is_available()),
    }
    if device.split(":")[0] == "cuda":
        facts |= {
            "cudnn_benchmark": bool(torch.backends.cudnn.benchmark),
            "cudnn": torch.backends.cudnn.version(),
            "tf32_matmul": bool(torch.backends.cuda.matmul.allow_tf32),
            "tf32_cudnn": bool(torch.backends.cudnn.allow_tf32),
        }
    return facts


def check_threads(count: int | None) -> None:
    """Raise UsageError where `count` threads would have to take turns on the CPUs: what is timed then is the waiting."""
    cpus = len(allowed_cpus())
    if count is not None and count > cpus:
        raise UsageError(
            f"--threads {count}: this process may use {cpus} CPU{'' if cpus == 1 else 's'}, and more threads than that "
            f"would wait for each other; give at most {cpus}"
        )


@contextmanager
def threads_given_back() -> Iterator[None]:
    """Give the process its CPUs, and torch its number of threads, back at the end, whatever a run bound them to."""
    cpus, variable = allowed_cpus(), os.environ.get(COUNT)
    torch = sys.modules.get("torch")
    threads = None if torch is None else torch.get_num_threads()
    try:
        yield
    finally:
        if allowed_cpus() != cpus:
            _bind(cpus)
        if variable != os.environ.get(COUNT):
            os.environ.pop(COUNT)
            os.environ |= {} if variable is None else {COUNT: variable}
            threads = threads or len(cpus)
        torch = sys.modules.get("torch")
        if torch is not None and threads not in (None, torch.get_num_threads()):
            torch.set_num_threads(threads)


def use_threads(count: int | None) -> list[int]:
    """Compute with `count` threads on as many of the allowed CPUs (None: leave both); returns the CPUs to record.

    Torch's own pool follows where torch is loaded or is loaded later, by OMP_NUM_THREADS.
    """
    if count is not None:
        os.environ[COUNT] = str(count)
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.set_num_threads(count)
    return pin(count)


def pin(count: int | None) -> list[int]:
    """Bind this process to `count` of the CPUs that it may use (None: to all of them); returns them."""
    if not hasattr(os, "sched_setaffinity"):
        return list(range(os.cpu_count() or 1))
    allowed = sorted(os.sched_getaffinity(0))
    chosen = allowed if count is None else allowed[: max(count, 1)]
    _bind(chosen)
    return chosen


def _bind(cpus: Iterable[int]) -> None:
    """Every thread that the process has, since a pool that exists already keeps its CPUs otherwise."""
    if not hasattr(os, "sched_setaffinity"):
        return
    os.sched_setaffinity(0, cpus)
    for thread in Path("/proc/self/task").glob("[0-9]*"):
        with suppress(OSError):  # it may have ended by now
            os.sched_setaffinity(int(thread.name), cpus)
