"""Joules come from a counter or are absent; on a machine whose power is known, what is reported is that power."""

from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from simulated_power import Machine, PartTime, Ticking, pulsed, steady

from harness.errors import SubmissionError
from harness.measure import Stage, Workload, measure_energy
from harness.measure.counter import Counter, CounterError, Source
from harness.measure.energy_sources import sources_for
from harness.measure.load import headline_loop
from harness.measure.power_integral import IntegratedPower
from harness.measure.procfs import Unreadable
from harness.measure.rapl import ENABLE_MODULE, find_rapl, rapl_advice
from harness.record import Energy


def source(counter: Counter | None, name: str = "", why: str = "") -> Source:
    def open_it() -> Counter:
        if counter is None:
            raise Unreadable(why)
        return counter

    return Source(name or (counter.name if counter else "none"), open_it, lambda reason: f"mend: {reason}")


def workload(step: Callable[[], None], **changed: Any) -> Workload:
    stages = (Stage("prepare", lambda value, _: value), Stage("forward", lambda *_: step()), Stage("finish", fail))
    return Workload(count=5, load=lambda i: i, stages=stages, context=None, **changed)


def fail(*_: Any) -> Any:
    raise AssertionError("only the headline span is run")


def measure(machine: Machine, step: Callable[[], None], *counters: Counter, **changed: Any) -> Energy:
    batch = {"batch_size": changed.pop("batch_size", 1)}
    changed = {"thermometer": lambda: None, "seconds": 45.0} | changed
    return measure_energy(
        workload(step, **batch), sources=[source(counter) for counter in counters], pace=machine.pace, **changed
    )


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated time is no time in which others could have been busy."""
    monkeypatch.setattr("harness.measure.energy.Surroundings.foreign_load", None)


# -- what a stable measurement says -----------------------------------------------------------------------------------
def test_known_power_is_found_gross_and_net() -> None:
    machine = Machine(idle_w=60.0)
    found = measure(machine, steady(machine, 0.0123, 310.0), Ticking(machine, 0.1, late_s=0.003), batch_size=4)
    assert (found.verdict, found.reason) == ("stable", "")
    assert found.energy_j == pytest.approx(310.0 * 0.0123 / 4, rel=1e-3)
    assert found.net_energy_j == pytest.approx(250.0 * 0.0123 / 4, rel=1e-3)
    assert found.power_w == pytest.approx(310.0, rel=1e-3)
    assert found.idle_w == pytest.approx(60.0, rel=1e-3)
    assert found.update_period_s == pytest.approx(0.1, rel=0.05)
    assert found.n_ticks is not None and found.n_ticks >= 50
    assert found.window_s is not None and found.window_s >= 5.0
    assert (found.source, found.scope, found.tried) == ("ticking", "board", ["ticking: used"])
    assert len(found.facts["windows"]) == 3 and found.facts["idle_s"] == 10.0
    assert found.facts["spread"] < 0.001
    assert found.samples % 4 == 0


@pytest.mark.parametrize("tick_s", [0.001, 0.01, 0.1, 0.15])
@pytest.mark.parametrize("inference_s", [0.0007, 0.03, 0.47])
def test_every_tick_and_every_length_of_inference(tick_s: float, inference_s: float) -> None:
    machine = Machine()
    found = measure(machine, steady(machine, inference_s, 200.0), Ticking(machine, tick_s), seconds=62.0)
    assert found.verdict == "stable", found.reason
    assert found.energy_j == pytest.approx(200.0 * inference_s, rel=2e-3)


def test_a_sensor_without_ticks_gets_windows_of_ten_seconds() -> None:
    machine = Machine(idle_w=60.0)
    sensor = IntegratedPower("sensor", "board", lambda: machine.watts, clock=lambda: machine.now)
    found = measure(machine, steady(machine, 0.02, 200.0), sensor, seconds=65.0)
    assert (found.verdict, found.reason) == ("stable", "")
    assert found.window_s is not None and found.window_s >= 10.0
    assert found.energy_j == pytest.approx(4.0, rel=1e-3)
    assert found.facts["peak"]["watts"] == 200.0


def test_a_part_time_sensor_is_met_in_random_phases() -> None:
    machine = Machine(idle_w=100.0)
    sensor = IntegratedPower("sensor", "board", PartTime(machine).watts, part_time=True, clock=lambda: machine.now)
    found = measure(machine, pulsed(machine, 0.05, 330.0, 100.0, 0.6), sensor, seconds=65.0)
    mean_w = 0.6 * 330 + 0.4 * 100
    assert found.facts["aliasing"]["phases"] >= 25
    assert abs(found.energy_j / (mean_w * 0.05) - 1) < 3 * found.facts["aliasing"]["bound"]
    assert any(window["paused_s"] > 0 for window in found.facts["windows"])


# -- what makes it unstable -------------------------------------------------------------------------------------------
def test_a_short_budget_is_used_for_windows_and_says_what_is_missing() -> None:
    machine = Machine()
    found = measure(machine, steady(machine, 0.01, 200.0), Ticking(machine), seconds=2.0)
    assert found.verdict == "unstable"
    assert "1 window was measured, 3 are needed" in found.reason
    assert "windows of 2.1 s are shorter than 5 s" in found.reason
    assert found.energy_j == pytest.approx(2.0, rel=0.01)
    assert (found.net_energy_j, found.idle_w) == (None, None)
    assert "idle was watched for 0 s" in found.facts["idle_note"]


def test_two_sources_that_disagree_are_both_reported() -> None:
    machine = Machine()
    second = Ticking(machine, 0.02, name="second")
    second.factor = 1.2
    found = measure(machine, steady(machine, 0.01, 200.0), Ticking(machine), second)
    assert found.verdict == "unstable"
    assert "second says 240.0 W where 200.0 W were counted, 20.0 % apart, limit 5.0 %" in found.reason
    assert found.facts["other_sources_w"]["second, board"] == pytest.approx(240.0, rel=1e-3)
    assert found.tried == ["ticking: used", "second: compared"]


def test_two_sources_that_agree_are_stable_and_both_reported() -> None:
    machine = Machine()
    found = measure(machine, steady(machine, 0.01, 200.0), Ticking(machine), Ticking(machine, 0.02, name="second"))
    assert (found.verdict, found.reason) == ("stable", "")
    assert found.facts["other_sources_w"]["second, board"] == pytest.approx(200.0, rel=1e-3)


def test_sources_of_different_scope_are_not_compared() -> None:
    machine = Machine()
    wall = Ticking(machine, 0.02, name="wall", scope="wall")
    wall.factor = 2.0
    found = measure(machine, steady(machine, 0.01, 200.0), Ticking(machine), wall)
    assert found.verdict == "stable", found.reason
    assert found.facts["other_sources_w"]["wall, wall"] == pytest.approx(400.0, rel=1e-3)


def test_idle_power_that_moves_is_said() -> None:
    machine = Machine(idle_w=60.0)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        machine.spend(0.01, 200.0)
        machine.idle_w = 60.0 if done < 500 else 66.0

    found = measure(machine, step, Ticking(machine))
    assert "the idle power moved by 10.0 % during the measurement, limit 3.0 %" in found.reason
    assert found.idle_w == pytest.approx(63.0, rel=1e-3)


def test_windows_that_differ_and_a_device_that_warms_up_are_said() -> None:
    machine = Machine()
    degrees = iter([40.0, 41.0, 49.0])

    def step() -> None:
        machine.spend(0.01, 200.0 + machine.now)

    found = measure(machine, step, Ticking(machine), thermometer=lambda: next(degrees))
    assert "the windows differ by 2." in found.reason
    assert "the device became 8 °C warmer during the windows, limit 2 °C" in found.reason
    assert found.facts["celsius"] == [40.0, 41.0, 49.0]


def test_it_waits_until_the_device_is_as_cool_as_the_run_began() -> None:
    machine = Machine()
    step = steady(machine, 0.01, 200.0)
    found = measure(
        machine, step, Ticking(machine), thermometer=lambda: max(40.0, 60.0 - machine.now), reference_c=40.0
    )
    assert found.facts["cooled_s"] == pytest.approx(18.0, abs=1.1)
    assert found.facts["celsius"][0] <= 42.0
    assert found.verdict == "stable", found.reason
    found = measure(machine, step, Ticking(machine), thermometer=lambda: 60.0, reference_c=40.0)
    assert "the start was 20 °C warmer than the run's reference, limit 2 °C" in found.reason


def test_a_model_that_fails_later_is_a_sentence() -> None:
    machine = Machine()

    def step() -> None:
        machine.spend(0.01, 200.0)
        if machine.now > 5:
            raise ValueError("input too large\nwith details")

    with pytest.raises(
        SubmissionError, match="`forward` failed while its energy was measured: ValueError: input too lar"
    ):
        measure(machine, step, Ticking(machine))


# -- what makes it absent ---------------------------------------------------------------------------------------------
def test_no_source_is_null_with_reason_and_what_to_do(tmp_path: Path) -> None:
    rapl = Source("RAPL", lambda: find_rapl(tmp_path / "none"), lambda reason: rapl_advice(reason, tmp_path))
    found = measure_energy(workload(fail), sources=[rapl, source(None, "sensor", "Permission denied")])
    assert (found.verdict, found.energy_j, found.power_w, found.net_energy_j) == ("not measured", None, None, None)
    assert "No such file" in found.reason and "sensor: Permission denied" in found.reason
    assert found.tried == [f"RAPL: {tmp_path}/none: No such file or directory", "sensor: Permission denied"]
    assert found.how_to_enable == f"{ENABLE_MODULE}; mend: Permission denied"


def test_a_device_that_nothing_counts_is_null_with_reason() -> None:
    found = measure_energy(workload(fail, device="mps"), sources=None)
    assert found.reason == (
        "no energy counter can be read here: no counter is known for mps; "
        "a power meter of the group harness.power_meters would be used"
    )


@pytest.mark.parametrize(("limit_w", "words"), [(100.0, "a window counts 200 W where 100 W is the limit"), (140.0, "")])
def test_impossible_power_is_absent_not_reported(limit_w: float, words: str) -> None:
    machine = Machine()
    counter = Ticking(machine)
    counter.limit_w = limit_w
    found = measure(machine, steady(machine, 0.01, 200.0), counter)
    assert (found.energy_j is None, found.power_w is None) == (bool(words), bool(words))
    assert words in found.reason


def test_a_counter_that_goes_back_is_absent_not_reported() -> None:
    machine = Machine()
    counter = Ticking(machine)

    def step() -> None:
        machine.spend(0.01, 200.0)
        if machine.now > 20:
            machine.used_j = 0.0

    found = measure(machine, step, counter)
    assert (found.verdict, found.energy_j) == ("not measured", None)
    assert "the counter went from" in found.reason
    assert found.tried[-1] == found.reason


def test_a_counter_that_stands_still_is_absent_not_zero() -> None:
    machine = Machine()
    counter = Ticking(machine)
    counter.factor = 0.0
    found = measure(machine, steady(machine, 0.01, 200.0), counter)
    assert (found.verdict, found.energy_j) == ("not measured", None)
    assert "the counter did not move for 2 s under load" in found.reason


def test_a_counter_that_loses_its_permission_in_the_middle_is_absent() -> None:
    machine = Machine()

    class Losing(Ticking):
        def joules(self) -> float:
            if machine.now > 20:
                raise Unreadable("energy_uj: Permission denied")
            return super().joules()

    found = measure(machine, steady(machine, 0.01, 200.0), Losing(machine))
    assert (found.verdict, found.energy_j) == ("not measured", None)
    assert found.reason == "ticking: energy_uj: Permission denied"


def test_a_second_source_that_fails_takes_nothing_with_it() -> None:
    machine = Machine()

    class Losing(Ticking):
        def joules(self) -> float:
            if machine.now > 20:
                raise Unreadable("gone")
            return super().joules()

    found = measure(machine, steady(machine, 0.01, 200.0), Ticking(machine), Losing(machine, name="second"))
    assert found.verdict == "stable"
    assert found.facts["other_sources_w"]["second, board"] is None


# -- a fake powercap folder, and the real clock -----------------------------------------------------------------------
def rapl_tree(root: Path, range_uj: int) -> Path:
    folder = root / "intel-rapl:0"
    folder.mkdir(parents=True)
    (folder / "name").write_text("package-0\n")
    (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
    (folder / "energy_uj").write_text("0\n")
    return folder / "energy_uj"


def test_joules_a_sample_are_what_rapl_says_through_wraps(tmp_path: Path) -> None:
    range_uj = 3_000_001  # at 20 W it wraps every 150 ms
    energy = rapl_tree(tmp_path, range_uj)
    machine = Machine(idle_w=5.0)

    def refresh() -> float:
        energy.write_text(f"{int(machine.used_j * 1e6) % range_uj}\n")
        return 0.01

    machine.at(machine.now, refresh)
    rapl = Source("RAPL", lambda: find_rapl(tmp_path), rapl_advice)
    step = workload(steady(machine, 0.004, 20.0), batch_size=4)
    found = measure_energy(step, seconds=16, sources=[rapl], pace=machine.pace, thermometer=lambda: None)
    assert found.energy_j == pytest.approx(0.02, rel=1e-3)
    assert (found.verdict, found.source, found.scope) == ("stable", "RAPL", "CPU package-0")


def test_on_the_real_clock_a_thread_watches_while_the_load_runs(tmp_path: Path) -> None:
    energy = rapl_tree(tmp_path, 10**12)
    spent = 0

    def step() -> None:
        nonlocal spent
        sleep(0.002)
        spent += 1_000
        with energy.open("r+") as stream:
            stream.write(f"{spent}\n")

    rapl = Source("RAPL", lambda: find_rapl(tmp_path), rapl_advice)
    found = measure_energy(workload(step), seconds=0.6, sources=[rapl])
    assert found.energy_j is not None and found.power_w is not None and found.window_s is not None
    assert 0 < found.energy_j * found.samples <= spent * 1e-6
    assert found.n_ticks is not None and found.n_ticks >= 1
    assert "1 window was measured" in found.reason


def test_the_device_decides_what_is_asked() -> None:
    assert [source.name for source in sources_for("cpu")] == ["RAPL", "RAPL, other packages", "hwmon"]
    names = [source.name for source in sources_for("cuda:1")]
    assert names == ["NVML total energy", "NVML instant power, integrated"]


def test_the_loop_uses_prepared_inputs_in_turn() -> None:
    seen: list[Any] = []
    stages = (Stage("prepare", lambda value, _: value * 10), Stage("forward", lambda value, _: seen.append(value)))
    step = headline_loop(Workload(count=3, load=lambda i: i, stages=stages))
    for _ in range(5):
        step()
    assert seen == [0, 10, 20, 0, 10]


def test_counter_errors_are_one_family() -> None:
    assert issubclass(CounterError, Unreadable)
