"""Power from hwmon sensors that cover a whole machine or module: ACPI power meters, and the input rail of a Jetson.

A sensor of one rail among several is left out: its watts are not those of anything that a reader could name.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from harness.measure.counter import Source
from harness.measure.power_integral import IntegratedPower
from harness.measure.procfs import Unreadable, is_virtual, read_text

ROOT = Path("/sys/class/hwmon")
NAME = "hwmon"
INPUT_RAILS = ("VDD_IN", "POM_5V_IN", "VDD_5V_IN")
"""What the boards of NVIDIA's Jetson call the rail that feeds all others."""
ADVICE = "sudo modprobe acpi_power_meter, on a machine that has one; a Jetson needs the driver ina3221"
ADVICE_ROOT = "sudo chmod o+r /sys/class/hwmon/*/power1_average"


def hwmon_source(root: Path = ROOT, clock: Callable[[], float] = perf_counter) -> Source:
    """The first sensor that covers everything."""
    return Source(NAME, lambda: find_hwmon(root, clock), hwmon_advice)


def hwmon_advice(reason: str, proc: Path = Path("/proc")) -> str:
    """What would allow hwmon to be read, where `reason` is why it cannot be; a virtual machine has no sensors."""
    if "Permission denied" in reason:
        return ADVICE_ROOT
    return "" if is_virtual(proc) else ADVICE


def find_hwmon(root: Path = ROOT, clock: Callable[[], float] = perf_counter) -> IntegratedPower:
    """A counter over the first such sensor; raises Unreadable with what was found instead."""
    try:
        folders = sorted(root.iterdir())
    except OSError as error:
        raise Unreadable(f"{root}: {error.strerror}") from None
    names = []
    for folder in folders:
        names.append(_text(folder / "name") or folder.name)
        if names[-1] == "power_meter":
            return _meter(folder, clock)
        if names[-1] == "ina3221":
            rails = dict(_rails(folder))
            rail = next((name for name in INPUT_RAILS if name in rails), None)
            if rail is not None:
                return _rail(folder, rail, rails[rail], clock)
            names[-1] += f" ({', '.join(rails) or 'no rail has a name'})"
    raise Unreadable(f"{root}: no sensor covers the whole machine (there are: {', '.join(names) or 'none'})")


def _meter(folder: Path, clock: Callable[[], float]) -> IntegratedPower:
    file = folder / "power1_average"
    interval = _text(folder / "power1_average_interval")
    poll_s = max(0.1, int(interval) * 1e-3 / 2) if interval and interval.isdigit() else 0.5
    scope = "machine (ACPI power meter)"
    return IntegratedPower("hwmon power_meter", scope, lambda: _number(file) * 1e-6, poll_s=poll_s, clock=clock)


def _rail(folder: Path, rail: str, number: int, clock: Callable[[], float]) -> IntegratedPower:
    def watts() -> float:
        return _number(folder / f"in{number}_input") * _number(folder / f"curr{number}_input") * 1e-6

    return IntegratedPower(f"hwmon ina3221 {rail}", "module input", watts, poll_s=0.05, clock=clock)


def _rails(folder: Path) -> Iterator[tuple[str, int]]:
    for number in (1, 2, 3):
        label = _text(folder / f"in{number}_label")
        if label:
            yield label, number


def _text(path: Path) -> str | None:
    try:
        return read_text(path).strip() or None
    except Unreadable:
        return None


def _number(path: Path) -> int:
    text = read_text(path)
    try:
        return int(text)
    except ValueError:
        raise Unreadable(f"{path}: {text.strip()[:40]!r} is no number") from None
