"""Homes with records for the tests: scores are computed from simulated answers, replicates from the project's resamples.

The systems and hosts are made up and say so; every number is computed from its own simulated answers.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.curves import Curve
from harness.record import (
    SCHEMA,
    Artifact,
    Cost,
    DetailTable,
    Energy,
    Evaluator,
    Host,
    Interval,
    Measurements,
    Metric,
    Quantile,
    Record,
    Run,
    Span,
    SubmissionPart,
    Submitter,
    TaskPart,
    Throughput,
    Timing,
    Verification,
    Weights,
    with_id,
)
from harness.statistics import interval, resample_weights
from harness.store import Home

UNITS = 400
DIGEST = hashlib.sha256(b"four hundred simulated questions").hexdigest()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def answers(name: str, skill: float, units: int = UNITS) -> NDArray[np.float64]:
    """Right (1) or wrong (0) on every unit; units differ in difficulty, so that systems are correlated."""
    difficulty = np.random.default_rng(7).normal(size=units)
    seed = int(digest(name)[:8], 16)
    noise = np.random.default_rng(seed).normal(size=units) * 0.6
    return (skill + noise > difficulty).astype(np.float64)


def scored(
    name: str, skill: float, data: str, protocol: str, units: int
) -> tuple[list[Metric], dict[str, NDArray[np.float64]]]:
    right = answers(name, skill, units)
    weights = resample_weights(data, units)
    replicates = {
        f"{protocol}/top1": weights @ right / units,
        f"{protocol}/top1_error": 1 - weights @ right / units,
    }
    values = {"top1": float(right.mean()), "top1_error": 1 - float(right.mean())}
    metrics = []
    for metric, value in values.items():
        found = interval(value, replicates[f"{protocol}/{metric}"]) if units >= 20 else None
        bounds = (
            Interval(low=found.low, high=found.high, level=0.95, method=f"{found.method}, 1000 resamples of the images")
            if found
            else None
        )
        reason = "" if found else f"no interval: {units} images are fewer than 20"
        better = metric == "top1"
        metrics.append(
            Metric(
                name=metric,
                protocol=protocol,
                value=value,
                interval=bounds,
                n=units,
                reason=reason,
                higher_is_better=better,
            )
        )
    return metrics, replicates if units >= 20 else {}


def host(number: int = 1) -> Host:
    return Host(
        host_id=digest(f"host {number}")[:16],
        title=f"simulated host {number}, 2 cores",
        facts={"cores": 2, "memory": {"gib": 8}},
    )


def timing(milliseconds: float, *, stable: bool = True) -> Timing:
    spans = [
        Span(
            name=name,
            n=320,
            blocks=20,
            mean=factor * milliseconds,
            min=0.9 * factor * milliseconds,
            p50=Quantile(
                value=factor * milliseconds, low=0.97 * factor * milliseconds, high=1.04 * factor * milliseconds
            ),
            p90=Quantile(value=1.2 * factor * milliseconds, reason="no interval: 20 of 60 blocks"),
            p99=Quantile(value=None, reason="320 of 662 samples"),
        )
        for name, factor in (("prepare", 0.2), ("forward", 1.0), ("finish", 0.1), ("end_to_end", 1.35))
    ]
    reasons = (
        []
        if stable
        else ["threads waited for a CPU for 4.1 % of the measured time", "block medians rose by 9 % over the run"]
    )
    return Timing(
        verdict="stable" if stable else "unstable",
        reasons=reasons,
        batch_size=1,
        spans=spans,
        first_inference_ms=3.1 * milliseconds,
    )


def measurements(milliseconds: float, *, stable: bool = True) -> Measurements:
    found = timing(milliseconds, stable=stable)
    return Measurements(
        latency=[found],
        throughput=[Throughput(value=1000 / (1.35 * milliseconds), verdict=found.verdict, reasons=found.reasons)],
        energy=[
            Energy(
                verdict="not measured",
                energy_j=None,
                power_w=None,
                reason="no source: NVML is not installed and RAPL is not readable here",
                tried=["NVML: no library", "RAPL: /sys/class/powercap is empty"],
                how_to_enable="run on a machine whose RAPL counters are readable",
            )
        ],
        cost=Cost(
            parameters=int(1e6 * milliseconds),
            macs=int(3e8 * milliseconds),
            complete=stable,
            input="1x3x224x224",
            uncounted=[] if stable else ["sort"],
        ),
        peak_memory_bytes=512 * 2**20,
    )


def record(
    home: Home, name: str, skill: float, *, latency: float | None = None, stable: bool = True, **changes: Any
) -> Record:
    """Write a record of the simulated system `name`; `changes` are fields, `task__split` reaches into a part."""
    data, protocol, units = changes.pop("data", DIGEST), changes.pop("protocol", "top1"), changes.pop("units", UNITS)
    metrics, replicates = scored(name, skill, data, protocol, units)
    curves = changes.pop("curves", {})
    table = Table(tuple(map(str, range(units))), {"right": answers(name, skill, units)})
    artifacts = [
        Artifact(kind="predictions", path=f"predictions/{digest(name)[:32]}", digest=digest(name)),
        home.write_statistics(table),
    ]
    artifacts += [home.write_replicates(replicates)] if replicates else []
    artifacts += [home.write_curves(curves)] if curves else []
    made = Record(
        schema=SCHEMA,
        id="",
        provenance="measured" if latency else "scored",
        settings={},
        metrics=metrics,
        artifacts=artifacts,
        task=TaskPart(
            id="questions",
            version="1",
            title="Simulated questions",
            protocol=protocol,
            split="val",
            main_metric="top1",
            origin="official",
            unit="image",
            samples=units,
            data_digest=data,
            family="classification",
            evaluator=Evaluator(name="harness", version="0.1.0", agrees_with="the mean, on every record"),
        ),
        submission=SubmissionPart(
            name=name,
            title=f"{name}, a simulated system",
            variant="base",
            arxiv="1904.08189",
            options={"width": 64},
            weights=Weights(kind="file", sha256=digest(name + " weights"), name=f"{name}.safetensors"),
            trained_on="nothing",
        ),
        measurements=measurements(latency, stable=stable)
        if latency
        else Measurements(reason="a predictions file was scored; no model ran"),
        host=host() if latency else None,
        tables=[
            DetailTable(
                name="halves", title="By half", columns=["half", "top1"], rows=[["first", 0.5], ["second", None]]
            )
        ],
        run=Run(
            started="2026-03-01T10:00:00+00:00",
            finished="2026-03-01T10:05:00+00:00",
            command=["harness", "eval", "--task", "questions"],
            versions={"harness": "0.1.0"},
            device="cpu" if latency else "",
            dtype="float32",
            batch_size=1,
            phases={"predict": 3.2},
        ),
        submitter=Submitter(name="A. Tester", team="Tests"),
    )
    made = with_id(change(made, changes))
    if made.provenance in ("verified", "disputed") and not made.verifications:
        equal = made.provenance == "verified"
        told = Verification(when="2026-04-01", by="B. Second", equal=equal, differences=[], versions={})
        made = msgspec.structs.replace(made, verifications=[told])
    home.write_record(made)
    return made


def rising(name: str, count: int, points: int, group: str = "Coverage") -> list[Curve]:
    """Risk over coverage of a simulated system's answers on as many shuffled halves of the questions as asked for."""
    right = answers(name, 0.8, 2 * points)
    made = []
    for index in range(count):
        half = np.random.default_rng(index).permutation(2 * points)[:points]
        size = np.arange(1, points + 1, dtype=np.float64)
        risk = 1 - np.cumsum(right[half]) / size
        made.append(
            Curve(
                name=f"half{index}", title=f"half {index}", x_label="coverage", y_label="risk", x=size / points, y=risk,
                group=group,
            )
        )  # fmt: skip
    return made


