"""Blocks between the batches of a long evaluation must be of the model that is scored, and must not hold a short one up."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.loading import load_submission
from harness.measure.latency import finished, timing_of
from harness.measure.plan import PROCESSES
from harness.measure.plan import Plan as TimePlan
from harness.options import RunOptions
from harness.plan import plan_run
from harness.progress import Reporter
from harness.scattering import BLOCKS, Scattered, scattered

TIME = TimePlan(
    seconds=1000.0, block_s=0.001, block_inferences=2, warm_up_cap_s=0.05, warm_up_min_s=0.0, min_pause_s=0.0
)


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def between(tiny: Path, probe: Path, tmp_path: Path) -> Scattered:
    options = RunOptions(task=str(tiny), submission=str(probe), home=tmp_path / "home")
    plan = plan_run(options, sample=True, with_inputs=True)
    submission = load_submission(plan.task, plan.dataset, options, sample=True)
    return Scattered(replace(plan, submission=submission), submission, TIME, 1, Reporter(), Clock())


def test_a_short_evaluation_is_not_interrupted(between: Scattered) -> None:
    clock = between._clock
    for step in range(101):
        clock.now = 0.6 * step  # type: ignore[attr-defined]
        between(step / 100)
    assert between.crew is None


def test_a_long_one_has_its_blocks_spread_over_all_of_it(between: Scattered) -> None:
    clock, seen = between._clock, []
    try:
        for step in range(101):
            clock.now = 10.0 * step  # type: ignore[attr-defined]
            between(step / 100)
            if between.collector is not None:
                seen.append(len(between.collector.found.blocks))
        assert between.collector is not None
        assert between.given_up == ""
        assert seen[0] == 0 and seen[-1] == BLOCKS
        assert abs(seen[len(seen) // 2] - BLOCKS / 2) <= 2
        found = finished(between.collector)
        assert len(found.ready) == PROCESSES
        timing = timing_of(found)
        assert timing.processes == PROCESSES
        assert timing.conditions["blocks_run"] >= BLOCKS
    finally:
        between.close()
    assert between.crew is None


def test_what_fails_meanwhile_does_not_end_the_evaluation(between: Scattered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_FAILS_AT", "003")
    clock = between._clock
    for step in range(101):
        clock.now = 10.0 * step  # type: ignore[attr-defined]
        between(step / 100)
    assert between.crew is None
    assert "the licence server does not answer" in between.given_up


def test_a_python_object_is_measured_afterwards(between: Scattered) -> None:
    plan = replace(between._plan, options=replace(between._plan.options, submission=object()))
    with scattered(plan, between._submission, TIME, 1, Reporter()) as other:
        other(0.5)
        assert other.crew is None
        assert "cannot be loaded again" in other.given_up
