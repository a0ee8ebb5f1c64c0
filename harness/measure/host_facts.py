"""Reads what a machine is made of, as far as it tells; every reader gives None or nothing where it does not."""

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.measure.memory_modules import memory_modules
from harness.measure.procfs import Unreadable, allowed_cpus, pressure_us, read_text
from harness.measure.thermometer import cpu_thermometer

PROC = Path("/proc")
SYS = Path("/sys")
VARIABLES = re.compile(
    r"(OMP|GOMP|MKL|KMP|OPENBLAS|NUMEXPR|BLIS|VECLIB|CUDA|CUBLAS|CUDNN|ONEDNN|DNNL)_[A-Z0-9_]+"
    r"|NVIDIA_TF32_OVERRIDE|PYTORCH_(CUDA_)?ALLOC_CONF|TORCH_ALLOW_TF32_CUBLAS_OVERRIDE|MALLOC_[A-Z_]+"
)
"""What sets thread counts, number formats and allocators."""
PRIVATE = re.compile(r"/|[0-9a-f]{8}-[0-9a-f]{4}|(GPU|MIG)-", re.IGNORECASE)
"""Paths tell who works here, UUIDs which card it is."""


def optional_text(path: Path) -> str | None:
    """The stripped text of a kernel file, or None."""
    try:
        return read_text(path).replace("\0", "").strip() or None
    except Unreadable:
        return None


def optional_number(path: Path) -> int | None:
    """The integer in a kernel file, or None."""
    text = optional_text(path)
    return int(text) if text is not None and text.lstrip("-").isdigit() else None


def chosen_word(path: Path) -> str | None:
    """The word in brackets of a file such as `always [madvise] never`, or the whole text."""
    text = optional_text(path)
    found = re.search(r"\[(.+?)\]", text or "")
    return found.group(1) if found else text


def cpu_facts(proc: Path = PROC, sys_root: Path = SYS) -> dict[str, Any]:
    """Processor model, cores, caches, clock control, and what this process may use of them."""
    listed = _cpuinfo(proc)
    cpus = allowed_cpus()
    first = sys_root / "devices/system/cpu"
    frequency = first / f"cpu{min(cpus)}" / "cpufreq"
    return {
        "model": listed.get("model name") or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "family": listed.get("cpu family"),
        "model_number": listed.get("model"),
        "stepping": listed.get("stepping"),
        "microcode": listed.get("microcode"),
        "sockets": listed.get("sockets"),
        "cores_per_socket": listed.get("cpu cores"),
        "logical": os.cpu_count(),
        "allowed": len(cpus),
        "affinity": compact(cpus),
        "smt": optional_text(first / "smt/control"),
        "hypervisor": "hypervisor" in listed.get("flags", "").split() if listed else None,
        "caches": _caches(first / f"cpu{min(cpus)}" / "cache"),
        "governor": optional_text(frequency / "scaling_governor"),
        "frequency_driver": optional_text(frequency / "scaling_driver"),
        "min_khz": optional_number(frequency / "scaling_min_freq"),
        "max_khz": optional_number(frequency / "scaling_max_freq"),
        "now_khz": optional_number(frequency / "scaling_cur_freq"),
        "boost": optional_text(first / "cpufreq/boost"),
        "no_turbo": optional_text(first / "intel_pstate/no_turbo"),
        "numa_nodes": len(list((sys_root / "devices/system/node").glob("node[0-9]*"))) or None,
    }


def _cpuinfo(proc: Path) -> dict[str, str]:
    """The entry of the first processor, and the number of sockets."""
    text = optional_text(proc / "cpuinfo") or ""
    entries = [
        {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in part.splitlines())}
        for part in text.split("\n\n")
        if part.strip()
    ]
    if not entries:
        return {}
    return entries[0] | {"sockets": str(len({entry.get("physical id", "0") for entry in entries}))}


def compact(cpus: frozenset[int]) -> str:
    """CPU numbers in the kernel's notation, such as `0-3,8`."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def _caches(folder: Path) -> dict[str, str]:
    found = {}
    for index in sorted(folder.glob("index*")):
        level, kind, size = (optional_text(index / name) for name in ("level", "type", "size"))
        if level and kind and size:
            found[f"L{level}{'' if kind == 'Unified' else kind[0].lower()}"] = size
    return found


def memory_facts(proc: Path = PROC, sys_root: Path = SYS) -> dict[str, Any]:
    """Memory and swap in bytes; the modules' kind and speed where the firmware's tables may be read."""
    fields = dict(re.findall(r"^(\w+):\s+(\d+) kB$", optional_text(proc / "meminfo") or "", re.MULTILINE))
    return {
        "bytes": int(fields["MemTotal"]) * 1024 if "MemTotal" in fields else None,
        "swap_bytes": int(fields["SwapTotal"]) * 1024 if "SwapTotal" in fields else None,
        "modules": memory_modules(sys_root),
    }


def system_facts(proc: Path = PROC, sys_root: Path = SYS) -> dict[str, Any]:
    """Operating system, kernel and the settings of it that change timings."""
    return {
        "name": platform.system(),
        "distribution": _distribution(),
        "kernel": without_names(platform.release()),
        "kernel_series": ".".join(platform.release().split("-")[0].split(".")[:2]),
        "clocksource": optional_text(sys_root / "devices/system/clocksource/clocksource0/current_clocksource"),
        "transparent_huge_pages": chosen_word(sys_root / "kernel/mm/transparent_hugepage/enabled"),
        "address_randomisation": optional_number(proc / "sys/kernel/randomize_va_space"),
        "mitigations": _mitigations(sys_root / "devices/system/cpu/vulnerabilities"),
    }


def without_names(text: str) -> str:
    """`text` without this machine's name, which people put into the names of kernels that they build."""
    host = platform.node()
    for word in sorted({host, host.split(".")[0]}, key=len, reverse=True):
        if len(word) > 2:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", "(host)", text, flags=re.IGNORECASE)
    return text


def _distribution() -> str | None:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return None
    return f"{release.get('ID', '')} {release.get('VERSION_ID', '')}".strip() or None


def _mitigations(folder: Path) -> dict[str, str]:
    return {path.name: optional_text(path) or "" for path in sorted(folder.glob("*"))}


def load_facts(proc: Path = PROC, sys_root: Path = SYS) -> dict[str, Any]:
    """How busy and how warm the machine was when it was described; no part of what identifies it."""
    try:
        pressure: int | None = pressure_us(proc)
    except Unreadable:
        pressure = None
    average = os.getloadavg() if hasattr(os, "getloadavg") else None
    return {
        "load_average": None if average is None else list(average),
        "pressure_total_us": pressure,
        "celsius": cpu_thermometer(sys_root)(),
    }


def software_facts(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Python, NumPy, and the environment variables that can change a speed; no value that names a place or a card."""
    import numpy as np

    variables = {name: value for name, value in sorted(environment.items()) if VARIABLES.fullmatch(name)}
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "environment": {name: "(private)" if PRIVATE.search(value) else value for name, value in variables.items()},
    }
