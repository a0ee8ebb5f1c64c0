"""Energy of an NVIDIA card: its own counter, and its instantaneous power integrated."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from harness.measure.counter import Counter, Source
from harness.measure.nvml import ENABLE, ask, find_handle, open_nvml, power_limit_w, refuse_partition
from harness.measure.power_integral import IntegratedPower
from harness.measure.procfs import Unreadable

SCOPE = "GPU board"
INSTANT_POWER = 186
ENERGY = "NVML total energy"
POWER = "NVML instant power, integrated"


class NvmlEnergy(Counter):
    """The board's own energy counter (millijoules since the driver was loaded; Volta and newer; steps of about 100 ms)."""

    name = ENERGY
    scope = SCOPE
    part_time = True
    """Sensors of A100 and H100 see a quarter of the time (arXiv 2312.02741); NVML does not say which cards do."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml, self._handle = nvml, handle
        refuse_partition(nvml, handle)
        self.limit_w = power_limit_w(nvml, handle)

    def joules(self) -> float:
        """Joules since the driver was loaded."""
        return int(ask(self._nvml, "nvmlDeviceGetTotalEnergyConsumption", self._handle)) * 1e-3


def nvml_power(nvml: Any, handle: Any, clock: Callable[[], float] = perf_counter) -> IntegratedPower:
    """Instantaneous board power (field 186), integrated; raises Unreadable where the card does not offer it."""
    refuse_partition(nvml, handle)
    field = getattr(nvml, "NVML_FI_DEV_POWER_INSTANT", INSTANT_POWER)

    def watts() -> float:
        answer = ask(nvml, "nvmlDeviceGetFieldValues", handle, [field])[0]
        if answer.nvmlReturn != 0:
            raise Unreadable(f"NVML: instant power is not offered (error {answer.nvmlReturn})")
        return float(answer.value.uiVal) * 1e-3

    return IntegratedPower(POWER, SCOPE, watts, limit_w=power_limit_w(nvml, handle), part_time=True, clock=clock)


def nvml_sources(device: str, clock: Callable[[], float] = perf_counter) -> list[Source]:
    """The card behind torch's `device`."""
    return _sources(lambda nvml: find_handle(nvml, device), clock)


def nvml_sources_at(position: int) -> list[Source]:
    """The card at NVML's own position, for a survey that loads no torch."""
    return _sources(lambda nvml: ask(nvml, "nvmlDeviceGetHandleByIndex", position), perf_counter)


def _sources(find: Callable[[Any], Any], clock: Callable[[], float]) -> list[Source]:
    def energy() -> NvmlEnergy:
        nvml = open_nvml()
        return NvmlEnergy(nvml, find(nvml))

    def power() -> IntegratedPower:
        nvml = open_nvml()
        return nvml_power(nvml, find(nvml), clock)

    return [Source(ENERGY, energy, nvml_advice), Source(POWER, power, nvml_advice)]


def nvml_advice(reason: str) -> str:
    """What would allow NVML's energy to be read, where `reason` is why it cannot be."""
    if "MIG instance" in reason:
        return "sudo nvidia-smi -mig 0 (stops everything on the card), or measure on a card without MIG"
    if "is certain to be" in reason:
        return "export CUDA_DEVICE_ORDER=PCI_BUS_ID, or name the card's UUID in CUDA_VISIBLE_DEVICES"
    if "not in ready state" in reason:
        return "a card in confidential mode must be set ready: sudo nvidia-smi conf-compute -srs 1"
    if "Insufficient Permissions" in reason or "NoPermission" in reason:
        return "sudo chmod o+rw /dev/nvidiactl /dev/nvidia*, or join the group that owns them"
    if "Not Supported" in reason or "not offered" in reason:
        return "only a card whose driver counts energy (Volta or newer, not a virtual GPU) can be measured"
    return ENABLE
