"""Joules a sample and mean watts of the headline span, from a counter that answers; never an estimate.

The load runs through both edges of a window, and a window begins and ends where the counter moves (MEASUREMENT, 3.12).
"""

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.measure.aliasing import aliasing_bound
from harness.measure.counter import Counter, Opened, Source, opened
from harness.measure.disturbance import Probe, between, shares
from harness.measure.energy_run import IDLE_S, SETTLE_S, Budget, Collected, EnergyRun
from harness.measure.energy_sources import sources_for, unknown_reason
from harness.measure.energy_verdict import EnergySeen, impossible, judge_energy, spread
from harness.measure.gpu_watch import GpuWatch, summarise
from harness.measure.load import headline_loop
from harness.measure.pace import Pace
from harness.measure.procfs import Unreadable
from harness.measure.thermometer import Thermometer, cpu_thermometer
from harness.measure.windows import WINDOW_S, WINDOWS
from harness.measure.workload import Workload
from harness.record import Energy

FULL_S = WINDOWS * WINDOW_S + 2 * (IDLE_S + SETTLE_S) + 3.0
"""What a stable energy takes with a counter that ticks: three windows, idling on both sides, warm-up."""


def measure_energy(
    workload: Workload,
    *,
    seconds: float = FULL_S,
    sources: Sequence[Source] | None = None,
    reference_c: float | None = None,
    thermometer: Thermometer | None = None,
    pace: Pace | None = None,
) -> Energy:
    """Gross and net energy of the headline span over real prepared inputs; null with the reason where nothing counts it.

    Returns at once where there is no source; else takes about `seconds`: windows of at least 5 s first, and of what is
    left up to 10 s of idling before and after. `reference_c`, degrees Celsius, is what the device is left to cool to
    before. Raises SubmissionError where the model fails.
    """
    pace = pace or Pace()
    with opened(sources_for(workload.device, pace.clock) if sources is None else sources) as found:
        if not found.counters:
            return _absent(_no_source(workload.device, found), found)
        surroundings = Surroundings(workload.device, pace)
        budget = Budget(seconds, min(1.0 if workload.device == "cpu" else 3.0, seconds / 5))
        with workload.entered():
            step = headline_loop(workload)
            thermometer = thermometer or surroundings.thermometer
            run = EnergyRun(found, step, budget, thermometer, pace, surroundings.look)
            try:
                collected = run.run(reference_c)
            except Unreadable as error:
                found.tried.append(f"{found.counters[0].name}: {error}")
                return _absent(f"{found.counters[0].name}: {error}", found)
        return _result(collected, found, surroundings, workload.batch_size, reference_c)


def device_celsius(device: str) -> float | None:
    """How warm the device is now: asked when a run begins, it is what `measure_energy` lets it cool to; None: unknown."""
    return Surroundings(device, Pace()).thermometer()


class Surroundings:
    """Who else used the device and the machine meanwhile, as far as it can be read."""

    def __init__(self, device: str, pace: Pace) -> None:
        self._probe = Probe(cpus=frozenset(range(os.cpu_count() or 1)))
        self._snapshots: list[Any] = []
        self._states: list[Any] = []
        self._gpu: GpuWatch | None = None
        self.thermometer: Thermometer = cpu_thermometer()
        if device.split(":")[0] == "cuda":
            self.thermometer = self._gpu_thermometer
            try:
                self._gpu = GpuWatch(device, pace.clock)
            except Unreadable:
                return

    def _gpu_thermometer(self) -> float | None:
        return self._gpu.state().celsius if self._gpu is not None else None

    def look(self) -> None:
        """Read the counters."""
        self._snapshots.append(self._probe.snapshot())
        if self._gpu is not None:
            self._states.append(self._gpu.state())

    @property
    def foreign_load(self) -> float | None:
        """Share of the machine's CPUs that others used."""
        seen = between(self._snapshots[0], self._snapshots[-1])
        return shares(seen, len(self._probe.cpus))["foreign_load"]

    @property
    def foreign_processes(self) -> int | None:
        """Compute processes of others on the card."""
        return summarise(self._states, own_processes=1).foreign_processes if self._states else None

    @property
    def slowed_by(self) -> list[str]:
        """What held the card's clock down; a power limit does so by right where power is what is measured."""
        found = summarise(self._states, own_processes=1).slowed_by if self._states else []
        return [words for words in found if "power limit" not in words]


