"""A window that begins between two ticks is wrong by up to a tick; these are the errors that the method promises."""

import numpy as np
import pytest
from simulated_power import Machine, Ticking, steady

from harness.measure.load import Load, Progress
from harness.measure.watch import Trace, Watch
from harness.measure.windows import cut, edges, mean_power, wanted_s

TICK_S = 0.1
WATTS = 250.0
INFERENCE_S = 0.0073
SEEDS = 150


def naive_error(seed: int, window_s: float) -> float:
    """The relative error of two readings at arbitrary moments, about `window_s` apart."""
    rng = np.random.default_rng(seed)
    begin, seconds = rng.uniform(0, TICK_S), window_s + rng.uniform(0, TICK_S)
    counted = (np.floor((begin + seconds) / TICK_S) - np.floor(begin / TICK_S)) * TICK_S
    return float(counted / seconds - 1)


def aligned_error(seed: int, window_s: float) -> float:
    """The relative error of joules an inference, by the code that measures."""
    rng = np.random.default_rng(seed)
    machine = Machine(begin_s=float(rng.uniform(0, TICK_S)))
    watch = Watch(Ticking(machine, TICK_S, late_s=0.003), machine.pace.clock)
    load = Load(steady(machine, INFERENCE_S, WATTS), machine.pace)
    with machine.pace.beside(watch.poll):
        progress = load.run(lambda: machine.now > window_s + 6 * TICK_S)
    trace = watch.trace
    # from the third tick on, when their period is known and they are waited for closely
    window = cut(trace, progress, edges(trace, float(trace.times[1]), window_s, 1))[0]
    return window.joules_each() / (WATTS * INFERENCE_S) - 1


@pytest.mark.parametrize(("window_s", "percent"), [(0.2, 16.0), (1.0, 3.9), (5.0, 0.8), (10.0, 0.4)])
def test_reading_at_arbitrary_moments_is_as_wrong_as_the_simulation_says(window_s: float, percent: float) -> None:
    errors = [naive_error(seed, window_s) for seed in range(4000)]
    assert 100 * np.std(errors) == pytest.approx(percent, rel=0.07)
    assert max(map(abs, errors)) <= TICK_S / window_s


@pytest.mark.parametrize(("window_s", "percent"), [(1.0, 0.04), (5.0, 0.009)])
def test_windows_from_tick_to_tick_are_as_right_as_the_simulation_says(window_s: float, percent: float) -> None:
    errors = [aligned_error(seed, window_s) for seed in range(SEEDS)]
    assert 100 * np.std(errors) == pytest.approx(percent, rel=0.15)
    assert 100 * abs(np.mean(errors)) < percent / 3


def test_an_inference_longer_than_a_tick_is_counted_in_parts() -> None:
    machine = Machine()
    watch = Watch(Ticking(machine, TICK_S), machine.pace.clock)
    with machine.pace.beside(watch.poll):
        progress = Load(steady(machine, 0.47, WATTS), machine.pace).run(lambda: machine.now > 7)
    window = cut(watch.trace, progress, edges(watch.trace, 0.3, 5.0, 1))[0]
    assert window.inferences == pytest.approx(window.seconds / 0.47)
    assert window.joules_each() == pytest.approx(WATTS * 0.47, rel=1e-3)


def trace(*times: float) -> Trace:
    return Trace(np.array(times), 100.0 * np.array(times))


def test_edges_are_the_first_ticks_far_enough_apart() -> None:
    found = trace(0.5, 1.0, 1.5, 2.25, 3.0, 3.5)
    assert edges(found, 0.5, 1.0, 2) == [1, 3, 5]
    assert edges(found, 0.5, 1.0, 3) == [1, 3, 5]  # the third is not complete yet
    assert edges(found, 4.0, 1.0, 1) == []


def test_windows_hold_what_lies_between_their_edges() -> None:
    progress = Progress(np.array([0.0, 2.0, 4.0]), np.array([0.0, 20.0, 30.0]), np.array([0.0, 0.0, 1.0]))
    (window,) = cut(trace(1.0, 2.0, 3.0), progress, [0, 2])
    assert (window.begin_s, window.seconds, window.joules, window.ticks) == (1.0, 2.0, 200.0, 2)
    assert (window.inferences, window.paused_s) == (15.0, 0.5)
    assert window.watts == 100.0
    assert window.joules_each(idle_w=40.0) == (200.0 - 20.0) / 15


def test_mean_power_needs_two_ticks() -> None:
    found = trace(1.0, 2.0, 3.0)
    assert mean_power(found, 0.0, 10.0) == 100.0
    assert mean_power(found, 1.5, 2.5) is None
    assert mean_power(trace(), 0.0, 1.0) is None


def test_windows_are_long_enough_for_their_source() -> None:
    assert wanted_s(ticks=True, period_s=0.01) == 5.0
    assert wanted_s(ticks=True, period_s=0.2) == 10.0
    assert wanted_s(ticks=True, period_s=None) == 5.0
    assert wanted_s(ticks=False, period_s=0.01) == 10.0
