"""Running out of memory must end the sweep and be told; a throughput must be that of the batch that it names."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from measured_blocks import QUIET

from harness.errors import HarnessError, SubmissionError
from harness.measure import Stage, Workload, batch_sweep, method_workload
from harness.measure.batch_sweep import knee, memory_available, sweep
from harness.measure.throughput import Rate, Rates
from harness.record import Throughput


class Machine:
    """Rates by batch size; memory for batches of `most` at most."""

    def __init__(self, per_s: dict[int, float], most: int = 10**6, peak: int = 0) -> None:
        self._per_s, self._most, self._peak = per_s, most, peak
        self.asked: list[int] = []

    def block(self, size: int, span: str, seconds: float) -> Rate:
        self.asked.append(size)
        if size > self._most:
            return Rate(batch_size=size, out_of_memory="tried to allocate 9 GiB")
        rate = self._per_s.get(size, max(self._per_s.values()))
        return Rate(
            batch_size=size,
            samples=size * 4,
            seconds=size * 4 / rate,
            disturbance=QUIET,
            host_peak_bytes=self._peak * size,
        )


GROWING = {1: 100.0, 2: 190.0, 4: 300.0, 8: 400.0, 16: 404.0, 32: 405.0}


def test_it_ends_where_two_doublings_gain_nothing() -> None:
    found, ended = sweep(Machine(GROWING).block, "forward", cpus=2, climb_s=0.2, turns_s=0.0)
    assert ended.batch_sizes == [1, 2, 4, 8, 16, 32]
    assert "two doublings gained less than 3 %" in ended.ended
    assert ended.knee == 8
    assert [item.value for item in found] == pytest.approx(list(GROWING.values()))


def test_out_of_memory_ends_it_and_is_recorded() -> None:
    machine = Machine(GROWING, most=4)
    found, ended = sweep(machine.block, "forward", cpus=2, climb_s=0.2, turns_s=0.0)
    assert ended.batch_sizes == [1, 2, 4]
    assert "did not suffice for a batch of 8 (tried to allocate 9 GiB)" in ended.ended
    assert (found[-1].batch_size, found[-1].value, found[-1].verdict) == (8, None, "not measured")
    assert "tried to allocate 9 GiB" in found[-1].reason
    assert machine.asked.count(8) == 1, "it is not tried again"


def test_a_batch_that_ends_the_process_loses_nothing_that_was_measured() -> None:
    machine, alive = Machine(GROWING), [True]

    def block(size: int, span: str, seconds: float) -> Rate:
        alive[0] = alive[0] and size < 8
        if not alive[0]:
            raise SubmissionError("the process that measures ended")
        return machine.block(size, span, seconds)

    found, ended = sweep(block, "forward", cpus=2, climb_s=0.2, turns_s=0.2)
    assert [(item.batch_size, item.value is None) for item in found] == [(1, False), (2, False), (4, False), (8, True)]
    assert ended.ended == "a batch of 8 failed (the process that measures ended)"
    assert found[-1].reason == "the process that measures ended"
    with pytest.raises(SubmissionError):
        sweep(block, "forward", cpus=2, climb_s=0.2, turns_s=0.0)


def judged(apart_s: float = 3.0, per_s: tuple[float, ...] = (100.0,), **disturbed: tuple[str, int]) -> Throughput:
    """21 blocks of one size; `disturbed` names counters of the first so many: what=(counter, blocks)."""
    rounds = [
        Rate(
            batch_size=1, at_s=apart_s * place, samples=100, seconds=100 / per_s[place * len(per_s) // 21],
            disturbance=replace(
                QUIET, **{name: QUIET.wall_ns for name, blocks in disturbed.values() if place < blocks}
            ),
        )
        for place in range(21)
    ]  # fmt: skip
    turns = iter(rounds)
    found, _ = sweep(lambda *_: next(turns), "forward", cpus=1, climb_s=-1.0, turns_s=0.1)
    return found[0]


def test_blocks_that_lie_close_together_or_were_mostly_left_out_are_not_stable() -> None:
    assert judged().verdict == "stable"
    assert judged(apart_s=1.0).verdict == "unstable"
    assert judged(apart_s=5.0, waited=("run_delay_ns", 12)).verdict != "stable"


def test_a_quota_in_a_block_that_is_left_out_spoils_the_others() -> None:
    assert judged(quota=("throttled_ns", 2)).verdict == "invalid"


def test_a_sleep_of_the_machine_is_left_out_or_where_too_little_remains_invalid() -> None:
    assert judged(slept=("suspended_ns", 3)).verdict == "stable"
    found = judged(slept=("suspended_ns", 21))
    assert found.verdict == "invalid"
    assert [reason.split(" for ")[0] for reason in found.invalid_reasons] == ["the machine was suspended"]


def test_a_rate_that_wandered_over_the_run_has_a_wide_interval() -> None:
    """Blocks beside each other are alike, so that resampling them by themselves would find too little."""
    found = judged(per_s=(100.0, 110.0, 100.0, 90.0))
    assert found.low is not None and found.high is not None and found.value is not None
    assert (found.high - found.low) / found.value > 0.12
    assert "interval" in " ".join(found.reasons)


def test_where_only_the_time_ended_it_no_knee_is_known() -> None:
    _, ended = sweep(Machine(GROWING).block, "forward", cpus=2, climb_s=-1.0, turns_s=0.0)
    assert "the time was used up after a batch of 1" in ended.ended
    assert ended.knee is None


def test_a_batch_that_would_take_most_of_the_memory_is_not_tried(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   1000 kB\n")
    assert memory_available(tmp_path) == 1000 * 1024
    _, ended = sweep(Machine(GROWING, peak=40_000).block, "forward", cpus=2, climb_s=0.2, turns_s=0.0, proc=tmp_path)
    assert ended.batch_sizes == [1, 2, 4, 8]
    assert "a batch of 16 might need more than half of the memory" in ended.ended


def test_all_sizes_take_turns_in_a_shuffled_order_spread_over_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(batch_sweep, "sleep", pauses.append)
    _, ended = sweep(Machine(GROWING).block, "forward", cpus=2, climb_s=3600.0, turns_s=1900.0)
    assert len(pauses) == 19
    assert pauses[0] == pytest.approx(100.0, rel=0.1)
    turns = ended.order[6:]
    assert set(Counter(turns).values()) == {20}
    rounds = [tuple(turns[k : k + 6]) for k in range(0, len(turns), 6)]
    assert all(sorted(each) == [1, 2, 4, 8, 16, 32] for each in rounds)
    assert len(set(rounds)) > 10
    assert any(a != b for a, b in pairwise(rounds))


def test_few_blocks_give_no_interval_and_say_so() -> None:
    found, _ = sweep(Machine({1: 10.0}, most=1).block, "forward", cpus=2, climb_s=0.0, turns_s=0.0)
    assert found[0].low is None
    assert "needs 5 blocks" in found[0].reason
    assert found[0].verdict == "unstable"


def test_the_knee_is_the_smallest_batch_near_the_best() -> None:
    rates = [Throughput(value=value, batch_size=size) for size, value in GROWING.items()]
    assert knee(rates) == 8
    assert knee([]) is None


class Sums:
    """A method that runs out of memory above eight samples a batch."""

    def prepare(self, sample: int) -> int:
        return sample + 1

    def forward(self, inputs: list[int]) -> list[int]:
        if len(inputs) > 8:
            raise MemoryError
        return [sum(range(500 + value)) for value in inputs]

    def finish(self, raw: int, sample: int) -> int:
        return raw


def rates(workers: int = 0) -> Rates:
    return Rates(lambda size: method_workload(Sums(), 20, lambda i: i, batch_size=size), workers)


def test_a_real_method_that_runs_out_of_memory() -> None:
    found, ended = sweep(
        lambda size, span, seconds: rates().block(size, span, 0.001), "forward", cpus=1, climb_s=0.5, turns_s=0.0
    )
    assert max(ended.batch_sizes) <= 8
    assert all(item.value and item.value > 0 for item in found if item.value is not None)


@pytest.mark.parametrize("workers", [0, 2])
def test_whole_inferences_are_counted_in_samples(workers: int) -> None:
    rate = rates(workers).block(4, "end_to_end", 0.01)
    assert rate.samples % 4 == 0
    assert rate.samples >= 8
    assert rate.seconds >= 0.01


def test_an_error_that_is_not_of_memory_is_none() -> None:
    def broken(value: object, item: object) -> object:
        raise RuntimeError("shapes do not fit")

    made = Workload(count=3, load=lambda i: [i], stages=(Stage("forward", broken),))
    with pytest.raises(HarnessError, match="in no batches"):
        Rates(lambda size: made)
    stages = (Stage("forward", broken),)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        Rates(lambda size: Workload(count=3, load=lambda i: [i], stages=stages, batch_size=size)).block(
            1, "forward", 0.0
        )
