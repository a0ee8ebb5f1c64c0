"""What this machine can measure, and for what it cannot: why, and what would allow it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.measure.disturbance import Probe
from harness.measure.energy import open_first, sources_for
from harness.measure.host_facts import cpu_facts
from harness.measure.nvml import ENABLE, gpu_facts, open_nvml
from harness.measure.procfs import Unreadable, cpu_groups, quota_cpus

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
    checks += [_quota(proc, groups_root), _clock(), *_energy(), _gpu()]
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


def _energy() -> Iterator[Check]:
    for device, what in (("cpu", "energy of the CPU"), ("cuda", "energy of the GPU")):
        counter, tried, enable = open_first(sources_for(device))
        if counter is None:
            reasons = dict.fromkeys(answer.split(": ", 1)[1] for answer in tried)
            yield Check(what, False, "; ".join(reasons), enable)
            continue
        with closing(counter):
            yield Check(what, True, f"{counter.name}, {counter.scope}")


def _gpu() -> Check:
    try:
        gpus = gpu_facts(open_nvml())
    except Unreadable as error:
        return Check("GPU", False, str(error), ENABLE)
    names = ", ".join(str(gpu["name"]) for gpu in gpus)
    return Check("GPU", bool(gpus), names or "NVML lists none", "" if gpus else ENABLE)


def _package(name: str, use: str, enable: str) -> Check:
    try:
        return Check(name, True, f"{version(name)}, for {use}")
    except PackageNotFoundError:
        return Check(name, False, f"not installed; needed for {use}", enable)
