"""A sensor that looks a quarter of the time sees a load in step with it always in the same phase."""

import numpy as np
import pytest
from simulated_power import Machine, PartTime, pulsed

from harness.measure.aliasing import aliasing_bound
from harness.measure.load import Load
from harness.measure.power_integral import IntegratedPower
from harness.measure.watch import Watch
from harness.measure.windows import cut, edges

HIGH_W, LOW_W, DUTY = 330.0, 100.0, 0.6
MEAN_W = DUTY * HIGH_W + (1 - DUTY) * LOW_W


def seen_by_looks(period_s: float, phase_s: float, seconds: float = 5.0) -> float:
    """The relative error of a part-time sensor's mean over `seconds` of a load that goes on and off, in closed form."""

    def energy(when: np.ndarray) -> np.ndarray:
        whole, rest = np.divmod(when, period_s)
        high = DUTY * period_s
        return whole * period_s * MEAN_W + np.where(rest < high, rest * HIGH_W, high * HIGH_W + (rest - high) * LOW_W)

    looks = phase_s + 0.1 * np.arange(round(seconds / 0.1))
    return float(np.mean((energy(looks + 0.025) - energy(looks)) / 0.025) / MEAN_W - 1)


def errors(period_s: float) -> np.ndarray:
    phases = np.random.default_rng(0).uniform(0, max(period_s, 0.1), 2000)
    return np.array([seen_by_looks(period_s, phase) for phase in phases])


@pytest.mark.parametrize(
    ("period_s", "percent", "tolerance"), [(0.1, 40.0, 2.0), (0.2, 13.0, 1.0), (0.01, 5.0, 0.5), (0.003, 0.0, 0.1)]
)
def test_no_window_length_cures_a_load_in_step(period_s: float, percent: float, tolerance: float) -> None:
    assert 100 * np.std(errors(period_s)) == pytest.approx(percent, abs=tolerance)


def test_the_worst_phase_at_the_sensor_s_own_period() -> None:
    assert 100 * max(abs(errors(0.1))) == pytest.approx(58.0, abs=0.5)


@pytest.mark.parametrize("period_s", [0.1, 0.2, 0.07, 0.026, 0.01, 0.003, 0.0009])
def test_the_bound_bounds_every_phase(period_s: float) -> None:
    assert max(abs(errors(period_s))) <= aliasing_bound(period_s, MEAN_W, LOW_W, HIGH_W) * (1 + 1e-9)


def test_the_bound_shrinks_with_short_steps_and_many_phases() -> None:
    assert aliasing_bound(0.1, 200, 100, 300) > 5 * aliasing_bound(0.01, 200, 100, 300)
    assert aliasing_bound(0.1, 200, 100, 300, phases=25) == aliasing_bound(0.1, 200, 100, 300) / 5
    assert aliasing_bound(0.0125, 200, 100, 300) == pytest.approx(0.0, abs=1e-12)


def measured(gaps: bool, begin_s: float) -> tuple[float, int]:
    """The relative error of joules an inference over 30 s, and how many phases were met."""
    machine = Machine(idle_w=LOW_W, begin_s=begin_s)
    sensor = PartTime(machine)
    machine.spend(0.37 * begin_s)
    counter = IntegratedPower("sensor", "board", sensor.watts, clock=machine.pace.clock)
    watch = Watch(counter, machine.pace.clock)
    load = Load(pulsed(machine, 0.1, HIGH_W, LOW_W, DUTY), machine.pace, gaps)
    with machine.pace.beside(watch.poll):
        start_s = machine.now
        progress = load.run(lambda: machine.now > start_s + 32)
    (window,) = cut(watch.trace, progress, edges(watch.trace, start_s + 1, 30.0, 1))
    return window.joules_each(idle_w=LOW_W) / (MEAN_W * 0.1) - 1, load.phases


def test_random_gaps_cure_a_load_in_step() -> None:
    begins = np.linspace(0.02, 0.4, 12)
    without = [measured(False, float(begin))[0] for begin in begins]
    found = [measured(True, float(begin)) for begin in begins]
    assert min(phases for _, phases in found) >= 25
    # a part-time sensor behind random phases is wrong by its spread over the root of their number
    assert np.std(without) > 0.25
    assert np.std([error for error, _ in found]) < 0.12
    assert max(abs(error) for error, _ in found) < aliasing_bound(0.1, MEAN_W, LOW_W, HIGH_W) / 2
