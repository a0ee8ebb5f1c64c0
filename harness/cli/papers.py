"""``harness papers`` and ``harness paper``: claims of papers beside what was scored, measured and counted here."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.arguments import add_json, print_json

if TYPE_CHECKING:
    from harness.claim_costs import CostBook
    from harness.manifest import Manifest
    from harness.papers import PaperReport
    from harness.store import Home

FORMATS = ("terminal", "latex", "markdown", "csv", "json")
HOME = "folder of the results (default: HARNESS_HOME or harness-results)"


def register(verbs: Any) -> None:
    """Add both verbs."""
    listing = verbs.add_parser("papers", help="the papers whose claims are followed, and what became of these")
    listing.add_argument("--all", action="store_true", help="also papers whose methods are here as references")
    listing.add_argument("--home", type=Path, metavar="DIR", help=HOME)
    add_json(listing)
    listing.set_defaults(run=papers)
    parser = verbs.add_parser("paper", help="each claim of a paper beside our records, with a verdict")
    parser.add_argument(
        "paper", nargs="?", default="", metavar="PAPER", help="arXiv id, name, or folder of a submission"
    )
    parser.add_argument(
        "--cost", action="store_true", help="count what its claims about cost need; no data, no weights"
    )
    parser.add_argument(
        "--claims", type=Path, metavar="FILE", help="a table of claims (TOML) in place of the paper's own"
    )
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="how to print it (default: terminal)")
    parser.add_argument("--home", type=Path, metavar="DIR", help=HOME)
    add_json(parser)
    parser.set_defaults(run=paper)


def papers(arguments: argparse.Namespace) -> int:
    """One line a paper."""
    from harness.cli.terminal import table
    from harness.papers import all_papers, read_records, report

    home = _home(arguments)
    manifests, broken = all_papers(references=arguments.all)
    for sentence in broken:
        print(f"left out: {sentence}", file=sys.stderr)
    records = read_records(home)
    reports = [report(manifest, records, _book(manifest.name, manifest, home, count=False)) for manifest in manifests]
    if arguments.json:
        print_json([_summary(item) for item in reports])
        return 0
    head = ("arXiv", "name", "claims", "reproduced", "refuted", "differently", "cannot tell", "why not, or what of")
    print(table([_line(item) for item in reports], head, right=(2, 3, 4, 5, 6)))
    return 0


def _line(report: "PaperReport") -> tuple[str, ...]:
    told = _summary(report)
    counts = [str(number) for number in told["verdicts"].values()]
    missing = ", ".join(f"{name} {number}" for name, number in told["missing"].items())
    silent = "its abstract states no number" if told["states_no_number"] else "no number of it is stated here"
    silent += "; reports on " + (", ".join(told["benchmarks"]) or "benchmarks that are not named")
    return (told["arxiv"], told["name"], str(told["claims"]), *counts, missing if told["claims"] else silent)


def _summary(report: "PaperReport") -> dict[str, Any]:
    from harness.claims import tally

    manifest, compared = report.manifest, report.comparisons
    paper = manifest.paper
    assert paper is not None
    missing = Counter(item.blocker.missing for item in compared if item.blocker)
    return {
        "arxiv": paper.arxiv, "name": manifest.name, "title": paper.title, "claims": len(compared),
        "verdicts": tally(compared), "missing": dict(missing.most_common()), "benchmarks": paper.benchmarks,
        "states_no_number": paper.states_no_number,
    }  # fmt: skip


def paper(arguments: argparse.Namespace) -> int:
    """One paper, or a table of one's own."""
    from harness.cli.terminal import results_only
    from harness.errors import UsageError

    if not arguments.paper and arguments.claims is None:
        raise UsageError("name a paper ('harness papers' lists them) or a table of claims (--claims FILE)")
    form = "json" if arguments.json else arguments.format
    with results_only(form != "terminal"):
        made = _report(arguments)
    if form == "terminal":
        from harness.cli.paper_text import show_paper

        print(show_paper(made))
        return 0
    from harness.paper_tables import WRITERS

    print_json(WRITERS[form](made))
    return 0


def _report(arguments: argparse.Namespace) -> "PaperReport":
    from harness.cli.terminal import TerminalReporter
    from harness.own_claims import own_report
    from harness.papers import check, find_paper, read_records, report, search

    home = _home(arguments)
    stated = find_paper(arguments.paper) if arguments.paper else None

    records, reporter = read_records(home), TerminalReporter()

    def judged(manifest: "Manifest") -> "PaperReport":
        by_path = stated is not None and ("/" in arguments.paper or arguments.paper.startswith("."))
        book = _book(arguments.paper if by_path else manifest.name, manifest, home, count=arguments.cost)
        if arguments.cost:
            book.fill()
        return search(report(manifest, records, book), records, book, home, reporter)

    if arguments.claims is not None:
        return own_report(arguments.claims, stated, judged)
    assert stated is not None
    check(stated)
    return judged(stated)


def _book(reference: str, manifest: "Manifest", home: "Home", *, count: bool) -> "CostBook":
    from harness.claim_costs import CostBook
    from harness.cli.terminal import TerminalReporter

    return CostBook(home, reference, manifest, count=count, reporter=TerminalReporter())


def _home(arguments: argparse.Namespace) -> "Home":
    from harness.store import Home, default_home

    return Home(arguments.home or default_home())
