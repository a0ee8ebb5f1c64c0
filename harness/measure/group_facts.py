"""What the control groups of this process allow it (cgroup versions 1 and 2): CPU time, CPUs, memory."""

from pathlib import Path
from typing import Any

from harness.measure.procfs import CpuGroup, Unreadable, cpu_groups, quota_cpus, read_text

UNLIMITED = 1 << 60
"""Version 1 writes the largest multiple of a page where it means no limit."""


def group_facts(proc: Path = Path("/proc"), root: Path = Path("/sys/fs/cgroup")) -> dict[str, Any]:
    """Version, tightest CPU quota in CPUs with its period, and memory limit in bytes; None where there is none."""
    try:
        groups = cpu_groups(proc, root)
    except (Unreadable, ValueError):
        groups = []
    memory = [limit for folder in _memory_folders(proc, root) if (limit := _memory_limit(folder)) is not None]
    return {
        "version": groups[0].version if groups else None,
        "quota_cpus": quota_cpus(groups),
        "period_us": _period_us(groups[0]) if groups else None,
        "memory_limit_bytes": min(memory, default=None),
    }


def _period_us(group: CpuGroup) -> int | None:
    text = _text(group.folder / ("cpu.cfs_period_us" if group.version == 1 else "cpu.max"))
    word = text.split()[-1] if text else ""
    return int(word) if word.isdigit() else None


def _memory_folders(proc: Path, root: Path) -> list[Path]:
    """This process's memory groups and their ancestors."""
    folders: list[Path] = []
    for line in _text(proc / "self" / "cgroup").splitlines():
        parts = line.split(":", 2)
        if len(parts) < 3 or (parts[1] and "memory" not in parts[1].split(",")):
            continue
        inner = [part for part in parts[2].split("/") if part not in ("", "..")]
        for mount in (root / "memory",) if parts[1] else (root, root / "unified"):
            folders += [mount.joinpath(*inner[:depth]) for depth in range(len(inner), -1, -1)]
    return folders


def _memory_limit(folder: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        text = _text(folder / name)
        if text.isdigit() and int(text) < UNLIMITED:
            return int(text)
    return None


def _text(path: Path) -> str:
    try:
        return read_text(path).strip()
    except Unreadable:
        return ""
