"""What is missing where a claim cannot be settled: exactly one thing, and the command that settles the claim without it."""

import shlex
from collections.abc import Collection
from typing import Any

from harness.claim import Blocker, Claim
from harness.claim_metrics import COST, COST_METRICS, SPEED_METRICS
from harness.manifest import Manifest, Variant
from harness.other_tasks import OTHER_TASKS

SEARCH = "search-cost"
"""The task of claims about searches; no network settles these."""


def is_cost(claim: Claim) -> bool:
    """Whether a claim is about the network alone."""
    return claim.task == COST or claim.metric in COST_METRICS


def blocker_of(
    claim: Claim, manifest: Manifest, tasks: Collection[str], uncounted: str = "", owner: Manifest | None = None
) -> Blocker:
    """The manifest's word on it, else what follows from the claim.

    `tasks` are the ids of installed tasks; `uncounted` says why a network of this project could not be counted;
    `owner` is the submission that the claim names, where that is not the manifest's.
    """
    found = _missing(claim, manifest, tasks, uncounted, owner or manifest)
    command = found.command or _command(claim, manifest.name, found.missing, owner or manifest)
    return Blocker(missing=found.missing, text=found.text, command=command)


def _missing(claim: Claim, manifest: Manifest, tasks: Collection[str], uncounted: str, owner: Manifest) -> Blocker:
    name = claim.blocker or manifest.blocker
    stated = manifest.blockers[name] if name else None
    if stated is not None and not _beside(stated, claim):
        return stated
    return _follows(claim, owner, tasks, uncounted)


def _beside(stated: Blocker, claim: Claim) -> bool:
    """Whether a claim does not wait for what its row lacks: a search for no network, a count for no weights."""
    if claim.task == SEARCH and claim.task in OTHER_TASKS:
        return stated.missing in ("implementation", "architecture", "weights")
    return stated.missing == "weights" and bool(claim.variant) and is_cost(claim)


def _follows(claim: Claim, manifest: Manifest, tasks: Collection[str], uncounted: str) -> Blocker:
    variant = next((item for item in manifest.variants if item.name == claim.variant), None)
    if claim.task not in tasks and claim.task != COST:
        title = OTHER_TASKS.get(claim.task, claim.task)
        return Blocker(missing="adapter", text=f"no adapter yet: {title} ({claim.task})")
    needs_baseline = claim.relation not in ("", "error")
    if needs_baseline and not claim.relative_to:
        return Blocker(missing="baseline", text=f"it is counted from {claim.baseline}, which is no variant here")
    if variant is None and (claim.method or not manifest.entry):
        return _no_network(claim, manifest)
    if is_cost(claim):
        return Blocker(missing="count", text=uncounted or "it has not been counted yet")
    if claim.metric in SPEED_METRICS:
        machine = claim.hardware or "the machine, which the source does not name"
        return Blocker(missing="hardware", text=f"it is about {machine}")
    return _no_record(claim, manifest, variant)


def _no_network(claim: Claim, manifest: Manifest) -> Blocker:
    about = claim.method or manifest.name
    if manifest.code.architecture == "not published" and not claim.method:
        return Blocker(missing="architecture", text=f"the architecture of {manifest.name} was never published")
    return Blocker(missing="implementation", text=f"{about} is no network of this project")


def _no_record(claim: Claim, manifest: Manifest, variant: Variant | None) -> Blocker:
    place = variant.weights.published if variant else ""
    known = bool(place or (variant and variant.weights.file) or manifest.code.weights_published)
    if not manifest.entry:
        return Blocker(missing="implementation", text=f"{manifest.name} has no code here that runs")
    if not known:
        return Blocker(missing="weights", text="its weights are not published, as far as is known here")
    return Blocker(missing="data", text=f"no record on the official data of {claim.task} yet")


def _command(claim: Claim, paper: str, missing: str, manifest: Manifest) -> str:
    """What settles the claim of `paper`, about a network of `manifest`, once the missing thing is there; empty where no
    command of this project can."""
    if missing == "private labels":
        return ""
    if is_cost(claim) and claim.variant:
        return f"harness paper {paper} --cost"
    if missing == "adapter" or claim.task in OTHER_TASKS:
        return "harness new task " + (
            claim.task if claim.task in OTHER_TASKS else f"{claim.task}-{claim.metric.lower()}"
        )
    if is_cost(claim):
        return "harness cost --submission FOLDER"
    words = ["--task", claim.task]
    for flag, value in (("--split", claim.split), ("--protocol", _stated(claim.protocol))):
        words += [flag, value] if value else []
    if claim.variant and manifest.entry:
        return _line("eval", words, claim, manifest, ["--data", "DIR", "--weights", "FILE"])
    if claim.variant:
        return _line("score", words, claim, manifest, ["--data", "DIR", "RESULTS"])
    return shlex.join(["harness", "score", *words, "--data", "DIR", "RESULTS"])


def _stated(protocol: str) -> str:
    return "" if protocol == "unstated" else protocol


def _line(verb: str, words: list[str], claim: Claim, manifest: Manifest, last: list[str]) -> str:
    chosen: dict[str, Any] = dict(claim.options) if verb == "eval" else {}
    options = [word for name, value in chosen.items() for word in ("--set", f"{name}={_text(value)}")]
    named = ["--submission", manifest.name, "--variant", claim.variant]
    return shlex.join(["harness", verb, *words, *named, *options, *last])


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
