"""A card that slowed down, or that others used, must not give a latency that is ranked."""

from types import SimpleNamespace
from typing import Any

import pytest
from measured_blocks import block, ready

from harness.measure.collection import Collection, Placed
from harness.measure.gpu_watch import GpuSeen, GpuState, GpuWatch, summarise
from harness.measure.latency import judged
from harness.measure.plan import Plan


class NVMLError(Exception):
    """NVML's own."""


class FakeNvml:
    """A card; `lacking` names calls that it refuses."""

    NVMLError = NVMLError
    NVML_CLOCK_SM = 1
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, *lacking: str) -> None:
        self._lacking = lacking

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("nvml") and name in object.__getattribute__(self, "_lacking"):
            raise_it = NVMLError("No Permission")

            def refuse(*args: Any) -> Any:
                raise raise_it

            return refuse
        return object.__getattribute__(self, name)

    def nvmlDeviceGetClockInfo(self, handle: str, kind: int) -> int:
        return 1980

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: str) -> int:
        return 0x44

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: str) -> int:
        return 0x08

    def nvmlDeviceGetTemperature(self, handle: str, sensor: int) -> int:
        return 61

    def nvmlDeviceGetComputeRunningProcesses(self, handle: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=7), SimpleNamespace(pid=8)]

    def nvmlDeviceGetRemappedRows(self, handle: str) -> tuple[int, int, int, int]:
        return 0, 0, 1, 0


def state(**known: Any) -> GpuState:
    return GpuState(**known)


def test_reads_what_nvml_tells() -> None:
    found = GpuWatch("cuda:0", lambda: 5.0, FakeNvml(), "handle").state()
    assert found == GpuState(at_s=5.0, sm_clock_mhz=1980, slowed_by=0x44, celsius=61, processes=2, memory_faults=True)


def test_what_is_not_permitted_is_unknown_and_older_drivers_are_asked_in_their_words() -> None:
    lacking = (
        "nvmlDeviceGetComputeRunningProcesses",
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetRemappedRows",
    )
    found = GpuWatch("cuda:0", lambda: 0.0, FakeNvml(*lacking), "handle").state()
    assert (found.processes, found.slowed_by, found.memory_faults) == (None, 0x08, None)


def test_a_run_is_summed_up() -> None:
    seen = summarise(
        [state(sm_clock_mhz=1000, processes=4, slowed_by=0x20), state(sm_clock_mhz=1100, processes=5, slowed_by=0x01)],
        own_processes=4,
    )
    assert seen.clock_spread == pytest.approx(0.1)
    assert seen.foreign_processes == 1
    assert seen.slowed_by == ["the driver's thermal limit (SwThermalSlowdown)"]


def test_heating_is_that_of_the_last_third() -> None:
    settled = [state(at_s=float(t), celsius=40 + min(t, 30)) for t in range(90)]
    rising = [state(at_s=float(t), celsius=40 + t // 5) for t in range(90)]
    assert summarise(settled, 1).heating_c_per_10s == 0.0
    assert summarise(rising, 1).heating_c_per_10s == pytest.approx(2.0, abs=0.4)
    assert summarise([state(celsius=40)], 1).heating_c_per_10s is None


def test_nothing_readable_says_nothing() -> None:
    assert summarise([state(), state()], 1) == GpuSeen()


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ([state(slowed_by=0x08)], "lowered its clocks: hardware slowdown"),
        ([state(sm_clock_mhz=1000), state(sm_clock_mhz=1031)], "SM clock varied by 3.1 %, limit 3.0 %"),
        ([state(processes=3)], "2 other processes computed on the GPU"),
        ([state(memory_faults=True)], "wait to be remapped"),
        ([state(at_s=2.5 * n, celsius=40 + n) for n in range(24)], "still becoming hotter, by 4.0 °C in 10 s"),
    ],
)
def test_each_makes_a_latency_unstable(readings: list[GpuState], words: str) -> None:
    blocks = [Placed(0, 2.5 * n, block(gpu=readings[n * len(readings) // 24])) for n in range(24)]
    found = Collection(Plan(), ready=[ready(device="cuda:0")], blocks=blocks)
    judgement = judged(found)
    assert judgement.verdict == "unstable"
    assert len(judgement.reasons) == 1
    assert words in judgement.reasons[0]
