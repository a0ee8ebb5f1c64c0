"""Other people's meters come first; whatever they raise is a reason, not a traceback."""

import math
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from harness.measure import Stage, Workload, measure_energy
from harness.measure.energy_sources import sources_for
from harness.measure.procfs import Unreadable
from harness.measure.wall_meter import GROUP, wall_meters


class EnergyMeter:
    name, scope, limit_w = "Plug 7", "wall", 300.0
    closed = 0

    def __init__(self) -> None:
        self.value = 0.0

    def joules(self) -> Any:
        self.value += 1.5
        return self.value

    def close(self) -> None:
        type(self).closed += 1


class PowerMeter:
    name = "clamp"

    def watts(self) -> float:
        return 80.0


def no_cable() -> Any:
    raise OSError("no device at /dev/ttyUSB0")


def nothing() -> object:
    return object()


def not_a_number() -> Any:
    meter = EnergyMeter()
    meter.joules = lambda: "many"  # type: ignore[method-assign]
    return meter


def point(function: str, name: str = "plug") -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{function}", GROUP)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entry points load by import; this file is not importable by name."""
    monkeypatch.setattr(EntryPoint, "load", lambda self: globals()[self.value.partition(":")[2]])


def test_a_meter_of_energy() -> None:
    (source,) = wall_meters([point("EnergyMeter")])
    counter = source.open()
    assert (counter.name, counter.scope, counter.limit_w, counter.ticks) == ("plug: Plug 7", "wall", 300.0, True)
    assert [counter.joules(), counter.joules()] == [1.5, 3.0]
    counter.close()
    assert EnergyMeter.closed == 1


def test_a_meter_of_power_is_integrated() -> None:
    times = iter([0.0, 2.0])
    (source,) = wall_meters([point("PowerMeter")], lambda: next(times))
    counter = source.open()
    assert (counter.name, counter.ticks, counter.poll_s) == ("plug: clamp", False, 0.1)
    assert counter.joules() == 160.0
    counter.close()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("no_cable", "OSError: no device at /dev/ttyUSB0"),
        ("nothing", "neither joules() nor watts()"),
        ("missing", "KeyError"),
        ("not_a_number", "ValueError: could not convert string to float"),
    ],
)
def test_a_meter_that_is_not_there_is_a_reason(function: str, words: str) -> None:
    workload = Workload(count=1, load=lambda i: i, stages=(Stage("forward", lambda *_: None),))
    found = measure_energy(workload, sources=wall_meters([point(function)]))
    assert found.energy_j is None
    assert words in found.reason
    assert "power meter plug" in found.how_to_enable


def test_a_meter_that_tells_no_finite_number_is_refused() -> None:
    meter = EnergyMeter()
    meter.joules = lambda: math.nan  # type: ignore[method-assign]
    globals()["nan_meter"] = lambda: meter
    workload = Workload(count=1, load=lambda i: i, stages=(Stage("forward", lambda *_: None),))
    found = measure_energy(workload, seconds=0.2, sources=wall_meters([point("nan_meter")]))
    assert (found.verdict, found.energy_j) == ("not measured", None)
    assert "nan" in found.reason


def test_meters_come_before_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def points(group: str) -> list[EntryPoint]:
        return [point("PowerMeter", "b"), point("EnergyMeter", "a")] if group == GROUP else []

    monkeypatch.setattr("harness.measure.wall_meter.entry_points", points)
    for device in ("cpu", "cuda:0", "mps"):
        assert [source.name for source in sources_for(device)][:2] == ["power meter a", "power meter b"]
    with pytest.raises(Unreadable, match="KeyError"):
        wall_meters([point("missing")])[0].open()
