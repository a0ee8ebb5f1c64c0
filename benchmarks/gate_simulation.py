"""Are verdicts and intervals right where the truth is known? `python benchmarks/gate_simulation.py`.

The collection, the gate, the percentiles and the verdict of `harness bench` run on a simulated machine (simulated_machine.py)
in every kind of weather. It needs no quiet machine: the figures are the same everywhere.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from simulated_machine import CASES, Case, Machine, runs, truth

from harness.measure.latency import timing_of
from harness.record import Timing


@dataclass(frozen=True, slots=True)
class Told:
    """What measurements in one kind of weather said."""

    case: Case
    timings: list[Timing]
    truth_ms: float
    took_s: list[float]

    @property
    def stable(self) -> list[Timing]:
        """Those that were called stable."""
        return [timing for timing in self.timings if timing.verdict == "stable"]

    @property
    def covering(self) -> list[Timing]:
        """Those among them whose interval of the median holds the truth."""
        return [timing for timing in self.stable if _covers(timing, self.truth_ms)]

    @property
    def furthest(self) -> float | None:
        """How far the median of a stable one lies from the truth at most; None where none is stable."""
        return max((abs(_median(timing) / self.truth_ms - 1) for timing in self.stable), default=None)

    @property
    def reasons(self) -> str:
        """The most frequent first reason of those that are not stable."""
        first = [timing.reasons[0] for timing in self.timings if timing.reasons]
        words = [" ".join(reason.split()[:6]) for reason in first]
        return statistics.mode(words) if words else ""


def _median(timing: Timing) -> float:
    value = timing.spans[0].p50.value
    assert value is not None
    return value


def _covers(timing: Timing, value: float) -> bool:
    found = timing.spans[0].p50
    return found.low is not None and found.high is not None and found.low <= value <= found.high


def told(case: Case, count: int, seed: int = 0) -> Told:
    """Measure `count` times in weather of one kind."""
    timings, took = [], []
    for found in runs(case, count, seed):
        timings.append(timing_of(found))
        took.append(found.seconds)
    return Told(case, timings, truth(case), took)


def lines(found: list[Told]) -> Iterator[str]:
    """A table."""
    titles = ("weather", "may be called", "stable", "intervals of stable ones that hold the truth", "furthest")
    yield f"| {' | '.join((*titles, 'seconds', 'most frequent reason'))} |"
    yield "|---|---|---|---|---|---|---|"
    for each in found:
        held = f"{len(each.covering)} of {len(each.stable)}" if each.stable else "-"
        far = "-" if each.furthest is None else f"{100 * each.furthest:.1f} %"
        yield (
            f"| {each.case.name} | {each.case.expected} | {len(each.stable)} of {len(each.timings)} | {held} | {far} "
            f"| {statistics.median(each.took_s):.0f} | {each.reasons} |"
        )


def against_itself(count: int, seed: int = 0) -> str:
    """How often the ratio of a network to itself covers 1 on a quiet machine, and what is said of it."""
    found = [Machine(CASES[0], seed * 100_000 + number).against_itself() for number in range(count)]
    known = [ratio for each in found for ratio in (each.speedup, each.control) if ratio.low is not None]
    covering = [ratio for ratio in known if ratio.low is not None and ratio.low <= 1.0 <= (ratio.high or 0.0)]
    values = [ratio.value for ratio in known if ratio.value is not None]
    claims = sum("times faster" in each.statement for each in found)
    return (
        f"A against A, {count} times: {len(covering)} of {len(known)} intervals cover 1, ratios {min(values):.3f} to "
        f"{max(values):.3f}; {claims} claimed to be faster; {sum(each.verdict == 'stable' for each in found)} stable."
    )


def main() -> None:
    """Print the table, and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="measurements in each kind of weather")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.perf_counter()
    print("\n".join(lines([told(case, options.runs, options.seed) for case in CASES])))
    print(f"\n{against_itself(options.runs, options.seed)}")
    print(f"\n{options.runs} measurements a line, seed {options.seed}, {time.perf_counter() - began:.0f} s.")


if __name__ == "__main__":
    main()
