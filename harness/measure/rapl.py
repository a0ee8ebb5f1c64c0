"""CPU energy from RAPL, through the powercap folder that Linux offers.

Domains nest: a package contains its cores and what else is listed below it, so these are never added; only `dram` below
it is memory beside the package, and is. `psys` contains all of them and stands alone. One package may be listed twice
(MSR and MMIO) and counts once. The counter wraps; deltas are taken modulo its range, many times in the least time in
which it can wrap, and a range that cannot be read makes a negative delta an error instead of a guess.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.measure.counter import Counter, CounterError
from harness.measure.procfs import Unreadable, is_virtual, read_text

ROOT = Path("/sys/class/powercap")
CPU_ROOT = Path("/sys/devices/system/cpu")
ENABLE_MACHINE = "measure on a machine of its own: virtual ones are not given RAPL counters"
ENABLE_MODULE = "sudo modprobe intel_rapl_msr; for a container, docker run --security-opt systempaths=unconfined"
ENABLE_ROOT = "sudo chmod o+r /sys/class/powercap/*/energy_uj (readable by root alone since CVE-2020-8694)"


@dataclass(frozen=True, slots=True)
class Zone:
    """One RAPL domain. `range_uj` is where its counter wraps; None: not readable."""

    name: str
    folder: Path
    range_uj: int | None
    limit_w: float | None


class RaplCounter(Counter):
    """Joules of one or several domains that do not contain each other, as a sum that never wraps."""

    name = "RAPL"
    poll_s = 0.02

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = list(zones)
        self._files = [_open(zone.folder / "energy_uj") for zone in self._zones]
        self._last = [self._raw(i) for i in range(len(self._zones))]
        self._total_uj = 0
        self.scope = "CPU " + ", ".join(zone.name for zone in self._zones)
        limits = [zone.limit_w for zone in self._zones if not zone.name.endswith(" dram")]
        self.limit_w = None if None in limits else sum(limit for limit in limits if limit is not None)

    def joules(self) -> float:
        """Joules since this object was made; raises CounterError for a backward step that no wrap explains.

        Must be called more often than the counter wraps (minutes).
        """
        for i, zone in enumerate(self._zones):
            raw = self._raw(i)
            self._total_uj += _advance(zone, self._last[i], raw)
            self._last[i] = raw
        return self._total_uj * 1e-6

    def _raw(self, i: int) -> int:
        try:
            return int(os.pread(self._files[i], 64, 0))
        except (OSError, ValueError) as error:
            raise Unreadable(f"{self._zones[i].folder}/energy_uj: {error}") from None

    def close(self) -> None:
        """Close the counters' files."""
        for file in self._files:
            os.close(file)
        self._files = []


def _advance(zone: Zone, before: int, after: int) -> int:
    if after >= before:
        return after - before
    if zone.range_uj is None:
        raise CounterError(f"RAPL {zone.name}: the counter fell from {before} to {after} and its range is unreadable")
    step = (after - before) % zone.range_uj
    if before > zone.range_uj or step > zone.range_uj // 2:
        raise CounterError(f"RAPL {zone.name}: the counter fell from {before} to {after}, which is no wrap")
    return step


def find_rapl(root: Path = ROOT, cpus: frozenset[int] | None = None, cpu_root: Path = CPU_ROOT) -> RaplCounter:
    """A counter over the packages that `cpus` belong to (all where that is not known), or over `psys` without any.

    The memory beside a package counts where it is listed. Raises Unreadable with the reason.
    """
    zones = top_zones(root)
    ours, _ = _packages(zones, cpus, cpu_root)
    chosen = ours or [zone for zone in zones if zone.name == "psys"]
    if not chosen:
        raise Unreadable(f"{root}: no RAPL package or psys domain")
    return RaplCounter([part for zone in chosen for part in (zone, *_memory(zone))])


def find_background(root: Path = ROOT, cpus: frozenset[int] | None = None, cpu_root: Path = CPU_ROOT) -> RaplCounter:
    """A counter over the packages that `cpus` do not belong to; raises Unreadable where there are none."""
    _, others = _packages(top_zones(root), cpus, cpu_root)
    if not others:
        raise Unreadable(f"{root}: every RAPL package is one that the process may run on")
    return RaplCounter(others)


def _packages(zones: Sequence[Zone], cpus: frozenset[int] | None, cpu_root: Path) -> tuple[list[Zone], list[Zone]]:
    """The packages of `cpus`, and the others; all are the first where that is not known."""
    packages = [zone for zone in zones if zone.name.startswith("package")]
    numbers = _package_numbers(cpus, cpu_root)
    ours = [zone for zone in packages if numbers is None or zone.name.split("-")[1] in numbers]
    return (ours, [zone for zone in packages if zone not in ours]) if ours else (packages, [])


def _memory(zone: Zone) -> list[Zone]:
    below = sorted(zone.folder.glob(f"{zone.folder.name}:*")) or sorted(
        zone.folder.parent.glob(f"{zone.folder.name}:*")
    )
    parts = [_zone(folder) for folder in below if (folder / "name").exists()]
    return [replace(part, name=f"{zone.name} dram") for part in parts if part.name == "dram"]


def top_zones(root: Path = ROOT) -> list[Zone]:
    """RAPL domains that have no parent, each name once (MSR before MMIO); raises Unreadable where there are none."""
    try:
        names = sorted(entry.name for entry in root.iterdir())
    except OSError as error:
        raise Unreadable(f"{root}: {error.strerror}") from None
    folders = [root / name for name in names if name.startswith("intel-rapl") and name.count(":") == 1]
    if not folders:
        raise Unreadable(f"{root}: no RAPL domain is listed")
    found: dict[str, Zone] = {}
    for folder in sorted(folders, key=lambda path: ("mmio" in path.name, path.name)):
        zone = _zone(folder)
        found.setdefault(zone.name, zone)
    return list(found.values())


def _zone(folder: Path) -> Zone:
    name = read_text(folder / "name").strip()
    # the second limit is what a processor may draw for seconds, often twice the first
    limits = [_number(folder / f"constraint_{i}_power_limit_uw") for i in (0, 1)]
    limit = max((found for found in limits if found is not None), default=None)
    return Zone(name, folder, _number(folder / "max_energy_range_uj"), None if limit is None else limit * 1e-6)


def rapl_advice(reason: str, proc: Path = Path("/proc")) -> str:
    """What would allow RAPL to be read, where `reason` is why it cannot be."""
    if "Permission denied" in reason:
        return ENABLE_ROOT
    return ENABLE_MACHINE if is_virtual(proc) else ENABLE_MODULE


def _number(path: Path) -> int | None:
    try:
        return int(read_text(path)) or None
    except (Unreadable, ValueError):
        return None


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None


def _package_numbers(cpus: frozenset[int] | None, cpu_root: Path) -> set[str] | None:
    try:
        return {read_text(cpu_root / f"cpu{n}/topology/physical_package_id").strip() for n in cpus or ()} or None
    except Unreadable:
        return None
