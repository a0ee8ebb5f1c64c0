"""The papers whose claims are followed: finding one by id or name, and every claim of it beside what is known here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from harness.claim import Claim, ClaimFile, expand
from harness.claim_blockers import blocker_of, is_cost
from harness.claim_evidence import baseline, costs, is_relative, recorded, standing
from harness.claims import Comparison, Found, judge, relative
from harness.errors import SubmissionError, UsageError
from harness.manifest import Manifest
from harness.manifest_check import unknown
from harness.record import Cost, Record
from harness.registry import find_submission, find_task, nearest, readable, submission_names, task_names
from harness.store import Home

CountOf = Callable[[str, dict[str, object]], Cost | str]
"""The cost of a variant with options, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperReport:
    """A paper and the verdict on each of its claims, in the order of its manifest."""

    manifest: Manifest
    comparisons: Sequence[Comparison]


def all_papers(*, references: bool = False) -> tuple[list[Manifest], list[str]]:
    """Manifests of installed papers in order of their arXiv id, newest first; and a sentence for each that is broken.

    With `references` also those whose method is here as a reference only.
    """
    manifests, broken = readable(submission_names(), lambda name: find_submission(name)[1])
    found = [m for m in manifests if m.paper is not None and m.paper.arxiv and (references or not m.paper.reference)]
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
        raise SubmissionError(f"submission.toml of {manifest.name}: {problem}")


def read_table(path: Path) -> ClaimFile:
    """A table of one's own, its tables made claims; raises UsageError naming file and field."""
    try:
        stated = msgspec.toml.decode(path.read_bytes(), type=ClaimFile)
        claims = [*stated.claims, *(claim for table in stated.tables for claim in expand(table))]
    except OSError as error:
        raise UsageError(f"--claims {path} cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise UsageError(f"--claims {path}: {error}") from None
    return msgspec.structs.replace(stated, claims=claims)


def own_manifest(path: Path, manifest: Manifest | None) -> Manifest:
    """A manifest that states what the file `path` does: of the paper `manifest`, or of no submission in particular."""
    from harness.manifest_check import first_problem

    table = read_table(path)
    base = manifest or Manifest(name=path.stem, title=path.name, interfaces=[])
    made = msgspec.structs.replace(base, claims=table.claims, tables=table.tables, blockers=table.blockers, blocker="")
    problem = first_problem(made) if manifest else _loose_problem(made)
    if problem:
        raise UsageError(f"--claims {path}: {problem}")
    return made


def _loose_problem(manifest: Manifest) -> str:
    """The same, where variants are those of whichever submission a claim's method names."""
    from harness.manifest import Variant
    from harness.manifest_check import first_problem

    names = {name for claim in manifest.claims for name in (claim.variant, claim.relative_to) if name}
    return first_problem(msgspec.structs.replace(manifest, variants=[Variant(name=name) for name in sorted(names)]))


def report(manifest: Manifest, records: Iterable[Record], count: CountOf, *, bound: bool = True) -> PaperReport:
    """Every claim of `manifest` beside the records and counts there are.

    `bound` says that the records of its own name are meant; else each claim's method names a submission.
    """
    by_name: dict[str, list[Record]] = {}
    for record in standing(records):
        by_name.setdefault(record.submission.name, []).append(record)
    tasks = set(task_names())
    compared = [_compare(claim, manifest, by_name, count, tasks, bound) for claim in manifest.claims]
    return PaperReport(manifest=manifest, comparisons=compared)


def _compare(
    claim: Claim, manifest: Manifest, by_name: Mapping[str, list[Record]], count: CountOf, tasks: set[str], bound: bool
) -> Comparison:
    own = by_name.get(manifest.name if bound else claim.method, [])
    asked = claim if bound else msgspec.structs.replace(claim, method="")
    found = _found(asked, own, manifest if bound else None, count)
    uncounted = next((text for text in found.hindered if is_cost(claim)), "")
    return replace(judge(asked, found, blocker_of(claim, manifest, tasks, uncounted)), claim=claim)


def _found(claim: Claim, records: Sequence[Record], manifest: Manifest | None, count: CountOf) -> Found:
    """What records say, and of costs what was counted, which goes before."""
    known = recorded(claim, records, manifest)
    if not is_cost(claim):
        return known
    found = _counted(claim, count)
    if is_relative(claim):
        found = relative(claim, found, _counted(baseline(claim), count))
    return found if found.evidence else known + found


def _counted(claim: Claim, count: CountOf) -> Found:
    if not claim.variant:
        return Found()
    cost = count(claim.variant, dict(claim.options))
    return Found(hindered=(cost,)) if isinstance(cost, str) else costs(claim, cost)


def read_records(home: Home) -> list[Record]:
    """The records of a home that can be read; the others say nothing about a claim."""
    return [record for _, record in home.records() if isinstance(record, Record)]
