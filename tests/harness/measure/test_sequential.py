"""Samples a second must be those of the blocks, with an interval that scattered blocks carry, or none and the reason."""

from statistics import stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_blocks import FakeStation, block

from harness.measure.collection import Collection, Placed
from harness.measure.latency import timing_of
from harness.measure.plan import Plan
from harness.measure.sequential import rate_interval, sequential


def collected(values: list[list[float]], processes: int = 3) -> Collection:
    found = Collection(Plan(), ready=[FakeStation(lambda n: block()).start()] * processes)
    found.blocks = [Placed(k % processes, 2.0 * k, block(each)) for k, each in enumerate(values)]
    return found


def test_the_rate_is_inferences_over_their_time_and_lies_in_its_interval() -> None:
    found = collected([[10.0 + (k * 7 % 5)] * (3 + k % 4) for k in range(30)])
    rate = sequential(found, timing_of(found), "end_to_end")
    every = np.concatenate([each.report.spans["end_to_end"] for each in found.blocks])
    assert rate.value == pytest.approx(1000.0 * len(every) / every.sum())
    assert rate.low is not None and rate.high is not None and rate.value is not None
    assert rate.low < rate.value < rate.high
    assert rate.reason == ""


def test_few_blocks_give_no_interval_and_say_so() -> None:
    found = collected([[10.0]] * 19)
    rate = sequential(found, timing_of(found), "end_to_end")
    assert (rate.low, rate.high, rate.reason) == (None, None, "an interval needs 20 blocks, there are 19")


def test_a_span_that_was_not_timed_gives_no_rate() -> None:
    found = collected([[10.0]] * 20)
    rate = sequential(found, timing_of(found), "update")
    assert (rate.value, rate.reason) == (None, "there is no span update")


@given(st.lists(st.floats(0.1, 100.0), min_size=20, max_size=40))
def test_the_interval_is_that_of_a_literal_bootstrap_over_blocks(means: list[float]) -> None:
    """One process: blocks are drawn with replacement by the raw generator, and every draw gives a rate.

    As wide at least as Student's t with 5 degrees of freedom over the rates of the sixths of the run.
    """
    blocks = [[mean] * (1 + k % 3) for k, mean in enumerate(means)]
    n = len(blocks)
    picks = np.random.PCG64(0).random_raw(2000 * n) % n
    rates = sorted(
        1000.0 * sum(len(blocks[i]) for i in draw) / sum(sum(blocks[i]) for i in draw)
        for draw in picks.reshape(2000, n).tolist()[:2000]
    )
    value = 1000.0 * sum(map(len, blocks)) / sum(map(sum, blocks))
    parts = [blocks[n * k // 6 : n * (k + 1) // 6] for k in range(6)]
    half = 2.571 * stdev(1000.0 * sum(map(len, part)) / sum(map(sum, part)) for part in parts) / 6**0.5
    expected = max(0.0, min(rates[50], value - half)), max(rates[1950], value + half)
    assert rate_interval(blocks, [0] * n) == pytest.approx(expected)
