"""Records of what the installed papers claim on tasks of this project: `reported`, never ranked."""

from collections.abc import Iterator
from itertools import groupby

import msgspec

from harness.claim import Claim
from harness.claims import POINTS
from harness.manifest import Manifest
from harness.printed import multiplier, read_printed
from harness.record import SCHEMA, Metric, Record, Source, SubmissionPart, TaskPart, with_id
from harness.registry import find_task, task_names
from harness.task import Task

NO_INTERVAL = "no interval: the paper states the number alone"


def reported(manifest: Manifest) -> Iterator[Record]:
    """The paper's own results on tasks of this project, one record for what it says of one method under one setting."""
    tasks = set(task_names())
    stated = [c for c in manifest.claims if c.task in tasks and not c.relation and not c.qualifier and c.verified]
    stated.sort(key=_about)
    for about, claims in groupby(stated, key=_about):
        record = _reported(manifest, find_task(about[0]), list(claims))
        if record is not None:
            yield record


def _about(claim: Claim) -> tuple[str, ...]:
    settings = msgspec.json.encode([claim.settings, claim.options], order="sorted").decode()
    method = claim.variant or claim.method or claim.row
    return claim.task, claim.split, claim.protocol, method, claim.row, claim.table, claim.setting, settings


def _reported(manifest: Manifest, task: Task, claims: list[Claim]) -> Record | None:
    found = {claim.metric: metric for claim in claims if (metric := _metric(task, claim)) is not None}
    first, paper = claims[0], manifest.paper
    if task.meta.main_metric not in found:
        return None
    note = "; ".join(filter(None, [first.row and f"row {first.row}", first.setting]))
    return with_id(
        Record(
            schema=SCHEMA,
            id="",
            provenance="reported",
            task=TaskPart(
                id=task.meta.id,
                version=task.meta.version,
                title=task.meta.title,
                family=task.meta.family,
                protocol=first.protocol,
                split=first.split or "unstated",
                main_metric=task.meta.main_metric,
                origin="official",
                unit=task.meta.unit,
                samples=0,
                data_digest="",
                hidden=task.meta.hidden,
            ),
            submission=SubmissionPart(
                name=manifest.name,
                title=manifest.title,
                variant=first.variant or first.method or first.row,
                arxiv=paper.arxiv if paper else "",
                options=dict(first.options),
            ),
            settings=dict(first.settings),
            metrics=list(found.values()),
            source=Source(
                paper=paper.title if paper else "", arxiv=paper.arxiv if paper else "", place=first.source, url=""
            ),
            facts={"said": note} if note else {},
        )
    )


def _metric(task: Task, claim: Claim) -> Metric | None:
    """The printed number in the unit of the task's metric; None for a range or a metric that the task does not have."""
    spec = next((item for item in task.meta.metrics if item.name == claim.metric), None)
    printed = read_printed(claim.value)
    if spec is None or printed is None or printed.low != printed.high:
        return None
    value = float(printed.low) * multiplier(claim.unit)
    if claim.unit in POINTS and spec.unit not in ("%", "points"):
        value /= 100
    return Metric(
        name=spec.name, protocol=claim.protocol, value=value, interval=None, n=0, reason=NO_INTERVAL, unit=spec.unit,
        higher_is_better=spec.higher_is_better, decimals=spec.decimals,
    )  # fmt: skip
