"""Metrics that no task declares, since they are about the network or the machine: claims of any task may name them."""

from collections.abc import Mapping
from typing import Final

COST: Final = "cost"
"""The task of claims about the network alone, which need no data."""

COST_METRICS: Mapping[str, str] = {
    "parameters": "parameters",
    "operations": "operations for one input (FLOPs, mult-adds); the convention says which",
    "multiplications": "multiplications for one input",
    "additions": "additions for one input",
    "bops": "binary operations for one input",
    "size_bits": "size of the stored network, bits",
}
"""Counted from the network; settled on any CPU, without data or weights."""

SPEED_METRICS: Mapping[str, str] = {
    "latency_ms": "latency, milliseconds a sample",
    "throughput_per_s": "samples a second",
    "energy_j": "energy, joules a sample",
    "power_w": "power, watts",
}
"""Measured on a machine; compared only where the source names it and it is the same."""
