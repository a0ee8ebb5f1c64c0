"""How warm the measured device is: leakage makes a warm one draw more than a cold one."""

from collections.abc import Callable, Iterator
from pathlib import Path

from harness.measure.pace import Pace
from harness.measure.procfs import Unreadable, read_text

Thermometer = Callable[[], float | None]
"""Degrees Celsius; None where nothing tells."""
SYS = Path("/sys")
WITHIN_C = 2.0
LOOK_S = 1.0
SENSORS = ("coretemp", "k10temp", "zenpower")


def cpu_thermometer(root: Path = SYS) -> Thermometer:
    """The warmest processor package, from a thermal zone or hwmon."""
    files = list(_package_files(root))

    def read() -> float | None:
        found = [value for value in map(_degrees, files) if value is not None]
        return max(found, default=None)

    return read


def _package_files(root: Path) -> Iterator[Path]:
    for zone in sorted((root / "class/thermal").glob("thermal_zone*")):
        if _text(zone / "type") in ("x86_pkg_temp", "cpu-thermal", "CPU-therm"):
            yield zone / "temp"
    for folder in sorted((root / "class/hwmon").glob("hwmon*")):
        if _text(folder / "name") in SENSORS:
            yield folder / "temp1_input"


def _text(path: Path) -> str:
    try:
        return read_text(path).strip()
    except Unreadable:
        return ""


def _degrees(path: Path) -> float | None:
    text = _text(path)
    return int(text) / 1000 if text.lstrip("-").isdigit() else None


def cool_down(thermometer: Thermometer, reference_c: float | None, pace: Pace, most_s: float) -> float:
    """Wait until the device is at most 2 °C above `reference_c`, for `most_s` at most; seconds waited."""
    began = pace.clock()
    while reference_c is not None and pace.clock() - began < most_s:
        now_c = thermometer()
        if now_c is None or now_c <= reference_c + WITHIN_C:
            break
        pace.sleep(LOOK_S)
    return pace.clock() - began
