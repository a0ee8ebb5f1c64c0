"""Reads the kernel's counters of who had to wait for a CPU, and who used it.

Every reader raises Unreadable where the machine does not have the source; nothing is guessed.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError


class Unreadable(HarnessError):
    """A source that this machine does not offer; the message says which and why."""


def read_text(path: Path) -> str:
    """The text of a kernel file; raises Unreadable with the path and the system's reason."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or type(error).__name__}") from None


def run_delay_ns(proc: Path) -> dict[int, int]:
    """Nanoseconds that each thread of this process has waited for a CPU so far (schedstat, field 2)."""
    try:
        threads = os.listdir(proc / "self" / "task")  # noqa: PTH208, a Path object a thread doubles the time
    except OSError as error:
        raise Unreadable(f"{proc}/self/task: {error.strerror or type(error).__name__}") from None
    delays: dict[int, int] = {}
    for thread in threads:
        try:
            delays[int(thread)] = int(read_text(proc / "self" / "task" / thread / "schedstat").split()[1])
        except Unreadable:
            continue  # the thread has ended since, or the kernel keeps no schedstat: then all are missing
        except (IndexError, ValueError):
            raise Unreadable(f"{proc}/self/task/{thread}/schedstat: no second field") from None
    if not delays:
        raise Unreadable(f"{proc}/self/task/*/schedstat: the kernel keeps no run delay")
    return delays


@dataclass(frozen=True, slots=True)
class CpuTicks:
    """Clock ticks of a set of CPUs: busy with anything, and stolen by the hypervisor."""

    busy: int
    steal: int


def cpu_ticks(proc: Path, cpus: frozenset[int]) -> CpuTicks:
    """Ticks summed over `cpus`, from /proc/stat; busy = user, nice, system, irq, softirq."""
    busy = steal = found = 0
    for line in read_text(proc / "stat").splitlines():
        name, *fields = line.split()
        if not name.startswith("cpu") or not name[3:].isdigit() or int(name[3:]) not in cpus:
            continue
        values = [int(field) for field in fields]
        busy += values[0] + values[1] + values[2] + sum(values[5:7])
        steal += values[7] if len(values) > 7 else 0
        found += 1
    if not found:
        raise Unreadable(f"{proc}/stat: none of the CPUs {sorted(cpus)} is listed")
    return CpuTicks(busy, steal)


def pressure_us(proc: Path) -> int:
    """Microseconds in which some task of the machine waited for a CPU (PSI, `some total`)."""
    text = read_text(proc / "pressure" / "cpu")
    for line in text.splitlines():
        if line.startswith("some") and "total=" in line:
            return int(line.split("total=")[1].split()[0])
    raise Unreadable(f"{proc}/pressure/cpu: no line 'some ... total='")


@dataclass(frozen=True, slots=True)
class CpuGroup:
    """A control group that limits CPU time, from the process's own up to the root."""

    version: int
    folder: Path


def cpu_groups(proc: Path, root: Path) -> list[CpuGroup]:
    """This process's CPU control groups and their ancestors that exist under `root`, versions 1 and 2."""
    groups: list[CpuGroup] = []
    for line in read_text(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        version = 1 if controllers else 2
        names = [controllers, "cpu", "cpu,cpuacct"] if controllers else ["", "unified"]
        mount = next((root / name for name in names if (root / name / "cgroup.procs").exists()), None)
        if mount is None:
            continue
        inner = [part for part in path.split("/") if part not in ("", "..")]
        folders = [mount.joinpath(*inner[:depth]) for depth in range(len(inner), -1, -1)]
        groups += [CpuGroup(version, folder) for folder in folders if (folder / "cpu.stat").exists()]
    return groups


def throttled_ns(groups: list[CpuGroup]) -> int:
    """Nanoseconds for which any of `groups` was stopped because its quota was used up."""
    total = found = 0
    for group in groups:
        fields = dict(line.split()[:2] for line in read_text(group.folder / "cpu.stat").splitlines() if " " in line)
        key, unit = ("throttled_time", 1) if group.version == 1 else ("throttled_usec", 1000)
        if key in fields:
            total += int(fields[key]) * unit
            found += 1
    if not found:
        raise Unreadable("cpu.stat: no control group of this process counts throttling")
    return total


def quota_cpus(groups: list[CpuGroup]) -> float | None:
    """The CPUs that the tightest quota allows, or None where no group sets one."""
    found = [limit for limit in (_quota(group) for group in groups) if limit is not None]
    return min(found, default=None)


def quota_of(proc: Path, root: Path) -> float | None:
    """The CPUs that this process's control groups allow it; None where none sets a quota or nothing is readable."""
    try:
        return quota_cpus(cpu_groups(proc, root))
    except (Unreadable, ValueError):
        return None


def _quota(group: CpuGroup) -> float | None:
    try:
        if group.version == 1:
            quota = read_text(group.folder / "cpu.cfs_quota_us").strip()
            period = read_text(group.folder / "cpu.cfs_period_us").strip()
        else:
            quota, period = read_text(group.folder / "cpu.max").split()
        return int(quota) / int(period) if quota.isdigit() and int(period) else None
    except (Unreadable, ValueError):
        return None


def is_virtual(proc: Path) -> bool:
    """Whether the processor says that a hypervisor runs this machine; False where it does not tell."""
    try:
        return bool(re.search(r"^flags\s*:.*\bhypervisor\b", read_text(proc / "cpuinfo"), re.MULTILINE))
    except Unreadable:
        return False


def allowed_cpus() -> frozenset[int]:
    """The CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))
