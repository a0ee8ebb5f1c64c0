"""From what a run found to its record."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.errors import SubmissionError
from harness.manifest import Claim
from harness.ownership import owner, unnamed_variant
from harness.record import (
    SCHEMA,
    Artifact,
    Flag,
    Host,
    Measurements,
    Record,
    Run,
    SubmissionPart,
    Submitter,
    TaskPart,
    Weights,
    with_id,
)
from harness.scoring import Scored
from harness.settings import known
from harness.submission import Submission
from harness.task import Predictions

if TYPE_CHECKING:
    from harness.plan import Phases, Plan

RANDOM_WEIGHTS = "random weights"
"""Why a run that is timed has no scores."""
PACKAGES = ("numpy", "torch", "torchvision", "pillow", "pycocotools")


def build_record(
    plan: "Plan", scored: Scored, predictions: Predictions, phases: "Phases", *, folder: Path,
    measurements: Measurements | None = None, resumed: int = 0, inputs: str = "",
) -> Record:  # fmt: skip
    """The record of a run, under the id of its content; artifacts are written before it."""
    home, live = plan.home, plan.submission is not None
    notes = (
        plan.task.notes(plan.submission, plan.dataset) if plan.submission is not None else unnamed_variant(plan.options)
    )
    artifacts = [
        Artifact(kind="predictions", path=str(folder.relative_to(home.path)), digest=predictions.table.digest())
    ]
    if scored.statistics is not None:
        artifacts.append(home.write_statistics(scored.statistics.table))
    if scored.replicates:
        artifacts.append(home.write_replicates(scored.replicates))
    if any(scored.curves.values()):
        artifacts.append(home.write_curves(scored.curves))
    record = Record(
        schema=SCHEMA,
        id="",
        provenance="measured" if live else "scored",
        task=task_part(plan, scored, inputs),
        submission=live_part(plan) if live else file_part(plan, predictions),
        settings=settings(plan),
        metrics=scored.metrics,
        tables=scored.tables,
        measurements=measurements or Measurements(reason="a predictions file was scored; no model ran"),
        host=host(plan.submission) if plan.submission is not None else None,
        run=_run_part(plan, phases, resumed),
        artifacts=artifacts,
        flags=flags(plan, scored, predictions),
        warnings=[*notes, *scored.warnings],
        submitter=Submitter(name=plan.options.submitter, team=plan.options.team),
        seed_group=plan.options.seed_group,
        supersedes=[plan.options.supersedes] if plan.options.supersedes else [],
    )
    return with_id(record)


def task_part(plan: "Plan", scored: Scored, inputs: str) -> TaskPart:
    """The benchmark and how it was scored."""
    meta, dataset = plan.task.meta, plan.dataset
    origin = "sample" if plan.source.sample else "custom" if dataset.custom else "official"
    protocol = meta.protocol(plan.scoring.protocol)
    return TaskPart(
        id=meta.id, version=meta.version, title=meta.title, family=meta.family, code_digest=plan.task.code_digest(),
        protocol=protocol.id, split="custom" if origin == "custom" else dataset.split,
        main_metric=protocol.main_metric or meta.main_metric, origin=origin,  # type: ignore[arg-type]
        unit=meta.unit, samples=len(dataset.ids), data_digest=plan.digest, limit=plan.options.limit, input_digest=inputs,
        evaluator=scored.evaluator, notice=meta.notice, hidden=meta.hidden, private_labels=meta.private_labels,
        facts={key: value for key, value in dataset.facts.items() if isinstance(value, str | int | float | bool)},
    )  # fmt: skip


def live_part(plan: "Plan") -> SubmissionPart:
    """What a loaded submission says of itself."""
    submission = plan.submission
    assert submission is not None
    manifest = submission.manifest
    return SubmissionPart(
        name=submission.name, title=manifest.title if manifest else "", variant=submission.variant,
        arxiv=manifest.paper.arxiv if manifest and manifest.paper else "", options=dict(submission.options),
        code_digest=submission.code_digest, manifest_digest=submission.manifest_digest,
        weights=Weights(kind=submission.checkpoint.kind, sha256=submission.checkpoint.sha256, name=submission.checkpoint.name),  # type: ignore[arg-type]
        trained_on=submission.trained_on, emulated=submission.emulated,
        claims=claims(plan, manifest.claims if manifest else []),
    )  # fmt: skip


def file_part(plan: "Plan", predictions: Predictions) -> SubmissionPart:
    """Whose predictions a file holds: ``--submission``, else the file's stem and the digest of its content."""
    path = plan.options.predictions
    assert path is not None
    named = str(plan.options.submission or "")
    if not named:
        stem = path.name.split(".")[0]
        return SubmissionPart(name=f"{stem}-{predictions.table.digest()[:8]}", claims=claims(plan, []))
    manifest, variant = owner(plan.options)
    if manifest is None:
        return SubmissionPart(name=named, claims=claims(plan, []))
    return SubmissionPart(
        name=manifest.name, title=manifest.title, variant=variant.name if variant else "",
        arxiv=manifest.paper.arxiv if manifest.paper else "", trained_on=variant.trained_on if variant else "",
        emulated=variant.emulated if variant else "", claims=claims(plan, manifest.claims),
    )  # fmt: skip


