"""What machine a measurement was made on, and the hash within which speeds may be compared."""

import hashlib
import json
from typing import Any

from harness.measure.group_facts import group_facts
from harness.measure.host_facts import cpu_facts, load_facts, memory_facts, software_facts, system_facts
from harness.measure.nvml import gpu_facts, open_nvml
from harness.measure.procfs import Unreadable
from harness.measure.torch_facts import torch_facts
from harness.record import Host

GIB = 1024**3


def describe_host(device: str = "cpu") -> Host:
    """The machine as it describes itself: no host name, no serial number. Torch counts where it is already loaded.

    `device` is what the model runs on; graphics cards are part of `host_id` only where it is one of them.
    """
    facts: dict[str, Any] = {
        "device": device,
        "cpu": cpu_facts(),
        "group": group_facts(),
        "memory": memory_facts(),
        "system": system_facts(),
        "gpus": _gpus(),
        "torch": torch_facts(),
        "software": software_facts(),
        "load": load_facts(),
    }
    return Host(host_id=host_id(facts), title=title(facts), facts=facts)


def _gpus() -> list[dict[str, Any]] | dict[str, str]:
    try:
        return gpu_facts(open_nvml())
    except Unreadable as error:
        return {"not_readable": str(error)}


def identity(facts: dict[str, Any]) -> dict[str, Any]:
    """The part of the facts that decides whether speeds may be compared.

    The number of allowed CPUs counts, not which; memory counts in whole GiB, since kernels reserve a little of it.
    """
    cpu, system, torch = facts["cpu"], facts["system"], facts["torch"] or {}
    variables = facts["software"]["environment"]
    on_gpu = facts["device"].split(":")[0] != "cpu"
    gpus = facts["gpus"] if on_gpu and isinstance(facts["gpus"], list) else []
    memory = facts["memory"]["bytes"]
    return {
        "device": facts["device"].split(":")[0],
        "cpu": [cpu[key] for key in ("model", "family", "model_number", "stepping")],
        "cores": [cpu["logical"], cpu["allowed"], facts["group"]["quota_cpus"], cpu["smt"]],
        "governor": cpu["governor"],
        "memory_gib": None if memory is None else round(memory / GIB),
        "gpus": sorted([gpu["name"], gpu["driver"], gpu["power_limit_w"]] for gpu in gpus),
        "system": [system["name"], system["distribution"], system["kernel_series"]],
        "torch": [torch.get(key) for key in ("version", "cuda", "threads", "interop_threads")],
        # torch's own count says what these variables led to
        "threads": {} if torch else {name: variables[name] for name in variables if name.endswith("_NUM_THREADS")},
    }


def host_id(facts: dict[str, Any]) -> str:
    """Sixteen hexadecimal digits of SHA-256 over the identity."""
    text = json.dumps(identity(facts), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def title(facts: dict[str, Any]) -> str:
    """Processor or accelerator, cores and memory, for people."""
    cpu, memory = facts["cpu"], facts["memory"]["bytes"]
    cores = f"{cpu['allowed']} of {cpu['logical']}" if cpu["allowed"] != cpu["logical"] else str(cpu["allowed"])
    parts = [str(cpu["model"]), f"{cores} CPU{'' if cores == '1' else 's'}"]
    if memory is not None:
        parts.append(f"{round(memory / GIB)} GiB")
    if facts["device"].split(":")[0] != "cpu" and isinstance(facts["gpus"], list):
        parts = [str(gpu["name"]) for gpu in facts["gpus"]] + parts
    return ", ".join(parts)
