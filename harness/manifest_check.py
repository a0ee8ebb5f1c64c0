"""What a manifest may not say: claims without a source, claims that contradict each other, variants that are not there.

`first_problem` needs nothing but the manifest; `unknown` compares with the tasks there are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from harness.claim import Claim
from harness.claim_metrics import COST, COST_METRICS, SPEED_METRICS
from harness.errors import HarnessError
from harness.other_tasks import OTHER_TASKS
from harness.printed import agree, read_printed

if TYPE_CHECKING:
    from harness.manifest import Manifest

_ARXIV = re.compile(r"(\d{2}(0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?")
_NEEDS_BASELINE = ("reduction", "drop", "gain", "ratio", "share")


def first_problem(manifest: "Manifest") -> str:
    """The first thing that is wrong with a manifest, naming its field; empty where nothing is."""
    return next(_problems(manifest), "")


def label(claim: Claim) -> str:
    """A claim in few words, for messages: what is claimed, of what, under which conditions."""
    about = " ".join(filter(None, [claim.submission, claim.variant or claim.method, claim.setting]))
    relation = f" {claim.relation}" if claim.relation else ""
    return f"{claim.task} {claim.metric}{relation} {claim.value}" + (f" of {about}" if about else "")


def _problems(manifest: "Manifest") -> Iterator[str]:
    names = [variant.name for variant in manifest.variants]
    known = f"{manifest.name} has no variant '{{}}'; it has: {', '.join(names) or 'none'}"
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        yield f"variants: two are called '{twice}'"
    if manifest.default_variant and manifest.default_variant not in names:
        yield f"default_variant: {known.format(manifest.default_variant)}"
    paper = manifest.paper
    if paper is not None and paper.arxiv and not _ARXIV.fullmatch(paper.arxiv):
        yield f"paper.arxiv: '{paper.arxiv}' is no arXiv id such as 1904.08189"
    if manifest.blocker and manifest.blocker not in manifest.blockers:
        yield f"blocker: '{manifest.blocker}' is none of the blockers ({', '.join(manifest.blockers) or 'none'})"
    for claim in manifest.claims:
        problem = _wrong(claim, manifest, names, known)
        if problem:
            yield f"claims: {label(claim)}: {problem}"
    if paper is not None and paper.states_no_number:
        for claim in manifest.claims:
            if claim.source.strip().lower() == "abstract":
                yield f"paper.states_no_number: the claim {label(claim)} is from the abstract"
    yield from _contradictions(manifest.claims)


def _wrong(claim: Claim, manifest: "Manifest", names: Sequence[str], known: str) -> str:
    """What is wrong with one claim by itself; a network of another submission is looked for by `unknown`."""
    options = [*claim.options, *claim.relative_options]
    strange = next((name for name in options if not claim.submission and name not in manifest.options), "")
    unknown_blocker = claim.blocker and claim.blocker not in manifest.blockers
    wrong = (
        (not claim.source.strip(), "source is empty; say where the number stands (abstract, table and row, file)"),
        (not claim.task or not claim.metric, "task and metric must be named"),
        (read_printed(claim.value) is None, f"value '{claim.value}' is no number as printed; qualifier takes 'about'"),
        (
            not claim.submission and claim.variant not in ("", *names),
            f"variant: {known.format(claim.variant)}",
        ),
        (
            bool(claim.submission) and not claim.variant,
            f"submission: which variant of {claim.submission} it is about is not said",
        ),
        (
            bool(claim.submission and claim.relative_to),
            "relative_to names a variant of this manifest, submission another one; baseline takes words",
        ),
        (
            claim.relative_to not in ("", *names),
            f"relative_to: {known.format(claim.relative_to)}; baseline takes words",
        ),
        (
            unknown_blocker,
            f"blocker '{claim.blocker}' is not among blockers ({', '.join(manifest.blockers) or 'none'})",
        ),
        (bool(strange), f"options: {manifest.name} has no option '{strange}'"),
        (bool(claim.options) and not claim.variant, "options are those of a variant, and none is named"),
        (
            claim.relation in _NEEDS_BASELINE and not claim.relative_to and not claim.baseline,
            f"a {claim.relation} needs relative_to (a variant) or baseline (words)",
        ),
    )
    return next((text for is_wrong, text in wrong if is_wrong), "")


def _contradictions(claims: Sequence[Claim]) -> Iterator[str]:
    """Claims that agree in everything but their number, where neither can be a rounding of the other."""
    seen: dict[bytes, Claim] = {}
    for claim in claims:
        first = seen.setdefault(_meaning(claim), claim)
        one, other = read_printed(first.value), read_printed(claim.value)
        if one is not None and other is not None and not agree(one, other):
            yield (
                f"claims: {label(first)} ({first.source}) and {claim.value} ({claim.source}) contradict each other; "
                "if both are printed, their setting must say what differs"
            )


def _meaning(claim: Claim) -> bytes:
    """What a claim is about. Rows of other people's methods are told apart by where they stand: their names are not unique."""
    aside = {"value": "", "source": "", "column": "", "note": "", "blocker": "", "verified": True}
    if claim.variant:
        aside |= {"table": "", "row": "", "line": 0}
    return msgspec.json.encode(msgspec.structs.replace(claim, **aside), order="sorted")


def unknown(manifest: "Manifest", metrics: Mapping[str, Sequence[str] | None]) -> str:
    """The first task that nobody knows, or metric that its task does not have; empty where there is none.

    `metrics` has the metrics of every task there is, or None where they are not to be checked.
    """
    from harness.registry import nearest

    tasks = [*metrics, COST, *OTHER_TASKS]
    stated = [("paper.tasks", task) for task in (manifest.paper.tasks if manifest.paper else [])]
    for where, task in [*stated, *((f"claims: {label(claim)}", claim.task) for claim in manifest.claims)]:
        if task not in tasks:
            near = nearest(task, tasks)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else "harness/other_tasks.py lists those without adapter"
            )
            return f"{where}: there is no task '{task}'; {hint}"
    for claim in manifest.claims:
        if claim.submission and (problem := _unknown_network(claim)):
            return f"claims: {label(claim)}: submission: {problem}"
        known = _metrics(claim.task, metrics)
        if known is not None and claim.metric not in known and not _blocked(claim, manifest):
            near = nearest(claim.metric, known)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has: {', '.join(known)}"
            return (
                f"claims: {label(claim)}: the task {claim.task} has no metric '{claim.metric}'; {hint} "
                '(a blocker with missing = "adapter" lets it stand)'
            )
    return ""


def _unknown_network(claim: Claim) -> str:
    """What is wrong with the network of another submission that a claim names; empty where nothing is."""
    from harness.registry import find_submission

    try:
        owner = find_submission(claim.submission)[1]
        owner.variant(claim.variant)
    except HarnessError as error:
        return str(error)
    strange = next((name for name in claim.options if name not in owner.options), "")
    return f"{owner.name} has no option '{strange}'" if strange else ""


def _metrics(task: str, metrics: Mapping[str, Sequence[str] | None]) -> list[str] | None:
    if task == COST:
        return [*COST_METRICS]
    found = metrics.get(task)
    return None if found is None else [*found, *COST_METRICS, *SPEED_METRICS]


def _blocked(claim: Claim, manifest: "Manifest") -> bool:
    name = claim.blocker or manifest.blocker
    return name in manifest.blockers and manifest.blockers[name].missing == "adapter"
