"""The installed papers with verdicts on their claims, from records and from counts of cost that some home keeps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.claim_costs import CostBook
from harness.manifest import Manifest
from harness.papers import CountOf, PaperReport, all_papers, report
from harness.progress import Reporter
from harness.record import Cost, Record
from harness.store import Home


def paper_reports(records: Sequence[Record], homes: Sequence[Path]) -> list[PaperReport]:
    """One report a paper, newest first; nothing is counted anew. Manifests that are broken are left to ``harness papers``."""
    manifests, _ = all_papers()
    return [report(manifest, records, _kept(manifest, homes)) for manifest in manifests]


def _kept(manifest: Manifest, homes: Sequence[Path]) -> CountOf:
    """The first count of a variant that one of the homes keeps, else why the last has none."""
    books = [CostBook(Home(path), manifest.name, manifest, count=False, reporter=Reporter()) for path in homes]

    def count(variant: str, options: Mapping[str, object], submission: str = "") -> Cost | str:
        found: Cost | str = "no home keeps its count"
        for book in books:
            found = book(variant, options, submission)
            if isinstance(found, Cost):
                return found
        return found

    return count
