"""A block left out for its own latency would make a model look faster than it is; one kept though disturbed, slower."""

from itertools import pairwise

import pytest
from measured_blocks import FakeStation, block, ready

from harness.measure.collection import LEAST_KEPT, Collection, Collector, Placed
from harness.measure.latency import collect, judged, timing_of
from harness.measure.plan import Plan

QUICK = Plan(seconds=0.05, min_pause_s=0.0, max_blocks=30)


def collection(*reports: object) -> Collection:
    placed = [Placed(0, float(n), report) for n, report in enumerate(reports)]  # type: ignore[arg-type]
    return Collection(Plan(), ready=[ready()], blocks=placed)


def test_processes_take_turns() -> None:
    stations = [FakeStation(lambda n: block()) for _ in range(3)]
    collector = Collector(stations, QUICK)
    collector.start()
    for _ in range(7):
        collector.block()
    assert [placed.process for placed in collector.found.blocks] == [0, 1, 2, 0, 1, 2, 0]
    assert [station.done for station in stations] == [3, 2, 2]
    assert all(a.at_s <= b.at_s for a, b in pairwise(collector.found.blocks))


@pytest.mark.parametrize(
    ("disturbance", "cause"),
    [
        ({"run_delay_ns": 2_100_000}, "run delay"),
        ({"pressure_ns": 5_100_000}, "pressure"),
        ({"throttled_ns": 1}, "throttled"),
        ({"suspended_ns": 30_000_000}, "suspended"),
        ({"steal_ns": 31_000_000}, "steal"),
        ({"foreign_ns": 31_000_000}, "foreign load"),
        ({"foreign_ns": 20_000_000}, ""),
        ({"run_delay_ns": 2_000_000}, ""),
        ({"canary_ms": 1.06}, "canary"),
        ({"canary_ms": 1.05}, ""),
    ],
)
def test_a_block_is_disturbed_by_its_cause(disturbance: dict[str, int], cause: str) -> None:
    found = collection(block(), block(**disturbance))
    assert found.causes() == ["", cause]


def test_no_block_is_left_out_for_its_latency() -> None:
    slow = [block(1000.0) for _ in range(5)]
    fast_but_disturbed = [block(1.0, run_delay_ns=50_000_000) for _ in range(5)]
    found = collection(*[block(10.0) for _ in range(LEAST_KEPT)], *slow, *fast_but_disturbed)
    kept = [placed.report for placed in found.kept()]
    assert all(report in kept for report in slow)
    assert not any(report in kept for report in fast_but_disturbed)
    timing = timing_of(found)
    assert timing.dropped_share == pytest.approx(5 / 30)
    assert timing.conditions["dropped_because"] == {"run delay": 5}
    assert timing.spans[0].min == 10.0


def test_where_too_few_are_undisturbed_all_count_and_the_verdict_says_so() -> None:
    found = collection(*[block(run_delay_ns=50_000_000) for _ in range(30)], *[block() for _ in range(LEAST_KEPT - 1)])
    timing = timing_of(found)
    assert len(found.kept()) == 30 + LEAST_KEPT - 1
    assert timing.dropped_share == 0.0
    assert timing.verdict == "invalid"
    assert any("waited for a CPU" in reason for reason in timing.reasons)


def test_more_than_half_left_out_is_not_stable() -> None:
    found = collection(*[block(steal_ns=50_000_000) for _ in range(30)], *[block() for _ in range(LEAST_KEPT)])
    assert any("60.0 % of the blocks were disturbed" in reason for reason in judged(found).reasons)


def test_disturbed_blocks_are_measured_again_until_it_is_stable() -> None:
    station = FakeStation(lambda n: block(run_delay_ns=50_000_000 if n < 40 else 0))
    plan = Plan(seconds=0.02, min_pause_s=0.0, max_blocks=30, retries=1000)
    collector = Collector([station], plan)
    collector.start()
    found = collector.run(lambda found: len(found.kept()) < len(found.blocks))
    assert len(found.kept()) >= LEAST_KEPT
    assert not any(placed.report.disturbance.run_delay_ns for placed in found.kept())


def test_measuring_again_ends_after_three_times_the_time() -> None:
    station = FakeStation(lambda n: block(run_delay_ns=50_000_000))
    told: list[str] = []
    found = collect([station], Plan(seconds=0.02, min_pause_s=0.0, max_blocks=30, retries=2), tell=told.append)
    assert len(found.blocks) > 1
    assert len(told) == 1
    assert "blocks disturbed: run delay" in told[0]
    assert "measuring again for at most" in told[0]
    assert judged(found).verdict == "invalid"


