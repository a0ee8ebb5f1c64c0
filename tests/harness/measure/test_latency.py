"""The loop must time what it says, on the inputs it says, and end with a sentence where the model fails."""

import gc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SubmissionError, UsageError
from harness.measure import Plan, Stage, Workload, measure_latency, method_workload
from harness.measure import timed_loop as module
from harness.measure.collection import Collector
from harness.measure.disturbance import Probe
from harness.measure.latency import timing_of
from harness.measure.station import LocalStation
from harness.measure.timed_loop import TimedLoop, collector_off, objects_frozen
from harness.measure.verdict import judge, recorded_conditions
from harness.measure.warm_up import settled, warm_up
from harness.record import Timing

SHORT = Plan(seconds=0.5, warm_up_cap_s=0.1, warm_up_min_s=0.02, block_s=0.002, min_pause_s=0.0)


AMPLE = Plan(seconds=1000.0, warm_up_cap_s=0.1, warm_up_min_s=0.02, block_s=0.002)


def three_blocks(workload: Workload, probe: Probe | None = None) -> Timing:
    """Three full blocks, however busy the machine is."""
    collector = Collector([LocalStation(workload, AMPLE, probe)], AMPLE)
    collector.start()
    for _ in range(3):
        collector.block()
    return timing_of(collector.close())


class Method:
    """Sums, so that every step has work and an answer that can be checked."""

    def __init__(self) -> None:
        self.answers: list[int] = []

    def prepare(self, sample: int) -> range:
        return range(sample)

    def forward(self, inputs: list[range]) -> list[int]:
        return [sum(part) for part in inputs]

    def finish(self, raw: int, sample: int) -> int:
        self.answers.append(raw)
        return raw


