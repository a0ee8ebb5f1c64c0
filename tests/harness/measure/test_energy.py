"""Joules come from a counter or are absent; a window that begins between two ticks would be wrong by up to a tick."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.measure import Stage, Workload, measure_energy
from harness.measure.energy import Source, Window, headline_loop, judge_windows, run_window, sources_for
from harness.measure.procfs import Unreadable
from harness.measure.rapl import ENABLE_MACHINE, ENABLE_ROOT, CounterError, find_rapl, rapl_advice


def rapl_tree(root: Path, range_uj: int, limit_uw: int | None = None) -> Path:
    folder = root / "intel-rapl:0"
    folder.mkdir(parents=True)
    (folder / "name").write_text("package-0\n")
    (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
    (folder / "energy_uj").write_text("0\n")
    if limit_uw is not None:
        (folder / "constraint_0_power_limit_uw").write_text(f"{limit_uw}\n")
    return folder / "energy_uj"


def burning(energy: Path, range_uj: int, uj: int, batch_size: int = 1) -> Workload:
    """A workload whose forward span uses `uj` microjoules and whose prepare span must not be counted."""
    spent = 0

    def forward(value: Any, item: Any) -> Any:
        nonlocal spent
        spent += uj
        energy.write_text(f"{spent % range_uj}\n")
        return value

    stages = (Stage("prepare", lambda value, _: value + 1), Stage("forward", forward), Stage("finish", fail))
    return Workload(count=5, load=lambda i: i, stages=stages, batch_size=batch_size)


def fail(value: Any, item: Any) -> Any:
    raise AssertionError("only the headline span is run")


def rapl(root: Path) -> list[Source]:
    return [Source("RAPL", lambda: find_rapl(root), rapl_advice)]


def test_joules_a_sample_are_what_the_counter_says_through_wraps(tmp_path: Path) -> None:
    energy = rapl_tree(tmp_path, range_uj=1_000_003)
    found = measure_energy(burning(energy, 1_000_003, 2_000, batch_size=4), seconds=0.3, sources=rapl(tmp_path))
    assert found.energy_j == pytest.approx(0.0005, rel=1e-9)
    assert found.power_w is not None and found.power_w > 0.0
    assert (found.source, found.scope) == ("RAPL", "CPU package-0")
    assert found.samples % 4 == 0 and found.samples > 0
    assert found.verdict == "unstable"
    assert "1 window was measured, 3 are needed" in found.reason
    assert found.tried == ["RAPL: used"]


def test_impossible_power_is_absent_not_reported(tmp_path: Path) -> None:
    energy = rapl_tree(tmp_path, range_uj=10**12, limit_uw=1_000)
    found = measure_energy(burning(energy, 10**12, 5_000), seconds=0.1, sources=rapl(tmp_path))
    assert found.energy_j is None and found.power_w is None
    assert found.verdict == "not measured"
    assert "is the limit" in found.reason


def test_no_source_is_null_with_reason_and_what_to_do(tmp_path: Path) -> None:
    workload = Workload(count=1, load=lambda i: i, stages=(Stage("forward", fail),))
    found = measure_energy(workload, sources=rapl(tmp_path / "none"))
    assert (found.verdict, found.energy_j, found.power_w) == ("not measured", None, None)
    assert "No such file" in found.reason
    assert found.tried == [f"RAPL: {tmp_path}/none: No such file or directory"]
    assert found.how_to_enable == ENABLE_MACHINE


def test_a_device_that_nothing_counts_is_null_with_reason() -> None:
    workload = Workload(count=1, load=lambda i: i, stages=(Stage("forward", fail),), device="mps")
    assert measure_energy(workload).reason == "no energy counter can be read here: none is known for mps"


def test_a_counter_that_breaks_in_the_middle_is_null_with_reason(tmp_path: Path) -> None:
    energy = rapl_tree(tmp_path, range_uj=10**9)
    steps = 0

    def forward(value: Any, item: Any) -> Any:
        nonlocal steps
        steps += 1
        energy.write_text(f"{10**8 - steps * 1000}\n")

    workload = Workload(count=1, load=lambda i: i, stages=(Stage("forward", forward),))
    found = measure_energy(workload, seconds=0.1, sources=rapl(tmp_path))
    assert found.energy_j is None
    assert "which is no wrap" in found.reason


def test_the_device_decides_what_is_asked() -> None:
    assert [source.name for source in sources_for("cpu")] == ["RAPL"]
    names = [source.name for source in sources_for("cuda:1")]
    assert names == ["NVML total energy", "NVML instant power, integrated"]


class SteppedCounter:
    """A counter of constant power that is brought up to date every `tick_s`, on a clock of its own."""

    name = "simulated"
    scope = "simulation"
    needs_ticks = 50
    limit_w = None

    def __init__(self, watts: float, tick_s: float, poll_s: float) -> None:
        self.watts, self.tick_s, self.poll_s = watts, tick_s, poll_s
        self.now = 0.0123

    def clock(self) -> float:
        return self.now

    def joules(self) -> float:
        return self.watts * self.tick_s * int(self.now / self.tick_s)

    def close(self) -> None:
        pass

    def step(self, seconds: float) -> Callable[[], None]:
        def run() -> None:
            self.now += seconds

        return run


@pytest.mark.parametrize("inference_s", [0.0007, 0.003, 0.0071])
def test_windows_aligned_to_100_ms_ticks_are_nearly_exact(inference_s: float) -> None:
    counter = SteppedCounter(watts=250.0, tick_s=0.1, poll_s=0.001)
    window = run_window(counter, counter.step(inference_s), 5.0, counter.clock)
    assert window.joules / window.inferences == pytest.approx(250.0 * inference_s, rel=2e-3)
    assert window.ticks in (50, 51)
    assert 5.0 <= window.seconds < 5.11


def test_a_counter_that_stands_still_is_an_error() -> None:
    counter = SteppedCounter(watts=0.0, tick_s=0.1, poll_s=0.001)
    with pytest.raises(Unreadable, match="did not move for 2 s under load"):
        run_window(counter, counter.step(0.01), 5.0, counter.clock)


GOOD = [Window(joules=500.0, seconds=5.0, inferences=1000, ticks=50)] * 3


@pytest.mark.parametrize(
    ("windows", "arguments", "verdict", "words"),
    [
        (GOOD, {}, "stable", ""),
        (GOOD[:1], {}, "unstable", "1 window was measured, 3 are needed"),
        (GOOD, {"window_s": 2.0}, "unstable", "windows of 2 s are shorter than 5 s"),
        (GOOD, {"needs_ticks": 51}, "unstable", "the counter moved 50 times in a window, 51 are needed"),
        ([*GOOD[:2], Window(520.0, 5.0, 1000, 50)], {}, "unstable", "the windows differ by 2.3 %"),
        (GOOD, {"limit_w": 60.0}, "invalid", "a window counts 100 W where 60 W is the limit"),
        (GOOD, {"limit_w": 70.0}, "stable", ""),
        ([*GOOD[:2], Window(0.0, 5.0, 1000, 50)], {}, "invalid", "a window counts 0 W, which cannot be"),
        ([*GOOD[:2], Window(-3.0, 5.0, 1000, 50)], {}, "invalid", "which cannot be"),
    ],
)
def test_verdict_on_windows(windows: list[Window], arguments: dict[str, Any], verdict: str, words: str) -> None:
    settings: dict[str, Any] = {"limit_w": None, "window_s": 5.0, "needs_ticks": 50} | arguments
    found, reasons = judge_windows(windows, **settings)
    assert found == verdict
    assert words in "; ".join(reasons)
    assert bool(reasons) == (verdict != "stable")


def test_the_loop_uses_prepared_inputs_in_turn() -> None:
    seen: list[Any] = []
    stages = (Stage("prepare", lambda value, _: value * 10), Stage("forward", lambda value, _: seen.append(value)))
    step = headline_loop(Workload(count=3, load=lambda i: i, stages=stages))
    for _ in range(5):
        step()
    assert seen == [0, 10, 20, 0, 10]


def test_counter_errors_are_one_family() -> None:
    assert issubclass(CounterError, Unreadable)


def test_the_advice_fits_the_reason() -> None:
    assert rapl_advice("/sys/class/powercap/intel-rapl:0/energy_uj: Permission denied") == ENABLE_ROOT
    assert rapl_advice("/sys/class/powercap: No such file or directory") == ENABLE_MACHINE
