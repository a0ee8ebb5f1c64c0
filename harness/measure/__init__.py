"""What a submission costs on this machine: latency, energy, operations, memory; and what machine it is.

Nothing here knows tasks or submissions: a `Workload` says what to run.
"""

from harness.measure.cost import count_cost, count_operations
from harness.measure.doctor import Check, examine
from harness.measure.energy import measure_energy
from harness.measure.host import describe_host
from harness.measure.latency import measure_latency
from harness.measure.peak_memory import peak_memory_bytes
from harness.measure.plan import Plan
from harness.measure.workload import Stage, Workload, method_workload
from harness.operations import Operations

__all__ = [
    "Check",
    "Operations",
    "Plan",
    "Stage",
    "Workload",
    "count_cost",
    "count_operations",
    "describe_host",
    "examine",
    "measure_energy",
    "measure_latency",
    "method_workload",
    "peak_memory_bytes",
]