def _no_source(device: str, found: Opened) -> str:
    return "no energy counter can be read here: " + ("; ".join(found.tried) or unknown_reason(device))


def _absent(reason: str, found: Opened) -> Energy:
    return Energy(
        verdict="not measured", energy_j=None, power_w=None, reason=reason,
        tried=found.tried, how_to_enable=found.how_to_enable,
    )  # fmt: skip


def _seen(done: Collected, found: Opened, around: Surroundings, reference_c: float | None) -> EnergySeen:
    before, start, end = done.celsius
    second = found.second
    return EnergySeen(
        windows=done.windows,
        ticks=found.counters[0].ticks,
        limit_w=found.counters[0].limit_w,
        idle_before_w=done.idle_w[0],
        idle_after_w=done.idle_w[1],
        second_w=None if second is None else done.others.get(second.label),
        second_name="" if second is None else second.name,
        warmed_c=None if start is None or end is None else end - start,
        start_off_c=None if before is None or reference_c is None else before - reference_c,
        foreign_load=around.foreign_load,
        foreign_processes=around.foreign_processes,
        disturbed=[f"the clock was held down by {words}" for words in around.slowed_by],
    )


def _result(done: Collected, found: Opened, around: Surroundings, batch: int, reference_c: float | None) -> Energy:
    seen = _seen(done, found, around, reference_c)
    wrong = impossible(seen)
    if wrong:
        return _absent(f"{found.counters[0].name}: {wrong}", found)
    verdict, reasons = judge_energy(seen)
    idles = [watts for watts in done.idle_w if watts is not None]
    idle_w = sum(idles) / len(idles) if idles else None
    inferences = sum(window.inferences for window in done.windows)
    loaded_s = sum(window.seconds - window.paused_s for window in done.windows)
    gross = sum(window.joules - (idle_w or 0.0) * window.paused_s for window in done.windows) / inferences
    trace = done.trace
    return Energy(
        verdict=verdict,
        energy_j=gross / batch,
        net_energy_j=None if idle_w is None else (gross - idle_w * loaded_s / inferences) / batch,
        power_w=gross * inferences / loaded_s,
        idle_w=idle_w,
        reason="; ".join(reasons),
        source=found.counters[0].name,
        scope=found.counters[0].scope,
        update_period_s=found.counters[0].update_s or (trace.period_s if trace else None),
        n_ticks=min(window.ticks for window in done.windows),
        window_s=sum(window.seconds for window in done.windows) / len(done.windows),
        samples=round(inferences) * batch,
        tried=found.tried,
        facts=_facts(done, found, seen),
    )


def _facts(done: Collected, found: Opened, seen: EnergySeen) -> dict[str, Any]:
    counter = found.counters[0]
    facts: dict[str, Any] = {
        "windows": [asdict(window) for window in done.windows],
        "spread": spread(done.windows),
        "power_limit_w": counter.limit_w,
        "idle_s": done.idle_s,
        "idle_before_w": seen.idle_before_w,
        "idle_after_w": seen.idle_after_w,
        "celsius": done.celsius,
        "cooled_s": done.cooled_s,
        "foreign_load": seen.foreign_load,
        "foreign_processes": seen.foreign_processes,
        "other_sources_w": done.others,
        "peak": _peak(found),
        "aliasing": _aliasing(done, counter, seen),
    }
    if done.idle_s < IDLE_S:
        facts["idle_note"] = f"idle was watched for {done.idle_s:.2g} s on either side, {IDLE_S:g} s are asked for"
    return {name: value for name, value in facts.items() if value not in (None, [], {})}


def _peak(found: Opened) -> dict[str, Any] | None:
    """The highest instantaneous reading, and how often a new one came; only where a source tells power."""
    for counter in found.counters:
        if counter.readings:
            return {"watts": max(counter.readings), "source": counter.name, "update_s": counter.update_s}
    return None


def _aliasing(done: Collected, counter: Counter, seen: EnergySeen) -> dict[str, Any] | None:
    """How far a load in step with a part-time sensor could have deceived it, at worst."""
    if not counter.part_time:
        return None
    low_w = min((watts for watts in done.idle_w if watts is not None), default=0.0)
    high_w = counter.limit_w or max(counter.readings, default=None)
    if high_w is None:
        return {"step_s": done.step_s, "phases": done.phases, "bound": None}
    bound = aliasing_bound(done.step_s, seen.mean_w, low_w, high_w, done.phases)
    return {"step_s": done.step_s, "phases": done.phases, "bound": bound}
