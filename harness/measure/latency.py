"""Latency of a workload: blocks scattered over a time budget, with what disturbed them, and a verdict."""

import sys
from collections.abc import Callable, Sequence
from time import perf_counter, sleep
from typing import Any

import msgspec
import numpy as np

from harness.measure.canary import make_canary
from harness.measure.disturbance import Disturbance, Probe, between, shares, total
from harness.measure.percentiles import CONVENTION, INTERVAL, drift, percentile, quantiles, spearman
from harness.measure.plan import Plan
from harness.measure.timed_loop import END_TO_END, Block, TimedLoop, collector_off, objects_frozen
from harness.measure.verdict import Conditions, Trend, judge
from harness.measure.warm_up import WarmUp, warm_up
from harness.measure.workload import Workload
from harness.record import Quantile, Span, Timing

CLOCK = "perf_counter_ns, the whole device synchronised at the end of every span"
MEANING = "end_to_end is timed in inferences of its own, which alternate with those timed by span"


def measure_latency(workload: Workload, *, seconds: float = 12.0, plan: Plan | None = None) -> Timing:
    """Time `workload` for about `seconds` (or by `plan`); milliseconds a sample, percentiles, conditions, verdict.

    Raises SubmissionError where the model fails, naming the input.
    """
    meter = LatencyMeter(workload, plan or Plan(seconds=seconds))
    with objects_frozen():
        meter.start()
        while meter.another():
            meter.block()
            sleep(meter.pause())
    return meter.timing()


class LatencyMeter:
    """The same in steps, for whoever wants to put blocks between other work: `start`, then `block` when it suits."""

    def __init__(self, workload: Workload, plan: Plan, probe: Probe | None = None) -> None:
        self._workload = workload
        self._plan = plan
        self._probe = probe or Probe()
        self._headline = workload.headline_stage()[1].name
        self._blocks: list[Block] = []
        self._disturbances: list[Disturbance] = []
        self._canaries_ms: list[float] = []
        self._block_s: list[float] = []
        self._canary_name, self._canary = make_canary()
        random = np.random.PCG64(plan.seed).random_raw(plan.max_blocks)
        self._jitter = 0.5 + random.astype(np.float64) / 2.0**64

    def start(self) -> None:
        """Load the items, run the first inference and the warm-up."""
        self._numbers = self._workload.chosen(-(-self._plan.distinct // self._workload.batch_size))
        self._loop = TimedLoop(self._workload, self._numbers)
        self._began = perf_counter()
        with self._workload.entered():
            self._first_ms = self._loop.first()
            self._warm: WarmUp = warm_up(self._loop, self._plan, self._workload.device)
        self._canary()

    def block(self) -> None:
        """Canary, counters, a block of timed inferences, counters."""
        begin = perf_counter()
        self._canaries_ms.append(self._canary() * 1e-6)
        before = self._probe.snapshot()
        with self._workload.entered(), collector_off():
            block = self._loop.block(self._plan, lambda: self._left() <= 0)
        self._disturbances.append(between(before, self._probe.snapshot()))
        self._blocks.append(block)
        self._block_s.append(perf_counter() - begin)

    def another(self) -> bool:
        """Whether a further block fits (the first one is always run; the last one may be cut short)."""
        done = len(self._blocks)
        return done == 0 or (done < self._plan.max_blocks and self._left() >= min(self._block_s) / 2)

    def pause(self) -> float:
        """Seconds to wait now, so that the blocks spread over what is left; unequal, against aliasing."""
        left, block_s = self._left(), self._typical_s()
        to_come = int(left / (block_s + self._plan.min_pause_s))
        to_come = min(to_come, self._plan.max_blocks - len(self._blocks))
        if to_come < 1:
            return 0.0
        even = (left - to_come * block_s) / to_come
        return max(0.0, even * float(self._jitter[len(self._blocks) - 1]))

    def _left(self) -> float:
        return self._plan.seconds - (perf_counter() - self._began)

    def _typical_s(self) -> float:
        return float(np.median(self._block_s))

    def timing(self) -> Timing:
        """The record's entry for the blocks so far."""
        spans = [self._span(name) for name in self._blocks[0].spans]
        seen = self._conditions({span.name: span.p50 for span in spans})
        judgement = judge(seen)
        return Timing(
            verdict=judgement.verdict,
            reasons=judgement.reasons,
            batch_size=self._workload.batch_size,
            spans=spans,
            dtype=self._workload.dtype,
            first_inference_ms=self._first_ms,
            warm_up=self._warm.facts(),
            conditions=msgspec.to_builtins(seen) | self._setting(),
            method="; ".join((CLOCK, MEANING, CONVENTION, INTERVAL)),
        )

    def _span(self, name: str) -> Span:
        blocks = [block.spans[name] for block in self._blocks]
        pooled = np.concatenate(blocks)
        found = quantiles(blocks, seed=self._plan.seed)
        return Span(
            name=name,
            n=len(pooled),
            blocks=len(blocks),
            mean=float(pooled.mean()),
            min=float(pooled.min()),
            p50=found["p50"],
            p90=found["p90"],
            p99=found["p99"],
        )

    def _conditions(self, medians: dict[str, Quantile]) -> Conditions:
        seen = shares(total(self._disturbances), len(self._probe.cpus))
        canary = np.array(self._canaries_ms)
        judged = dict.fromkeys((self._headline, END_TO_END))
        return Conditions(
            blocks=len(self._blocks),
            samples=sum(len(block.spans[self._headline]) for block in self._blocks),
            steady=self._warm.steady,
            canary_spread=percentile(canary, 0.9) / float(canary.min()) - 1.0,
            canary_drift=drift(canary),
            interval_width={name: _relative_width(medians[name]) for name in judged},
            trend=self._trend(),
            unreadable=dict(self._probe.unreadable),
            **seen,
        )

    def _trend(self) -> Trend | None:
        medians = np.array([block.median(self._headline) for block in self._blocks])
        change = drift(medians)
        if len(medians) < 10 or change is None:
            return None
        rho, p = spearman(medians)
        return Trend(rank_correlation=rho, p=p, change=change)

    def _setting(self) -> dict[str, Any]:
        summed = total(self._disturbances)
        return {
            "device": self._workload.device,
            "threads": torch_threads(),
            "affinity": sorted(self._probe.cpus),
            "distinct_inputs": len(self._numbers) * self._workload.batch_size,
            "headline": self._headline,
            "seconds": round(perf_counter() - self._began, 3),
            "measured_s": round(summed.wall_ns * 1e-9, 3),
            "voluntary_switches": summed.voluntary_switches,
            "involuntary_switches": summed.involuntary_switches,
            "minor_faults": summed.minor_faults,
            "major_faults": summed.major_faults,
            "canary": self._canary_name,
            "canary_ms": self._canaries_ms,
            "block_median_ms": [block.median(self._headline) for block in self._blocks],
        }

    @property
    def blocks(self) -> Sequence[Block]:
        """Every kept latency, by block."""
        return self._blocks

    @property
    def disturbances(self) -> Sequence[Disturbance]:
        """What the counters said, by block."""
        return self._disturbances


def _relative_width(median: Quantile) -> float | None:
    if median.value is None or median.low is None or median.high is None or median.value <= 0:
        return None
    return (median.high - median.low) / median.value


def torch_threads() -> int | None:
    """Threads that torch computes one operator with; None where torch is not loaded."""
    torch = sys.modules.get("torch")
    count: Callable[[], int] | None = getattr(torch, "get_num_threads", None)
    return None if count is None else count()