def test_a_model_that_takes_long_to_become_warm_gets_fewer_processes_and_says_so() -> None:
    stations = [FakeStation(lambda n: block(), first_ms=9000.0) for _ in range(3)]
    collector = Collector(stations, Plan(seconds=10.0))
    collector.start()
    assert [station.started for station in stations] == [1, 0, 0]
    assert collector.found.notes["processes"].startswith("1 of 3")


def test_a_model_that_writes_into_its_input_is_invalid() -> None:
    collector = Collector([FakeStation(lambda n: block(), changed=True)], QUICK)
    collector.start()
    collector.block()
    judgement = judged(collector.close())
    assert judgement.verdict == "invalid"
    assert any("writes into its input" in reason for reason in judgement.reasons)


def test_spread_between_processes_enters_the_interval() -> None:
    def found(*levels: float) -> Collection:
        count = len(levels)
        blocks = [Placed(n % count, float(n), block(levels[n % count])) for n in range(60)]
        return Collection(Plan(), ready=[ready()] * count, blocks=blocks)

    apart, alike = (timing_of(each).spans[0].p50 for each in (found(10.0, 10.3, 10.6), found(10.3, 10.3, 10.3)))
    assert (alike.low, alike.high) == pytest.approx((10.3, 10.3))
    half = 4.303 * 0.3 / 3**0.5  # Student's t of three processes that differ by 0.3
    assert (apart.low, apart.high) == pytest.approx((10.3 - half, 10.3 + half), abs=1e-3)


def test_a_clock_that_stands_still_or_goes_back_is_told() -> None:
    judgement = judged(collection(*[block() for _ in range(20)], block([0.0, -1.0, 10.0])))
    assert judgement.verdict == "invalid"
    assert any("2 inferences were timed as lasting nothing or less" in reason for reason in judgement.reasons)


def test_inputs_of_varying_size_are_told_apart() -> None:
    found = collection(*[block([1.0, 2.0, 30.0, 40.0]) for _ in range(20)])
    found.ready[0] = ready(sizes={0: 100, 1: 120, 2: 1000, 3: 1023})
    timing = timing_of(found)
    assert [(bucket.name, bucket.inputs, bucket.n["forward"]) for bucket in timing.sizes] == [
        ("64 to 127", 2, 40), ("512 to 1023", 2, 40),
    ]  # fmt: skip
    assert [bucket.p50["forward"] for bucket in timing.sizes] == [2.0, 40.0]
    assert timing_of(collection(*[block() for _ in range(20)])).sizes == []


def test_a_latency_that_follows_the_speed_of_memory_is_not_stable() -> None:
    """Nobody waits for a CPU when a neighbour takes the memory's bandwidth: only the copy before each block tells."""
    busy = [n * 7 % 10 < 4 for n in range(60)]
    blocks = [
        block(10.8 + 0.001 * n if b else 10.0 + 0.001 * n, memory_ms=1.6 if b else 1.0) for n, b in enumerate(busy)
    ]
    found = timing_of(collection(*blocks))
    assert found.conditions["memory"]["change"] > 0.05
    assert any("followed the speed of memory" in reason for reason in found.reasons)
    assert len(found.conditions["block_median_ms"]) == 60  # none is left out for it


def test_memory_that_is_slow_without_harm_is_no_reason() -> None:
    indifferent = [block(10.0 + 0.01 * (n % 3), memory_ms=1.0 + 0.1 * (n % 7)) for n in range(60)]
    assert not any("memory" in reason for reason in judged(collection(*indifferent)).reasons)
    unknown = [block(10.0 + 0.1 * n, memory_ms=None) for n in range(60)]
    assert timing_of(collection(*unknown)).conditions["memory"] is None


def test_processes_whose_memory_differs_are_compared_with_themselves() -> None:
    blocks = [Placed(n % 2, float(n), block(10.0 + n % 2, memory_ms=1.0 + n % 2)) for n in range(60)]
    found = Collection(Plan(), ready=[ready(), ready()], blocks=blocks)
    assert not any("memory" in reason for reason in judged(found).reasons)


def test_a_quota_that_stopped_one_block_spoils_all() -> None:
    """What is left out leaves the others as they are, but a throttled group makes up for it in the blocks between."""
    timing = timing_of(collection(*[block() for _ in range(40)], block(throttled_ns=30_000_000)))
    assert timing.dropped_share > 0.0
    assert timing.verdict == "invalid"
    assert any("a CPU quota stopped the process" in reason for reason in timing.invalid_reasons)