def check_stated(plan: "Plan") -> None:
    """Raise what would otherwise come to light only after hours: claims that cannot be read, settings unknown."""
    from harness.own_claims import read_table

    settings(plan)
    if plan.options.claims is not None:
        read_table(plan.options.claims)


def claims(plan: "Plan", stated: list[Claim]) -> list[dict[str, Any]]:
    """The claims to compare with: the manifest's that concern this task, and those of ``--claims``."""
    import msgspec

    from harness.own_claims import read_table

    found = [claim for claim in stated if claim.task == plan.task.meta.id]
    if plan.options.claims is not None:
        found += read_table(plan.options.claims).claims
    return [msgspec.to_builtins(claim) for claim in found]


def settings(plan: "Plan") -> dict[str, Any]:
    """What splits a comparison: settings of run and submission that are compared and not at their default."""
    specs = known(plan.task.meta.settings)
    chosen = dict(plan.scoring.settings)
    if plan.submission is not None:
        chosen |= dict(plan.submission.settings)
        chosen |= {"precision": plan.submission.dtype, "emulated": plan.submission.emulated}
    unknown = sorted(set(chosen) - set(specs))
    if unknown:
        raise SubmissionError(
            f"the submission declares the setting '{unknown[0]}'; known are: {', '.join(sorted(specs))}"
        )
    return {
        name: value for name, value in sorted(chosen.items()) if specs[name].compared and value != specs[name].default
    }


def flags(plan: "Plan", scored: Scored, predictions: Predictions) -> list[Flag]:
    """Why the result is not ranked."""
    of_scores = scored.statistics.flags if scored.statistics is not None else ()
    found = [Flag(code=f.code, text=f.text, scope=f.scope) for f in (*predictions.flags, *of_scores)]
    if plan.options.limit is not None:
        found.append(Flag(code="limit", text=f"only the first {len(plan.dataset.ids)} samples were taken"))
    submission = plan.submission
    if submission is not None and submission.checkpoint.kind == "random":
        found.append(Flag(code="random-weights", text=RANDOM_WEIGHTS))
    if submission is not None and submission.emulated:
        text = f"{submission.emulated} arithmetic is emulated in floating point, so its speed is not the method's"
        found += [Flag(code="emulated", text=text, scope=scope) for scope in ("speed", "energy")]
    return found


def host(submission: Submission) -> Host:
    """The machine that runs it."""
    from harness.measure import describe_host

    return describe_host(submission.device)


def versions(packages: Sequence[str] = ()) -> dict[str, str]:
    """Versions of what can change a digit: the engine's packages and those that a submission names."""
    found = {"harness": __version__, "python": platform.python_version()}
    for package in dict.fromkeys((*PACKAGES, *packages)):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def required(submission: Submission | None) -> list[str]:
    """The packages that a submission's manifest names."""
    return submission.manifest.requires if submission is not None and submission.manifest is not None else []


def _run_part(plan: "Plan", phases: "Phases", resumed: int) -> Run:
    from harness.options import stated
    from harness.plan import command_line

    submission = plan.submission
    return Run(
        started=phases.started, finished=datetime.now(UTC).isoformat(timespec="seconds"), command=command_line(),
        options=stated(plan.options), versions=versions(required(submission)), seed=plan.options.seed,
        phases=dict(phases.seconds),
        device=submission.device if submission else "", dtype=submission.dtype if submission else "",
        batch_size=submission.batch_size if submission else 0, resumed_samples=resumed,
    )  # fmt: skip