class Clock:
    """Time that passes only where a stage says so."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def stage(self, name: str, ns: int) -> Stage:
        def call(value: Any, item: Any) -> Any:
            self.now += ns
            return value

        return Stage(name, call)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(module, "perf_counter_ns", fake)
    return fake


def staged(clock: Clock, batch_size: int = 1, count: int = 3) -> Workload:
    stages = (clock.stage("prepare", 1_000_000), clock.stage("forward", 4_000_000), clock.stage("finish", 500_000))
    return Workload(count=count, load=lambda i: i, stages=stages, batch_size=batch_size)


def test_spans_and_the_whole_are_timed_to_the_nanosecond(clock: Clock) -> None:
    block = TimedLoop(staged(clock), range(3)).block(Plan(block_inferences=5), lambda: False)
    assert {name: set(values.tolist()) for name, values in block.spans.items()} == {
        "prepare": {1.0}, "forward": {4.0}, "finish": {0.5}, "end_to_end": {5.5},
    }  # fmt: skip


def test_latency_is_per_sample(clock: Clock) -> None:
    block = TimedLoop(staged(clock, batch_size=4), range(3)).block(Plan(), lambda: False)
    assert set(block.spans["forward"].tolist()) == {1.0}


def test_block_ends_with_time_and_count_and_drops_its_first(clock: Clock) -> None:
    loop = TimedLoop(staged(clock), range(3))
    assert len(loop.block(Plan(block_s=0.0, block_inferences=5), lambda: False).spans["forward"]) == 5
    # a pair of inferences takes 11 ms here: the tenth pair passes 100 ms
    assert len(loop.block(Plan(block_s=0.1, block_inferences=5), lambda: False).spans["forward"]) == 9
    assert len(loop.block(Plan(block_s=0.1, block_inferences=5), lambda: True).spans["forward"]) == 1


def test_all_items_take_turns_in_both_kinds(clock: Clock) -> None:
    block = TimedLoop(staged(clock, count=4), range(4)).block(Plan(block_s=0.0, block_inferences=8), lambda: False)
    assert block.items["forward"] == [1, 2, 3, 0, 1, 2, 3, 0]
    assert block.items["end_to_end"] == [3, 0, 1, 2, 3, 0, 1, 2]


def test_real_loop_reports_every_span_with_counts_and_conditions() -> None:
    method = Method()
    timing = three_blocks(method_workload(method, 100, lambda i: 1000 + i))
    assert [span.name for span in timing.spans] == ["prepare", "forward", "finish", "end_to_end"]
    for span in timing.spans:
        assert span.n >= 15 and span.blocks == 3
        assert span.min is not None and span.mean is not None and span.p50.value is not None
        assert 0.0 < span.min <= span.p50.value
        assert span.min <= span.mean
    assert timing.first_inference_ms is not None and timing.first_inference_ms > 0.0
    assert timing.conditions["distinct_inputs"] == 64
    assert timing.warm_up["inferences"] >= 1
    assert len(timing.conditions["block_median_ms"]) == 3
    expected = {sum(range(1000 + i * 100 // 64)) for i in range(64)}
    assert set(method.answers) <= expected


def test_the_verdict_follows_from_what_is_recorded() -> None:
    timing = measure_latency(method_workload(Method(), 3, lambda i: 500), plan=SHORT)
    again = judge(recorded_conditions(timing.conditions))
    assert (again.verdict, again.reasons) == (timing.verdict, timing.reasons)


def test_a_slow_model_is_timed_a_little_and_not_called_stable() -> None:
    clocked = Workload(count=2, load=lambda i: i, stages=(Stage("forward", lambda value, _: spin(0.03)),))
    timing = measure_latency(clocked, plan=Plan(seconds=0.05))
    assert timing.verdict != "stable"
    assert timing.spans[-1].n >= 1
    assert any("the plan asks for 20" in reason for reason in timing.reasons)
    assert timing.spans[0].p99.value is None and "299" in timing.spans[0].p99.reason


def spin(seconds: float) -> None:
    end = module.perf_counter_ns() + seconds * 1e9
    while module.perf_counter_ns() < end:
        pass


def test_without_proc_nothing_is_called_stable(tmp_path: Path) -> None:
    timing = three_blocks(method_workload(Method(), 3, lambda i: 500), Probe(tmp_path, tmp_path))
    assert timing.verdict != "stable"
    assert timing.conditions["run_delay"] is None
    assert any("not readable here" in reason for reason in timing.reasons)


def test_pauses_spread_the_blocks_and_differ() -> None:
    plan = Plan(seconds=30.0, warm_up_cap_s=0.05)
    meter = Collector([LocalStation(method_workload(Method(), 3, lambda i: 500), plan)], plan)
    meter.start()
    pauses = []
    for _ in range(4):
        meter.block()
        pauses.append(meter.pause())
    assert all(0.0 < pause < 30.0 for pause in pauses)
    assert all(a != b for a, b in pairwise(pauses))


def test_a_tracker_may_bring_its_own_span() -> None:
    workload = Workload(count=5, load=lambda i: i, stages=(Stage("update", lambda value, _: sum(range(500))),))
    timing = measure_latency(workload, plan=SHORT)
    assert [span.name for span in timing.spans] == ["update", "end_to_end"]
    assert timing.conditions["headline"] == "update"


def test_a_failure_on_a_later_input_names_it() -> None:
    def fail(value: Any, item: int) -> Any:
        if item == 1:
            raise ValueError("cannot reshape\nsecond line")
        return value

    workload = Workload(count=3, load=lambda i: i, stages=(Stage("forward", fail),))
    with pytest.raises(SubmissionError, match=r"failed on input 1 while it was timed: ValueError: cannot reshape$"):
        measure_latency(workload, plan=SHORT)


def test_a_failure_on_the_first_input_names_the_step() -> None:
    workload = Workload(count=3, load=lambda i: i, stages=(Stage("forward", lambda value, _: 1 // value),))
    with pytest.raises(SubmissionError, match=r"`forward` failed on input 0 .* ZeroDivisionError"):
        measure_latency(workload, plan=SHORT)


def test_a_generator_is_refused_since_its_work_would_not_be_timed() -> None:
    def lazy(value: Any, item: Any) -> Iterator[int]:
        yield from range(10)

    workload = Workload(count=3, load=lambda i: i, stages=(Stage("forward", lazy),))
    with pytest.raises(SubmissionError, match="`forward` returned a generator"):
        measure_latency(workload, plan=SHORT)


def test_the_collector_is_as_before_afterwards() -> None:
    frozen = gc.get_freeze_count()
    with objects_frozen(), collector_off():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() <= frozen
    gc.disable()
    try:
        with collector_off():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_settled_asks_for_three_medians_near_the_best() -> None:
    assert not settled([1.0, 1.0])
    assert settled([5.0, 1.0, 1.01, 1.02])
    assert not settled([5.0, 1.0, 1.01, 1.03])
    assert not settled([0.9, 1.0, 1.0, 1.0])


def test_warm_up_gives_up_at_its_cap_and_says_so() -> None:
    turn = iter(range(10**9))
    workload = Workload(
        count=1, load=lambda i: i, stages=(Stage("forward", lambda value, _: spin(0.0001 * (1 + next(turn) // 8))),)
    )
    found = warm_up(TimedLoop(workload, [0]), Plan(warm_up_cap_s=0.05, warm_up_min_s=0.0), "cpu")
    assert not found.steady
    assert found.inferences >= 1


def test_batches_go_round_at_the_end_of_the_data() -> None:
    workload = method_workload(Method(), 5, lambda i: i, batch_size=2)
    assert workload.count == 3
    assert [workload.load(i) for i in range(3)] == [[0, 1], [2, 3], [4, 0]]


def test_chosen_items_are_spread_over_sorted_data() -> None:
    workload = Workload(count=1000, load=lambda i: i, stages=(Stage("forward", lambda value, _: value),))
    chosen = workload.chosen(64)
    assert len(set(chosen)) == 64
    assert chosen[0] == 0 and chosen[-1] > 980


@pytest.mark.parametrize("arguments", [{"seconds": 0.0}, {"seconds": float("nan")}, {"distinct": 0}])
def test_a_plan_without_time_or_inputs_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Plan(**arguments)


def test_a_small_network_on_real_tensors() -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(2))
    net.eval()
    modes: set[bool] = set()

    def forward(value: Any, item: Any) -> Any:
        modes.add(torch.is_inference_mode_enabled())
        return net(value)

    stages = (Stage("prepare", lambda value, _: value.float()[None] / 255), Stage("forward", forward))
    images = torch.randint(0, 255, (8, 3, 16, 16), dtype=torch.uint8)
    timing = three_blocks(Workload(count=8, load=lambda i: images[i], stages=stages))
    assert modes == {True}
    assert timing.conditions["threads"] == torch.get_num_threads()
    assert timing.conditions["canary"] == "torch"
