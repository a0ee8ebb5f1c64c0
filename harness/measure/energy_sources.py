"""What could count the energy of work on a device, in the order of trust (MEASUREMENT, 3.12)."""

import sys
from collections.abc import Callable
from time import perf_counter

from harness.measure.counter import Source
from harness.measure.hwmon import hwmon_source
from harness.measure.nvml_energy import nvml_sources
from harness.measure.procfs import allowed_cpus
from harness.measure.rapl import find_background, find_rapl, rapl_advice
from harness.measure.wall_meter import wall_meters


def sources_for(device: str, clock: Callable[[], float] = perf_counter) -> list[Source]:
    """A meter at the wall, then what the device's own maker offers, then what covers the machine.

    AMD's cards are not read: nothing here speaks amdsmi, and `amd_reason` says so.
    """
    kind = device.split(":")[0]
    if kind == "cuda" and not _is_amd():
        return [*wall_meters(clock=clock), *nvml_sources(device, clock)]
    if kind == "cpu":
        return [*wall_meters(clock=clock), *rapl_sources(), hwmon_source(clock=clock)]
    return wall_meters(clock=clock)


def rapl_sources() -> list[Source]:
    """The packages that this process may run on; the others as background."""
    cpus = allowed_cpus()
    return [
        Source("RAPL", lambda: find_rapl(cpus=cpus), rapl_advice),
        Source("RAPL, other packages", lambda: find_background(cpus=cpus), rapl_advice, background=True),
    ]


def unknown_reason(device: str) -> str:
    """Why nothing is asked for `device` besides installed power meters."""
    if device.split(":")[0] == "cuda" and _is_amd():
        return f"{device} is an AMD card, and amdsmi is not built in; a power meter of harness.power_meters is used"
    return f"no counter is known for {device}; a power meter of the group harness.power_meters would be used"


def _is_amd() -> bool:
    torch = sys.modules.get("torch")
    return bool(torch is not None and getattr(torch.version, "hip", None))
