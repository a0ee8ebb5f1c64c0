"""What disturbs a measurement on an NVIDIA card: clocks, reasons to slow down, heat, other processes, memory faults."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Final, TypeVar

import msgspec

from harness.measure.nvml import ask, find_handle, open_nvml
from harness.measure.procfs import Unreadable

T = TypeVar("T")
SLOWED: Final = {
    0x08: "hardware slowdown (HwSlowdown)",
    0x20: "the driver's thermal limit (SwThermalSlowdown)",
    0x40: "the card's thermal limit (HwThermalSlowdown)",
    0x80: "the power brake (HwPowerBrakeSlowdown)",
    0x04: "the power limit (SwPowerCap)",
}
"""Bits of nvmlDeviceGetCurrentClocksEventReasons that lower a clock, in words; bits that only name a setting are left."""


class GpuState(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of the card, at a second of perf_counter; None: NVML does not tell."""

    at_s: float = 0.0
    sm_clock_mhz: int | None = None
    slowed_by: int | None = None
    celsius: int | None = None
    processes: int | None = None
    memory_faults: bool | None = None


class GpuSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What the readings say about a whole run."""

    clock_spread: float | None = None
    slowed_by: list[str] = []
    heating_c_per_10s: float | None = None
    foreign_processes: int | None = None
    memory_faults: bool | None = None


class GpuWatch:
    """Reads the card behind torch's `device`; raises Unreadable with NVML's reason where it cannot be asked."""

    def __init__(
        self, device: str, clock: Callable[[], float] = perf_counter, nvml: Any = None, handle: Any = None
    ) -> None:
        self._clock = clock
        self._nvml = open_nvml() if nvml is None else nvml
        self._handle = find_handle(self._nvml, device) if handle is None else handle

    def state(self) -> GpuState:
        """Everything that NVML tells now (about a millisecond: not inside a timed span)."""
        clock = getattr(self._nvml, "NVML_CLOCK_SM", 1)
        reasons = self._maybe(int, "nvmlDeviceGetCurrentClocksEventReasons")
        if reasons is None:  # drivers before 535 call it so
            reasons = self._maybe(int, "nvmlDeviceGetCurrentClocksThrottleReasons")
        return GpuState(
            at_s=self._clock(),
            sm_clock_mhz=self._maybe(int, "nvmlDeviceGetClockInfo", clock),
            slowed_by=reasons,
            celsius=self.celsius(),
            processes=self._maybe(len, "nvmlDeviceGetComputeRunningProcesses"),
            memory_faults=self._maybe(lambda rows: bool(rows[2] or rows[3]), "nvmlDeviceGetRemappedRows"),
        )

    def celsius(self) -> int | None:
        """The temperature alone."""
        return self._maybe(int, "nvmlDeviceGetTemperature", getattr(self._nvml, "NVML_TEMPERATURE_GPU", 0))

    def _maybe(self, convert: Callable[[Any], T], name: str, *args: Any) -> T | None:
        try:
            return convert(ask(self._nvml, name, self._handle, *args))
        except Unreadable:
            return None


def summarise(states: Sequence[GpuState], own_processes: int) -> GpuSeen:
    """What the readings of a run say; `own_processes` on the card are the measurement's own.

    They are counted, not looked up: in a container NVML's process numbers are those of the machine.
    """
    clocks = [state.sm_clock_mhz for state in states if state.sm_clock_mhz]
    counts = [state.processes for state in states if state.processes is not None]
    faults = [state.memory_faults for state in states if state.memory_faults is not None]
    bits = 0
    for state in states:
        bits |= state.slowed_by or 0
    return GpuSeen(
        clock_spread=max(clocks) / min(clocks) - 1.0 if clocks else None,
        slowed_by=[words for bit, words in SLOWED.items() if bits & bit],
        heating_c_per_10s=_heating(states),
        foreign_processes=max(0, max(counts) - own_processes) if counts else None,
        memory_faults=any(faults) if faults else None,
    )


def _heating(states: Sequence[GpuState]) -> float | None:
    """Degrees in 10 s over the last third of the run, where a card that has settled no longer becomes hotter."""
    known = [(state.at_s, float(state.celsius)) for state in states if state.celsius is not None]
    last = known[-max(2, len(known) // 3) :]
    if len(last) < 2 or last[-1][0] - last[0][0] < 1.0:
        return None
    return 10.0 * (last[-1][1] - last[0][1]) / (last[-1][0] - last[0][0])
