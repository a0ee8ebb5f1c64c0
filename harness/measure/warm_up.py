"""Runs the model until its latency has settled."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from harness.measure.plan import Plan
from harness.measure.timed_loop import TimedLoop

SWEEP = 8
NEAR = 1.02
IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What the warm-up took; `best_ms` is the smallest median of a sweep, a sample."""

    seconds: float
    inferences: int
    steady: bool
    best_ms: float | None

    def facts(self) -> dict[str, Any]:
        """For the record."""
        return {"seconds": round(self.seconds, 3), "inferences": self.inferences, "steady": self.steady}


def warm_up(loop: TimedLoop, plan: Plan, device: str) -> WarmUp:
    """Sweeps of 8 inferences until three medians in a row lie within 2 % of the best seen, or the cap is reached."""
    least, cap = plan.warm_up_limits(device)
    start = perf_counter()
    medians: list[float] = []
    done, steady = 0, False
    while not (steady and perf_counter() - start >= least) and perf_counter() - start < cap:
        latencies: list[float] = []
        for latency in loop.sweep(SWEEP):
            latencies.append(latency)
            if perf_counter() - start >= cap:
                break
        done += len(latencies)
        if len(latencies) == SWEEP:
            medians.append(float(np.median(latencies)))
        steady = settled(medians)
    return WarmUp(perf_counter() - start, done, steady, min(medians, default=None))


def settled(medians: list[float]) -> bool:
    """Whether the last three medians all lie within 2 % of the best of all."""
    if len(medians) < IN_A_ROW:
        return False
    return max(medians[-IN_A_ROW:]) <= NEAR * min(medians)
