"""Tables of claims of one's own (``--claims FILE``): stated as in a manifest, and treated like a paper."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.claim import Claim, ClaimFile, expand
from harness.claims import Comparison
from harness.errors import SubmissionError, UsageError
from harness.manifest import Manifest
from harness.manifest_check import first_problem
from harness.papers import PaperReport, check, find_paper
from harness.registry import submission_names


def read_table(path: Path) -> ClaimFile:
    """A file of claims, its tables made claims; raises UsageError naming file and field."""
    try:
        stated = msgspec.toml.decode(path.read_bytes(), type=ClaimFile)
        claims = [*stated.claims, *(claim for table in stated.tables for claim in expand(table))]
    except OSError as error:
        raise UsageError(f"--claims {path} cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise UsageError(f"--claims {path}: {error}") from None
    return msgspec.structs.replace(stated, claims=claims)


def own_report(path: Path, paper: Manifest | None, judged: Callable[[Manifest], PaperReport]) -> PaperReport:
    """The claims of the file `path`: all about `paper`, or, without one, each about the submission that its method names.

    `judged` gives the verdicts on a manifest's claims. Raises UsageError for what a manifest could not say either.
    """
    table = read_table(path)
    groups = {paper.name: list(range(len(table.claims)))} if paper else _by_method(table.claims)
    compared: dict[int, Comparison] = {}
    notes: list[str] = []
    for name, indices in groups.items():
        made = judged(_manifest(path, table, paper or (find_paper(name) if name else None), indices))
        notes += made.notes
        for index, item in zip(indices, made.comparisons, strict=True):
            compared[index] = replace(item, claim=table.claims[index])
    head = paper or Manifest(name=path.stem, title=path.name, interfaces=[])
    told = msgspec.structs.replace(head, claims=table.claims, tables=table.tables, findings=[])
    return PaperReport(manifest=told, comparisons=[compared[index] for index in sorted(compared)], notes=notes)


def _by_method(claims: Sequence[Claim]) -> dict[str, list[int]]:
    """Indices of claims by the installed submission that their method names; '' where it names none."""
    names = set(submission_names())
    groups: dict[str, list[int]] = {}
    for index, claim in enumerate(claims):
        groups.setdefault(claim.method if claim.method in names else "", []).append(index)
    return groups


def _manifest(path: Path, table: ClaimFile, stated: Manifest | None, indices: Sequence[int]) -> Manifest:
    """The manifest `stated`, or an empty one, with these claims in place of its own."""
    claims = [table.claims[index] for index in indices]
    if stated is not None:
        claims = [msgspec.structs.replace(c, method="") if c.method == stated.name else c for c in claims]
    base = stated or Manifest(name=path.stem, title=path.name, interfaces=[])
    made = msgspec.structs.replace(base, claims=claims, tables=[], blockers=table.blockers, blocker="")
    problem = first_problem(made)
    if problem:
        raise UsageError(f"--claims {path}: {problem}")
    try:
        check(made)
    except SubmissionError as error:
        raise UsageError(f"--claims {path}: {error}") from None
    return made
