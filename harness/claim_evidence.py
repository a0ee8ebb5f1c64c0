"""What of ours a claim may be held against: the scores and speeds of records, and the counted cost of networks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any

import msgspec

from harness.claim import Claim
from harness.claim_metrics import COST_METRICS, SPEED_METRICS
from harness.claim_totals import related
from harness.claims import NARROW, Evidence, Found, same_unit
from harness.manifest import Manifest
from harness.printed import PERCENT, multiplier, read_printed
from harness.record import Cost, Metric, Record
from harness.summary import headline_span

UNIDENTIFIED = "the weights of our record are not known to be the authors'"
UNSTATED = "the source states no protocol"
DEFAULT_VIEWS: Mapping[str, str] = {
    "parameters": "parameters",
    "operations": "macs",
    "multiplications": "mul",
    "additions": "add",
    "bops": "bops",
    "size_bits": "deployed_bits",
}
"""The convention of a claim about cost that states none."""


def standing(records: Iterable[Record]) -> list[Record]:
    """Results that nothing withdrew or superseded, the newest first."""
    found = list(records)
    owners = {record.id: record.submission.name for record in found}
    gone = {
        target
        for record in found
        for target in (*record.supersedes, *record.withdraws)
        if owners.get(target) == record.submission.name and target != record.id
    }
    return sorted((r for r in found if r.kind == "result" and r.id not in gone), key=_age, reverse=True)


def _age(record: Record) -> tuple[float, str]:
    """When a run ended is free text of its submitter: what is no date counts as oldest of all."""
    try:
        moment = datetime.fromisoformat(record.run.finished)
    except ValueError:
        return -inf, record.id
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), record.id


def scores(claim: Claim, records: Sequence[Record], manifest: Manifest | None = None) -> Found:
    """Every metric of that name in the records of that task; what is wrong with other records is said."""
    evidence: list[Evidence] = []
    hindered: list[str] = []
    for record in records:
        if record.task.id != claim.task:
            continue
        obstacle = _obstacle(claim, record, manifest)
        metrics = [metric for metric in record.metrics if metric.name == claim.metric]
        if obstacle or not metrics:
            hindered.append(obstacle or f"the record has no {claim.metric}")
            continue
        for metric in metrics:
            made = _score(claim, record, metric, manifest)
            if isinstance(made, str):
                hindered.append(made)
            else:
                evidence.append(made)
    return Found(evidence=evidence, hindered=hindered)


def _score(claim: Claim, record: Record, metric: Metric, manifest: Manifest | None) -> Evidence | str:
    if metric.value is None:
        return metric.reason or "there is no value"
    if not same_unit(claim, metric.unit):
        return f"the claim is in {claim.unit}, the record in {metric.unit or 'no unit'}"
    stated = record.task.protocol if claim.protocol == "unstated" else claim.protocol
    differing = [f"the protocol {metric.protocol}"] if metric.protocol != stated else []
    if dict(claim.settings) != dict(record.settings):
        differing.append(f"the settings {settings_text(record.settings)}")
    doubts = [UNSTATED] if claim.protocol == "unstated" else []
    doubts += [] if _identified(claim, record, manifest) else [UNIDENTIFIED]
    doubts += [claim.inferred] if claim.inferred else []
    value, interval = metric.value, metric.interval
    bounds = (interval.low, interval.high) if interval else None
    unit = metric.unit
    if claim.relation == "error":
        whole = 100.0 if unit in PERCENT else 1.0
        value, bounds = whole - value, (whole - bounds[1], whole - bounds[0]) if bounds else None
    return Evidence(
        value=value, unit=unit, where=metric.protocol, differs=" and ".join(differing), doubt="; ".join(doubts),
        interval=bounds, record=record, metric=metric,
    )  # fmt: skip


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings in words; ``default`` where all are."""
    return ", ".join(f"{key} = {value}" for key, value in sorted(settings.items())) or "that are the default"


def _identified(claim: Claim, record: Record, manifest: Manifest | None) -> bool:
    """Whether the record's weights are those that the claim is about, as far as that can be known."""
    weights = record.submission.weights
    if weights.kind in ("none", "published"):
        return True
    known = [v.weights.sha256 for v in manifest.variants if v.name == claim.variant] if manifest else []
    return bool(known and known[0]) and weights.sha256 == known[0]


