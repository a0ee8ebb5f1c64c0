"""What this machine can measure, and for what it cannot: why, and what would allow it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.measure.counter import Source, opened
from harness.measure.disturbance import Probe
from harness.measure.energy_sources import sources_for
from harness.measure.exclusive import exclusive
from harness.measure.host_facts import cpu_facts
from harness.measure.nvml import ENABLE, gpu_facts, open_nvml
from harness.measure.nvml_energy import nvml_advice, nvml_sources_at
from harness.measure.procfs import Unreadable, cpu_groups, quota_cpus
from harness.measure.thermometer import cpu_thermometer

NO_GATE = "use Linux with /proc mounted and CONFIG_SCHED_INFO; without it no latency is called stable"
GATES = (
    ("run delay", "whether threads had to wait for a CPU", NO_GATE),
    ("busy and stolen CPU time", "other processes' load and the hypervisor's", "mount /proc"),
    ("CPU pressure", "whether any task waited for a CPU (PSI)", "boot a kernel 4.20 or newer with psi=1"),
    ("throttling", "whether a CPU quota stopped the process", "mount the cpu control group at /sys/fs/cgroup"),
)
PACKAGES = (
    ("torch", "running models", "pip install 'vision-harness[live]'"),
    ("torchvision", "library models", "pip install 'vision-harness[live]'"),
    ("mlflow", "logging records", "pip install 'vision-harness[live]'"),
    ("nvidia-ml-py", "GPU facts and energy", "pip install 'vision-harness[live]'"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that could be measured or used. `reason` says what was found, or why it is not available."""

    what: str
    available: bool
    reason: str
    how_to_enable: str = ""


def examine(proc: Path = Path("/proc"), groups_root: Path = Path("/sys/fs/cgroup")) -> list[Check]:
    """Everything that measuring depends on. Reads only; loads neither torch nor mlflow."""
    probe = Probe(proc=proc, groups_root=groups_root)
    probe.snapshot()
    checks = [_gate(probe, *gate) for gate in GATES]
    checks += [_quota(proc, groups_root), _clock(), _lock(), _temperature()]
    checks += [_energy("energy of the CPU", sources_for("cpu")), *_gpus()]
    return checks + [_package(*package) for package in PACKAGES]


def _gate(probe: Probe, name: str, meaning: str, enable: str) -> Check:
    why = probe.unreadable.get(name)
    return Check(f"latency gate: {name}", why is None, why or meaning, enable if why else "")


def _quota(proc: Path, groups_root: Path) -> Check:
    try:
        quota = quota_cpus(cpu_groups(proc, groups_root))
    except Unreadable as error:
        return Check("unlimited CPUs", False, str(error), "mount /proc")
    if quota is None:
        return Check("unlimited CPUs", True, "no CPU quota is set")
    return Check("unlimited CPUs", False, f"a quota allows {quota:g} CPUs", "run outside it, or expect throttling")


def _clock() -> Check:
    facts = cpu_facts()
    governor = facts["governor"]
    if governor is None:
        return Check(
            "clock control", False, "cpufreq is not exposed", "measure on the machine itself, not in a virtual one"
        )
    if governor == "performance":
        return Check("clock control", True, "governor performance")
    return Check("clock control", False, f"governor {governor}", "sudo cpupower frequency-set -g performance")


def _energy(what: str, sources: Sequence[Source]) -> Check:
    with opened(sources) as found:
        if not found.counters:
            return Check(what, False, "; ".join(found.tried), found.how_to_enable)
        counters = ", then compared with ".join(f"{counter.name} ({counter.scope})" for counter in found.counters[:2])
        return Check(what, True, counters)


def _gpus() -> Iterator[Check]:
    """Whether NVML answers, and for every card what it is and whether its energy can be read."""
    try:
        gpus = gpu_facts(open_nvml())
    except Unreadable as error:
        yield Check("GPU", False, str(error), nvml_advice(str(error)))
        yield Check("energy of the GPU", False, str(error), nvml_advice(str(error)))
        return
    if not gpus:
        yield Check("GPU", False, "NVML lists none", ENABLE)
    for i, gpu in enumerate(gpus):
        limit = f", limit {gpu['power_limit_w']:.0f} W" if gpu["power_limit_w"] else ""
        yield Check(f"GPU {i}", True, f"{gpu['name']}, driver {gpu['driver']}{limit}{', MIG' if gpu['mig'] else ''}")
        yield _energy(f"energy of GPU {i}", nvml_sources_at(i))


def _lock() -> Check:
    """Whether a second measurement would wait for this one; nothing is locked."""
    with exclusive("cpu", [], lambda _: None) as held:
        if held.gap:
            return Check("one measurement at a time", False, held.gap, "export HARNESS_LOCKS=/a/folder/of/all/users")
        return Check("one measurement at a time", True, held.covers.partition(", ")[2])


def _temperature() -> Check:
    now_c = cpu_thermometer()()
    if now_c is None:
        return Check(
            "temperature of the CPU",
            False,
            "no thermal zone or sensor is exposed",
            "sudo modprobe coretemp (Intel) or k10temp (AMD); a virtual machine has no sensors",
        )
    return Check("temperature of the CPU", True, f"{now_c:.0f} °C")


def _package(name: str, use: str, enable: str) -> Check:
    try:
        return Check(name, True, f"{version(name)}, for {use}")
    except PackageNotFoundError:
        return Check(name, False, f"not installed; needed for {use}", enable)
