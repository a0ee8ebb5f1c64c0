"""A disturbed measurement that passes as stable would be ranked; a verdict without its reason could not be mended."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from harness.cli.show_speed import show_latency
from harness.measure.verdict import Conditions, Trend, judge, recorded_conditions
from harness.record_measurements import Timing, weighed

QUIET = Conditions(
    blocks=60,
    samples=600,
    steady=True,
    run_delay=0.004,
    steal=0.0,
    foreign_load=0.01,
    pressure=0.01,
    throttled=0.0,
    canary_spread=0.02,
    canary_drift=-0.004,
    interval_width={"forward": 0.008, "end_to_end": 0.02},
    trend=Trend(rank_correlation=0.1, p=0.5, change=0.01),
)


def test_quiet_run_is_stable_and_needs_no_reason() -> None:
    judgement = judge(QUIET)
    assert judgement.verdict == "stable"
    assert judgement.reasons == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"run_delay": 0.021}, "threads waited for a CPU for 2.1 % of the measured time, limit 2.0 %"),
        ({"steal": 0.011}, "the hypervisor took 1.1 % of the CPU time, limit 1.0 %"),
        ({"foreign_load": 0.06}, "other processes used 6.0 % of the CPUs, limit 5.0 %"),
        ({"pressure": 0.051}, "some task of the machine waited for a CPU for 5.1 % of the time (PSI), limit 5.0 %"),
        ({"canary_spread": 0.06}, "a fixed computation before each block varied by 6.0 %"),
        ({"canary_drift": -0.03}, "the fixed computation drifted by -3.0 %"),
        ({"steady": False}, "the warm-up did not become steady in its time"),
        ({"blocks": 1}, "1 block was timed, the plan asks for 20: measure for longer"),
        ({"interval_width": {"forward": 0.03}}, "the 95 % interval of the median of forward is 3.0 % wide"),
        ({"interval_width": {"forward": None}}, "the median of forward has no interval"),
        ({"trend": Trend(rank_correlation=0.8, p=0.0001, change=0.04)}, "the latency moved by 4.0 % during the run"),
        ({"memory": Trend(rank_correlation=0.6, p=0.0001, change=0.11)}, "the latency followed the speed of memory"),
        ({"spread_s": 44.9}, "the blocks lie within 44.9 s, 45 s are needed to see slow disturbances (--measure-s 60)"),
        ({"dropped_share": 0.51}, "51.0 % of the blocks were disturbed and left out, limit 50.0 %"),
        ({"run_delay": None, "unreadable": {"run delay": "/proc: missing"}}, "not readable here (/proc: missing)"),
    ],
)
def test_each_disturbance_alone_makes_it_unstable(change: dict[str, Any], words: str) -> None:
    judgement = judge(replace(QUIET, **change))
    assert judgement.verdict == "unstable"
    assert len(judgement.reasons) == 1
    assert words in judgement.reasons[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"run_delay": 0.11}, "threads waited for a CPU for 11.0 % of the measured time, limit 10.0 %"),
        ({"throttled": 0.001}, "a CPU quota stopped the process for 0.1 % of the measured time"),
        ({"outputs_equal": False}, "the timed model answers otherwise than the scored one"),
        ({"inputs_changed": True}, "the model writes into its input"),
        ({"clock_backwards": 1}, "1 inference was timed as lasting nothing or less: the clock stepped"),
        ({"suspended_s": 2.0}, "the machine was suspended for 2.0 s meanwhile"),
        ({"samples": 4}, "4 inferences were timed, a median needs 5: measure for longer"),
    ],
)
def test_what_makes_it_invalid(change: dict[str, Any], words: str) -> None:
    judgement = judge(replace(QUIET, **change))
    assert judgement.verdict == "invalid"
    assert judgement.reasons == [judgement.reasons[0]]
    assert words in judgement.reasons[0]


@pytest.mark.parametrize(
    "change",
    [
        {"run_delay": 0.02},
        {"steal": 0.01},
        {"foreign_load": 0.05},
        {"pressure": 0.05},
        {"canary_spread": 0.05},
        {"canary_drift": 0.02},
        {"blocks": 20},
        {"trend": Trend(rank_correlation=0.9, p=0.0001, change=0.02)},
        {"memory": Trend(rank_correlation=0.3, p=0.02, change=0.5)},
        {"trend": Trend(rank_correlation=0.3, p=0.02, change=0.5)},
        {"memory": Trend(rank_correlation=-0.6, p=0.0001, change=-0.11)},
        {"spread_s": 45.0, "dropped_share": 0.5, "outputs_equal": True},
        {"outputs_equal": None},
        {"steal": None, "foreign_load": None, "pressure": None, "throttled": None},
    ],
)
def test_the_limit_itself_is_allowed(change: dict[str, Any]) -> None:
    assert judge(replace(QUIET, **change)).verdict == "stable"


def test_every_reason_is_kept_the_invalid_ones_first() -> None:
    judgement = judge(replace(QUIET, steal=0.5, run_delay=0.5, steady=False, throttled=0.2))
    assert judgement.verdict == "invalid"
    assert [reason.split()[0] for reason in judgement.reasons] == ["a", "threads", "the", "the"]
    assert [reason.split()[0] for reason in judgement.invalid] == ["a", "threads"]


def test_every_reason_is_told_with_its_own_weight() -> None:
    """Who mends what is printed as "invalid" first must not lose the time on what is only a doubt."""
    judgement = judge(replace(QUIET, throttled=0.2, steady=False))
    timing = Timing(
        verdict=judgement.verdict, reasons=judgement.reasons, invalid_reasons=judgement.invalid, batch_size=1, spans=[]
    )
    assert [weight for weight, _ in weighed(timing)] == ["invalid", "unstable"]
    assert [line.split(" because")[0].strip() for line in show_latency(timing) if " because " in line] == [
        "invalid", "unstable",
    ]  # fmt: skip


def test_a_record_that_does_not_tell_the_weights_apart_is_read_as_it_is() -> None:
    old = msgspec.json.decode(
        b'{"verdict": "invalid", "reasons": ["a", "b"], "batch_size": 1, "spans": []}', type=Timing
    )
    assert list(weighed(old)) == [("invalid", "a"), ("invalid", "b")]


def test_a_record_can_be_judged_again() -> None:
    seen = replace(QUIET, steal=0.2, unreadable={"throttling": "no cgroup"})
    stored = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(seen) | {"device": "cpu", "canary_ms": [1.0]}))
    assert recorded_conditions(stored) == seen