def _obstacle(claim: Claim, record: Record, manifest: Manifest | None) -> str:
    """Why a record says nothing about a claim, the weightiest reason first; empty where it does."""
    task, part = record.task, record.submission
    origin = "the generated sample" if task.origin == "sample" else "the user’s own data"
    obstacles = (
        (claim.submission not in ("", part.name), f"the claim is about {claim.submission}"),
        (claim.split not in ("", task.split), f"the claim is about {claim.split}, the record about {task.split}"),
        (task.origin != "official", f"the record is of {origin}"),
        (task.limit is not None, "the record is of a part of the samples"),
        (part.weights.kind == "random", "the record is of random weights"),
        (any(flag.scope == "score" for flag in record.flags), "the record is flagged, and not ranked"),
        (
            claim.variant not in ("", part.variant),
            f"the claim is about the variant {claim.variant}, the record about {part.variant or 'no named one'}",
        ),
        (bool(claim.method and not claim.variant), f"the claim is about {claim.method}, which is no variant here"),
    )
    return next((text for hindered, text in obstacles if hindered), "") or _other_option(claim, record, manifest)


def _other_option(claim: Claim, record: Record, manifest: Manifest | None) -> str:
    """An option that the claim's network has otherwise; those that decide a setting are compared as settings."""
    expected = dict(claim.options)
    if manifest is not None and claim.variant and record.submission.options:
        expected = options_of(manifest, claim.variant, claim.options)
    decides = {name for name, option in (manifest.options if manifest else {}).items() if option.setting}
    for name, value in expected.items():
        # A record may be older than an option; it says nothing about one that only the manifest knows.
        ours = record.submission.options.get(name, None if name in claim.options else value)
        if name not in decides and ours != value:
            return f"the record's option {name} is {ours}, the claim's {value}"
    return ""


