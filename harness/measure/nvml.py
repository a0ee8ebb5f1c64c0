"""NVIDIA cards through NVML (the package nvidia-ml-py): which one a device is, and its facts; found by trying."""

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from harness.measure.procfs import Unreadable

ENABLE = "install NVIDIA's driver and `pip install nvidia-ml-py`; a container needs the driver's `utility` part"

MIG = "is a MIG instance, and energy is counted for the whole board only"


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


def handles(nvml: Any) -> list[Any]:
    """The handles of every card that NVML lists."""
    count = ask(nvml, "nvmlDeviceGetCount")
    return [ask(nvml, "nvmlDeviceGetHandleByIndex", i) for i in range(count)]


def find_handle(nvml: Any, device: str, environment: Mapping[str, str] = os.environ) -> Any:
    """The handle of torch's `device` ("cuda:0"), by UUID; raises Unreadable where it is not certain which it is.

    Torch numbers the cards that CUDA_VISIBLE_DEVICES leaves, NVML numbers all. Where torch is not loaded, or does not
    tell UUIDs, that variable is read.
    """
    cards = handles(nvml)
    uuids = [_plain(ask(nvml, "nvmlDeviceGetUUID", card)) for card in cards]
    uuid = _torch_uuid(device)
    if uuid is not None and _plain(uuid) in uuids:
        return cards[uuids.index(_plain(uuid))]
    if uuid is None:
        at = _by_environment(device, uuids, environment)
        if at is not None:
            return cards[at]
    if any(_partitioned(nvml, card) for card in cards):
        raise Unreadable(f"NVML: {device} {MIG}")
    raise Unreadable(f"NVML lists {len(cards)} devices and none of them is certain to be {device}")


def _by_environment(device: str, uuids: list[str], environment: Mapping[str, str]) -> int | None:
    """The position of the card, from CUDA_VISIBLE_DEVICES; None where that leaves it open."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    number = int(device.split(":")[1]) if ":" in device else 0
    # without this order CUDA puts the fastest card first, which NVML does not
    ordered = len(uuids) == 1 or environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    names = visible.split(",") if visible is not None else [str(i) for i in range(len(uuids))]
    name = names[number].strip() if number < len(names) else ""
    if name.isdigit():
        return int(name) if ordered and int(name) < len(uuids) else None
    found = [i for i, uuid in enumerate(uuids) if name.startswith("GPU-") and uuid.startswith(_plain(name))]
    return found[0] if len(found) == 1 else None


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


def _partitioned(nvml: Any, handle: Any) -> bool:
    try:
        return bool(ask(nvml, "nvmlDeviceGetMigMode", handle)[0])
    except Unreadable:
        return False  # cards without MIG refuse the question


def refuse_partition(nvml: Any, handle: Any) -> None:
    """Raise Unreadable on a card in MIG mode: its counters are those of the whole board, shared by all instances."""
    if _partitioned(nvml, handle):
        raise Unreadable(f"NVML: the device {MIG}")


def power_limit_w(nvml: Any, handle: Any) -> float | None:
    """The enforced power limit in watts; None where NVML does not tell."""
    try:
        return float(ask(nvml, "nvmlDeviceGetEnforcedPowerLimit", handle)) * 1e-3
    except Unreadable:
        return None


def gpu_facts(nvml: Any) -> list[dict[str, Any]]:
    """What NVML tells of every GPU: no serial number, and the UUID only as a short hash."""
    system = {"driver": _text(ask(nvml, "nvmlSystemGetDriverVersion")), "driver_cuda": _cuda_version(nvml)}
    return [system | _facts(nvml, handle) for handle in handles(nvml)]


def _cuda_version(nvml: Any) -> str | None:
    """The newest CUDA that the driver speaks."""
    try:
        version = int(ask(nvml, "nvmlSystemGetCudaDriverVersion_v2"))
    except Unreadable:
        return None
    return f"{version // 1000}.{version % 1000 // 10}"


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
        "application_clock_mhz": optional("nvmlDeviceGetApplicationsClock", int, getattr(nvml, "NVML_CLOCK_SM", 1)),
        "persistence": optional("nvmlDeviceGetPersistenceMode", bool),
        "compute_mode": optional("nvmlDeviceGetComputeMode", int),
        "mig": optional("nvmlDeviceGetMigMode", lambda modes: bool(modes[0])),
        "ecc": optional("nvmlDeviceGetEccMode", lambda modes: bool(modes[0])),
        "pcie_generation": optional("nvmlDeviceGetCurrPcieLinkGeneration", int),
        "pcie_width": optional("nvmlDeviceGetCurrPcieLinkWidth", int),
    }


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
