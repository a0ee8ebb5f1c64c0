"""A home of honest results: `python benchmarks/leaderboard_home.py HOME [--shared DIR]`.

Three kinds of records, none of them made up: what the papers claim (`reported`, never ranked); runs of the weightless and the
trained sample variants on the generated samples (`measured` or `scored`, never ranked); and, where the folder of shared
data is named, results files and weights on real data. Running it again goes on from where it was.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from itertools import groupby, product
from pathlib import Path

import msgspec

from harness.claim import Claim
from harness.claims import POINTS
from harness.manifest import Manifest
from harness.papers import all_papers
from harness.printed import multiplier, read_printed
from harness.record import SCHEMA, Metric, Record, Source, SubmissionPart, TaskPart, with_id
from harness.registry import find_task, task_names
from harness.store import Home
from harness.task import Task

NO_INTERVAL = "no interval: the paper states the number alone"
SUPERRES = tuple(
    ("--task", task, "--submission", "bicubic", "--split", scale, "--protocol", protocol)
    for task, scale, protocol in product(
        ("set5", "set14", "b100", "urban100"), ("x2", "x3", "x4", "x8"), ("matlab-y", "y-rounded", "rgb")
    )
)
TRAINED = (
    *((f"set{count}", name, variant, f"x{scale}") for count in (5, 14) for name in ("imdn", "edsr-baseline")
      for variant, scale in (("sample", 4), ("sample-x3", 3), ("sample-x2", 2))),
    *(("set5", name, "sample", "x4") for name in ("carn", "vdsr", "pams")),
    *((task, name, "sample", "") for task in ("cifar10", "cifar10.1")
      for name in ("resnet-cifar", "filtersketch", "rbnn", "addernet", "resnet2b", "resnet4b", "p-darts")),
    *((task, name, "sample", "") for task in ("imagenet", "imagenet-v2", "imagenet-real")
      for name in ("ghostnet", "mobilenetv1")),
    *((task, name, "sample", "") for task in ("market1501", "cuhk03-np", "msmt17") for name in ("resnet50-reid", "cbn")),
    ("cifar100", "resnet-cifar", "sample100", ""),
    ("coco", "centernet", "sample", ""), ("tinyperson", "blobs", "person", ""), ("widerface", "blobs", "face", ""),
    ("fddb", "blobs", "face", ""), ("refcoco", "colour-words", "words", ""), ("refcoco+", "colour-words", "words", ""),
    ("refcocog", "colour-words", "words", ""), ("referit", "colour-words", "words", ""),
    *((task, "ncc", "", "") for task in (
        "otb100", "otb50", "otb2013", "vot2016", "vot2017", "vot2018", "vot2019", "uav123", "nfs", "lasot")),
)  # fmt: skip
"""Task, submission, variant, split of runs on the generated samples."""


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


def commands(shared: Path | None) -> list[tuple[str, ...]]:
    """What is run, each as the words after ``harness``."""
    quiet = ("--no-measure", "--no-log", "--no-page")
    found = [("eval", *words, *quiet) for words in SUPERRES]
    for task, name, variant, split in TRAINED:
        chosen = [*(("--variant", variant) if variant else ()), *(("--split", split) if split else ())]
        found.append(("eval", "--task", task, "--submission", name, *chosen, *quiet))
    return [*found, *(_on_shared(shared) if shared else [])]


def _on_shared(shared: Path) -> Iterator[tuple[str, ...]]:
    coco = shared / "data" / "coco"
    results, truth = coco / "instances_val2014_fakebbox100_results.json", coco / "instances_val2014_100.json"
    yield ("score", "--task", "coco", str(results), "--annotations", str(truth), "--split", "val2014", "--no-log")


def run(words: tuple[str, ...], home: Path) -> str:
    """Run one command in this process, which imports what it needs once; what it said where it failed, else nothing."""
    from harness.cli.main import main as harness

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = harness([*words, "--home", str(home)])
    return "" if status == 0 else f"{' '.join(words)}: {said.getvalue().strip()[-300:]}"


def main() -> None:
    """Write the home and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--shared", type=Path, default=os.environ.get("HARNESS_SHARED"), help="folder of real data")
    arguments = parser.parse_args()
    home = Home(arguments.home)
    for manifest in all_papers()[0]:
        for record in reported(manifest):
            home.write_record(record)
    shared = Path(arguments.shared) if arguments.shared else None
    failed = [said for words in commands(shared) if (said := run(words, home.path))]
    records = [record for _, record in home.records() if isinstance(record, Record)]
    sys.stdout.write("".join(f"failed: {text}\n" for text in failed))
    tasks = {record.task.id for record in records}
    sys.stdout.write(f"{len(records)} records on {len(tasks)} tasks in {home.path}\n")


if __name__ == "__main__":
    main()