def options_of(manifest: Manifest, variant: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a variant: the manifest's defaults, the variant's, then `options`."""
    chosen = {name: option.default for name, option in manifest.options.items()}
    return {**chosen, **manifest.variant(variant).options, **options}


def recorded(claim: Claim, records: Sequence[Record], manifest: Manifest | None = None) -> Found:
    """What records alone say about a claim, its baseline's records among them.

    What papers report is no evidence, least of all for themselves; nor is what a second party disputes.
    """
    made = [record for record in records if record.provenance not in ("reported", "disputed")]
    found = _recorded(claim, made, manifest)
    if not is_relative(claim):
        return found
    return related(claim, found, _recorded(baseline(claim), made, manifest), manifest)


def _recorded(claim: Claim, records: Sequence[Record], manifest: Manifest | None) -> Found:
    if claim.metric in COST_METRICS:
        return recorded_costs(claim, records, manifest)
    if claim.metric in SPEED_METRICS:
        return speeds(claim, records)
    return scores(claim, records, manifest)


def is_relative(claim: Claim) -> bool:
    """Whether the number follows from two values."""
    return claim.relation not in ("", "error")


def baseline(claim: Claim) -> Claim:
    """What a relation is counted from, as if it were claimed itself."""
    return msgspec.structs.replace(
        claim,
        variant=claim.relative_to,
        options=claim.relative_options,
        method="" if claim.relative_to else claim.baseline,
        convention=claim.relative_convention or claim.convention,
    )


def recorded_costs(claim: Claim, records: Sequence[Record], manifest: Manifest | None = None) -> Found:
    """What was counted for the claim's network in the newest run of it."""
    for record in records:
        cost = record.measurements.cost
        same = _is_of(claim, record) and not _other_option(claim, record, manifest)
        # How many operations there are depends on the size of the input, which a task decides.
        on = claim.task == record.task.id or claim.metric in ("parameters", "size_bits")
        if cost is not None and same and on and not (claim.method and not claim.variant):
            return costs(claim, cost, record)
    return Found()


def _is_of(claim: Claim, record: Record) -> bool:
    """Whether a record is of the very variant that a claim names."""
    part = record.submission
    return claim.variant == part.variant and claim.submission in ("", part.name)


def costs(claim: Claim, cost: Cost, record: Record | None = None) -> Found:
    """What was counted for the claim's metric, under every convention there is."""
    wanted = claim.convention or DEFAULT_VIEWS[claim.metric]
    views = _views(claim.metric, cost)
    complete = cost.complete or claim.metric == "parameters"
    doubts = (claim.inferred, "" if complete else "our count is a lower bound", _between(claim, views))
    doubt = "; ".join(filter(None, doubts))
    evidence = []
    for name, value in views.items():
        if value is not None:
            differs = "" if name == wanted else f"the convention {name}"
            evidence.append(
                Evidence(value=value, unit="count", where=name, differs=differs, doubt=doubt, record=record)
            )
    return Found(evidence=evidence, hindered=() if evidence else (cost.reason or "nothing was counted",))


TOOLS = ("macs", "macs_of_layers", "thop_0.0.31", "thop_0.1.1")
"""Conventions that differ in what they count beside the layers: other tools count some of it, and lie between them."""


def _between(claim: Claim, views: Mapping[str, float | None]) -> str:
    """Why a number of operations whose source states no convention may be right under one that is not named here."""
    printed = read_printed(claim.value)
    counts = {name: value for name in TOOLS if (value := views.get(name)) is not None}
    if claim.metric != "operations" or claim.convention or is_relative(claim) or printed is None or not counts:
        return ""
    low, high = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if not counts[low] < float(printed.low) * multiplier(claim.unit) < counts[high]:
        return ""
    return f"the source states no convention, and its number lies between what {low} and {high} give"


def _views(metric: str, cost: Cost) -> dict[str, float | None]:
    params = {name: value for name, value in cost.views.items() if "params" in name}
    if metric == "parameters":
        return {"parameters": cost.parameters, "deployed": cost.parameters_deployed, **params}
    if metric == "size_bits":
        sizes = {name: float(bits) for name, bits in cost.sizes.items() if name != "buffer_bits"}
        return {**sizes, **{name: value for name, value in cost.views.items() if name.endswith("_bits")}}
    if metric != "operations":
        return {DEFAULT_VIEWS[metric]: cost.views.get(DEFAULT_VIEWS[metric])}
    aside = {*params, *DEFAULT_VIEWS.values()} - {"macs"}
    rest = {name: value for name, value in cost.views.items() if name not in aside and not name.endswith("_bits")}
    # What one paper counts goes after what tools count, where both give a printed number.
    last = {name: rest.pop(name) for name in NARROW if name in rest}
    return {"macs": cost.macs, **rest, **last}


def speeds(claim: Claim, records: Sequence[Record]) -> Found:
    """Stable latencies and throughputs at batch 1; on the machine that the source names, or on another, which is said."""
    evidence = []
    for record in records:
        other = not _is_of(claim, record) if claim.variant else bool(claim.method)
        if other or claim.task != record.task.id:
            continue
        host = record.host.title if record.host else "an unknown machine"
        same = bool(claim.hardware) and claim.hardware.lower() in host.lower()
        for value, what in _speed(claim.metric, record):
            differs = "" if same else f"{what} on {host}"
            doubt = "what the source timed is not known to be the same"
            evidence.append(
                Evidence(
                    value=value, unit=SPEED_UNITS[claim.metric], where=what, differs=differs, doubt=doubt, record=record
                )
            )
    return Found(evidence=evidence)


SPEED_UNITS = dict(zip(SPEED_METRICS, ("ms", "1/s", "J", "W"), strict=True))


def _speed(metric: str, record: Record) -> list[tuple[float, str]]:
    measured = record.measurements
    if metric == "latency_ms":
        timings = [timing for timing in measured.latency if timing.batch_size == 1 and timing.verdict == "stable"]
        spans = [span for timing in timings if (span := headline_span(timing))]
        return [(span.p50.value, f"p50 of {span.name}") for span in spans if span.p50.value is not None]
    if metric == "throughput_per_s":
        rates = [(item.value, "throughput") for item in measured.throughput if item.batch_size == 1]
        seen = [(item.value, item.name) for item in measured.observed if item.name.endswith("per_s")]
        return [(value, what) for value, what in [*rates, *seen] if value is not None]
    name = "energy_j" if metric == "energy_j" else "power_w"
    values = [getattr(energy, name) for energy in measured.energy if energy.verdict == "stable"]
    return [(value, name) for value in values if value is not None]