def many(base: Metric, count: int) -> list[Metric]:
    """The metric and as many minor ones beside it."""
    return [base, *[msgspec.structs.replace(base, name=f"top1_part{index}", minor=True) for index in range(count)]]


def change(made: Any, changes: dict[str, Any]) -> Any:
    """`made` with fields replaced; ``part__field`` replaces a field of a part."""
    for key, value in changes.items():
        part, _, field = key.partition("__")
        made = msgspec.structs.replace(made, **{part: change(getattr(made, part), {field: value}) if field else value})
    return made


CLAIM = {
    "task": "questions",
    "metric": "top1",
    "source": "Table 2, row base",
    "split": "val",
    "protocol": "top1",
    "variant": "base",
}


def full_home(path: Path) -> Home:
    """A home with every kind of record: ranked, unstable, reported, partial, random, sample, custom, replaced, taken back."""
    home = Home(path)
    claims = [
        {**CLAIM, "value": "86.8", "unit": "%"},
        {**CLAIM, "value": "99.1", "unit": "%", "source": "Table 3", "verified": False},
        {**CLAIM, "value": "41.5", "unit": "%", "protocol": "unstated", "metric": "top5", "source": "abstract"},
        {"task": "other", "metric": "AP", "value": "47.0", "unit": "%", "source": "abstract"},
    ]
    record(home, "alder", 1.20, latency=21.0, submission__claims=claims)
    record(home, "birch", 1.16, latency=8.4, curves={"top1": rising("birch", 3, 300)})
    record(home, "cedar", 0.70, latency=5.2, provenance="verified", curves={"top1": rising("cedar", 20, 60)})
    record(home, "damson", 0.10, latency=3.0, stable=False)
    record(home, "elm", 0.95)
    record(home, "fir", -0.40, latency=40.0, host=host(2))
    record(home, "gorse", 1.0, provenance="reported", measurements__reason="reported by a paper")
    record(home, "hazel", 0.4, provenance="disputed", latency=12.0)
    record(home, "ivy", 0.4, latency=6.0, metrics=[], submission__weights=Weights(kind="random"), artifacts=[])
    record(home, "alder", 1.20, latency=21.0, data=digest("part"), units=30, task__limit=30)
    record(
        home, "alder", 1.20, latency=20.0, data=digest("sample"), units=24, task__origin="sample", task__split="sample"
    )
    record(
        home,
        "birch",
        1.10,
        latency=9.0,
        data=digest("sample"),
        units=24,
        task__origin="sample",
        task__split="sample",
        stable=False,
    )
    record(home, "birch", 1.10, data=digest("own"), units=120, task__origin="custom", task__split="custom")
    record(
        home,
        "alder",
        1.1,
        data=digest("few"),
        units=5,
        task__id="five",
        task__title="Five pictures",
        task__family="super-resolution",
    )
    old = record(home, "juniper", 0.2, latency=7.0)
    record(home, "juniper", 0.3, latency=7.1, supersedes=[old.id], seed_group="juniper-seeds")
    gone = record(home, "kapok", 0.9)
    record(home, "kapok", 0.9, kind="withdrawal", withdraws=[gone.id], metrics=[], artifacts=[])
    record(home, "alder", 1.2, settings={"attack": "linf", "eps": "8/255"})
    return home
