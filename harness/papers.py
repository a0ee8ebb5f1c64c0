"""The papers whose claims are followed: finding one by id or name, and every claim of it beside what is known here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from harness.claim import Claim
from harness.claim_blockers import blocker_of, is_cost
from harness.claim_evidence import baseline, costs, is_relative, recorded, standing
from harness.claim_totals import related
from harness.claims import Comparison, Found, judge
from harness.errors import SubmissionError, UsageError
from harness.manifest import Manifest
from harness.manifest_check import unknown
from harness.progress import Reporter
from harness.record import Cost, Record
from harness.registry import find_submission, find_task, nearest, readable, submission_names, task_names
from harness.store import Home


class CountOf(Protocol):
    """The cost of a variant with options, of another submission if one is named, or why there is none."""

    def __call__(self, variant: str, options: Mapping[str, object], submission: str = "") -> Cost | str:
        """Count it, or look it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperReport:
    """A paper and the verdict on each of its claims, in the order of its manifest."""

    manifest: Manifest
    comparisons: Sequence[Comparison]
    notes: Sequence[str] = ()
    """What was not tried, and why."""


def all_papers(*, references: bool = False) -> tuple[list[Manifest], list[str]]:
    """Manifests of installed papers in order of their arXiv id, newest first; and a sentence for each that is broken.

    With `references` also those whose method is here as a reference only.
    """
    tasks = dict.fromkeys(task_names())
    manifests, broken = readable(submission_names(), lambda name: find_submission(name)[1])
    # Metrics are not looked at here: for that every task would have to be loaded.
    wrong = {manifest.name: problem for manifest in manifests if (problem := unknown(manifest, tasks))}
    broken += [f"the manifest of {name}: {problem}" for name, problem in wrong.items()]
    found = [
        m
        for m in manifests
        if m.name not in wrong and m.paper is not None and m.paper.arxiv and (references or not m.paper.reference)
    ]
    return sorted(found, key=lambda m: (_arxiv(m), m.name), reverse=True), broken


def _arxiv(manifest: Manifest) -> str:
    return manifest.paper.arxiv.partition("v")[0] if manifest.paper else ""


def find_paper(reference: str) -> Manifest:
    """The paper with that arXiv id, name, or folder; raises UsageError with the nearest ids and names."""
    names = submission_names()
    if reference in names or "/" in reference or reference.startswith("."):
        return find_submission(reference)[1]
    papers, broken = all_papers(references=True)
    wanted = reference.lower().removeprefix("arxiv:").partition("v")[0]
    for manifest in papers:
        if wanted and _arxiv(manifest) == wanted:
            return manifest
    near = nearest(reference, [*names, *map(_arxiv, papers)])
    hint = f"did you mean {' or '.join(near)}?" if near else "an arXiv id, a name, or a folder with a submission.toml"
    beside = f"; left out: {broken[0]}" if broken else ""
    raise UsageError(f"there is no paper '{reference}'; {hint} ('harness papers --all' lists them){beside}")


def check(manifest: Manifest) -> None:
    """Raise SubmissionError for a task that nobody knows, or a metric that its task does not have."""
    metas = readable(task_names(), lambda name: find_task(name).meta)[0]
    problem = unknown(manifest, {meta.id: [metric.name for metric in meta.metrics] for meta in metas})
    if problem:
        raise SubmissionError(f"the manifest of {manifest.name}: {problem}")


def report(manifest: Manifest, records: Iterable[Record], count: CountOf) -> PaperReport:
    """Every claim of `manifest` beside the records of its name and the counts there are."""
    owners = _owners(manifest)
    found = standing(record for record in records if record.submission.name in owners)
    own = {name: [record for record in found if record.submission.name == name] for name in owners}
    tasks = set(task_names())
    compared = []
    for claim in manifest.claims:
        name = claim.submission or manifest.name
        compared.append(_compare(claim, _Known(manifest, owners[name], own[name], count, tasks)))
    return PaperReport(manifest=manifest, comparisons=compared)


def _owners(manifest: Manifest) -> dict[str, Manifest]:
    """The submissions that claims are about, by name; one that cannot be found is told by `check`."""
    owners = {manifest.name: manifest}
    for name in {claim.submission for claim in manifest.claims} - {"", manifest.name}:
        owners[name] = find_submission(name)[1]
    return owners


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to judge a claim by."""

    paper: Manifest
    owner: Manifest
    """The submission whose network the claim is about; the paper's own as a rule."""
    records: Sequence[Record]
    """Those of `owner`, the newest first."""
    count: CountOf
    tasks: set[str]


def search(made: PaperReport, records: Iterable[Record], count: CountOf, home: Home, reporter: Reporter) -> PaperReport:
    """The same, after scores that do not give a printed number were computed in the other ways that their task names."""
    from harness.rescoring import otherwise

    missed = [item for item in made.comparisons if item.metric and item.verdict in ("refuted", "measured differently")]
    unmatched = {
        item.record.id: item.record for item in missed if item.record and "gives the printed" not in item.reason
    }
    tried = list(records)
    notes: list[str] = []
    for record in unmatched.values():
        more, failed = otherwise(record, home, reporter)
        tried, notes = [*tried, *more], [*notes, *failed]
    return replace(report(made.manifest, tried, count), notes=notes) if unmatched else made


def _compare(claim: Claim, known: _Known) -> Comparison:
    found = _found(claim, known)
    uncounted = next((text for text in found.hindered if is_cost(claim)), "")
    return judge(claim, found, blocker_of(claim, known.paper, known.tasks, uncounted, known.owner))


def _found(claim: Claim, known: _Known) -> Found:
    """What records say, and of costs what was counted, which goes before."""
    told = recorded(claim, known.records, known.owner)
    if not is_cost(claim):
        return told
    found = _counted(claim, known.count)
    if is_relative(claim):
        found = related(claim, found, _counted(baseline(claim), known.count), known.paper)
    return found if found.evidence else told + found


def _counted(claim: Claim, count: CountOf) -> Found:
    if not claim.variant:
        return Found()
    cost = count(claim.variant, dict(claim.options), claim.submission)
    return Found(hindered=(cost,)) if isinstance(cost, str) else costs(claim, cost)


def read_records(home: Home) -> list[Record]:
    """The records of a home that can be read; the others say nothing about a claim."""
    return [record for _, record in home.records() if isinstance(record, Record)]
