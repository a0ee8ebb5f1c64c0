"""How this process computes: threads, affinity, number formats of the back ends; recorded beside every measurement."""

import os
import sys
from typing import Any

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


def use_threads(count: int | None) -> list[int]:
    """Compute with `count` threads on as many of the allowed CPUs (None: leave both); returns the CPUs to record.

    Torch's own pool follows where torch is loaded or is loaded later, by OMP_NUM_THREADS.
    """
    if count is not None:
        os.environ["OMP_NUM_THREADS"] = str(count)
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
    os.sched_setaffinity(0, chosen)
    return chosen
