"""GPU facts, energy and power through NVML (the package nvidia-ml-py), found by trying, not by the card's name."""

import hashlib
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, ClassVar

from harness.measure.procfs import Unreadable
from harness.measure.rapl import CounterError

ENABLE = "install NVIDIA's driver and `pip install nvidia-ml-py`; a container needs the driver's `utility` part"


def open_nvml() -> Any:
    """The initialised module; raises Unreadable with NVML's own reason."""
    try:
        import pynvml
    except ImportError:
        raise Unreadable("NVML: the package nvidia-ml-py is not installed") from None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise Unreadable(f"NVML: {type(error).__name__.removeprefix('NVMLError_')} ({error.value}), {error}") from None
    return pynvml


def ask(nvml: Any, name: str, *args: Any) -> Any:
    """The answer of one NVML call; raises Unreadable with the call's name and NVML's reason."""
    try:
        return getattr(nvml, name)(*args)
    except AttributeError:
        raise Unreadable(f"NVML: {name} is unknown to the installed nvidia-ml-py") from None
    except nvml.NVMLError as error:
        raise Unreadable(f"NVML {name}: {error}") from None


def find_handle(nvml: Any, device: str) -> Any:
    """The handle of torch's `device` ("cuda:0"), by UUID; raises Unreadable where it is not certain which it is."""
    count = ask(nvml, "nvmlDeviceGetCount")
    uuid = _torch_uuid(device)
    for i in range(count):
        handle = ask(nvml, "nvmlDeviceGetHandleByIndex", i)
        found = ask(nvml, "nvmlDeviceGetUUID", handle)
        if uuid is not None and _plain(found) == _plain(uuid):
            return handle
    if count == 1 and uuid is None:
        return ask(nvml, "nvmlDeviceGetHandleByIndex", 0)
    raise Unreadable(f"NVML lists {count} devices and none of them is certain to be {device}")


def device_key(device: str) -> str | None:
    """Eight hexadecimal digits that stand for the card behind torch's `device`; None where that is not certain."""
    try:
        nvml = open_nvml()
        return _hashed(ask(nvml, "nvmlDeviceGetUUID", find_handle(nvml, device)))
    except Unreadable:
        return None


def _hashed(uuid: str | bytes) -> str:
    return hashlib.sha256(_plain(uuid).encode()).hexdigest()[:8]


def _torch_uuid(device: str) -> str | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    index = int(device.split(":")[1]) if ":" in device else torch.cuda.current_device()
    uuid = getattr(torch.cuda.get_device_properties(index), "uuid", None)
    return None if uuid is None else str(uuid)


def _plain(uuid: str | bytes) -> str:
    text = uuid.decode() if isinstance(uuid, bytes) else uuid
    return text.lower().removeprefix("gpu-").replace("-", "")


def refuse_partition(nvml: Any, handle: Any) -> None:
    """Raise Unreadable on a card in MIG mode: its counters are those of the whole board, shared by all instances."""
    try:
        current, _ = ask(nvml, "nvmlDeviceGetMigMode", handle)
    except Unreadable:
        return  # cards without MIG refuse the question
    if current:
        raise Unreadable("NVML: the device is a MIG instance, and energy is counted for the whole board only")


class NvmlEnergy:
    """The board's own energy counter (millijoules since the driver was loaded; Volta and newer)."""

    name = "NVML total energy"
    scope = "GPU board"
    poll_s = 0.01
    needs_ticks = 50

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml, self._handle = nvml, handle
        refuse_partition(nvml, handle)
        self._last = self._read()
        self.limit_w = power_limit_w(nvml, handle)

    def _read(self) -> int:
        return int(ask(self._nvml, "nvmlDeviceGetTotalEnergyConsumption", self._handle))

    def joules(self) -> float:
        """Joules since the driver was loaded; raises CounterError where the counter went back."""
        now = self._read()
        if now < self._last:
            raise CounterError(f"NVML total energy went back from {self._last} to {now} mJ")
        self._last = now
        return now * 1e-3

    def close(self) -> None:
        """Nothing to close."""


class NvmlPower:
    """Instantaneous board power, integrated by trapezoids over the moments at which it is asked."""

    name = "NVML instant power, integrated"
    scope = "GPU board"
    poll_s = 0.02
    needs_ticks = 50
    fields: ClassVar[tuple[str, ...]] = ("NVML_FI_DEV_POWER_INSTANT",)

    def __init__(self, nvml: Any, handle: Any, clock: Callable[[], float] = perf_counter) -> None:
        self._nvml, self._handle, self._clock = nvml, handle, clock
        refuse_partition(nvml, handle)
        self._joules = 0.0
        self._when, self._watts = clock(), self._read()
        self.limit_w = power_limit_w(nvml, handle)

    def _read(self) -> float:
        field = getattr(self._nvml, self.fields[0], 186)
        answer = ask(self._nvml, "nvmlDeviceGetFieldValues", self._handle, [field])[0]
        if answer.nvmlReturn != 0:
            raise Unreadable(f"NVML: instant power is not offered (error {answer.nvmlReturn})")
        return float(answer.value.uiVal) * 1e-3

    def joules(self) -> float:
        """Joules since this object was made."""
        when, watts = self._clock(), self._read()
        self._joules += 0.5 * (watts + self._watts) * (when - self._when)
        self._when, self._watts = when, watts
        return self._joules

    def close(self) -> None:
        """Nothing to close."""


def power_limit_w(nvml: Any, handle: Any) -> float | None:
    """The enforced power limit in watts; None where NVML does not tell."""
    try:
        return float(ask(nvml, "nvmlDeviceGetEnforcedPowerLimit", handle)) * 1e-3
    except Unreadable:
        return None


def gpu_facts(nvml: Any) -> list[dict[str, Any]]:
    """What NVML tells of every GPU: no serial number, and the UUID only as a short hash."""
    driver = _text(ask(nvml, "nvmlSystemGetDriverVersion"))
    handles = [ask(nvml, "nvmlDeviceGetHandleByIndex", i) for i in range(ask(nvml, "nvmlDeviceGetCount"))]
    return [{"driver": driver} | _facts(nvml, handle) for handle in handles]


def _facts(nvml: Any, handle: Any) -> dict[str, Any]:
    def optional(name: str, convert: Callable[[Any], Any] = lambda value: value, *args: Any) -> Any:
        try:
            return convert(ask(nvml, name, handle, *args))
        except Unreadable:
            return None

    return {
        "name": optional("nvmlDeviceGetName", _text),
        "uuid_hash": optional("nvmlDeviceGetUUID", _hashed),
        "vbios": optional("nvmlDeviceGetVbiosVersion", _text),
        "memory_bytes": optional("nvmlDeviceGetMemoryInfo", lambda memory: int(memory.total)),
        "power_limit_w": power_limit_w(nvml, handle),
        "default_power_limit_w": optional("nvmlDeviceGetPowerManagementDefaultLimit", lambda value: value * 1e-3),
        "max_sm_clock_mhz": optional("nvmlDeviceGetMaxClockInfo", int, getattr(nvml, "NVML_CLOCK_SM", 1)),
        "persistence": optional("nvmlDeviceGetPersistenceMode", bool),
        "compute_mode": optional("nvmlDeviceGetComputeMode", int),
        "mig": optional("nvmlDeviceGetMigMode", lambda modes: bool(modes[0])),
        "ecc": optional("nvmlDeviceGetEccMode", lambda modes: bool(modes[0])),
        "pcie_generation": optional("nvmlDeviceGetCurrPcieLinkGeneration", int),
        "pcie_width": optional("nvmlDeviceGetCurrPcieLinkWidth", int),
    }


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
