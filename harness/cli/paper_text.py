"""A paper's claims as a person reads them in a terminal."""

from collections.abc import Sequence

from harness.claims import VERDICTS, Comparison, tally
from harness.cli.terminal import table
from harness.paper_tables import about, heading_of, layouts, number_text, printed_text
from harness.papers import PaperReport
from harness.text import clean

HEAD = ("about", "what", "printed", "ours", "difference", "under", "verdict")


def show_paper(report: PaperReport) -> str:
    """Who and what, each claim on a line, then why what could not be settled was not, and the findings."""
    manifest = report.manifest
    paper, code = manifest.paper, manifest.code
    lines = [f"{paper.title} (arXiv {paper.arxiv or 'none'})" if paper else manifest.title]
    if code.repository:
        lines.append(f"code {code.repository}, licence {code.licence or 'not stated'}")
    if not report.comparisons:
        of = ", ".join(paper.benchmarks) if paper else ""
        silent = (
            "Its abstract states no number" if paper and paper.states_no_number else "No number of it is stated here"
        )
        lines.append(f"{silent}{f'; it reports on {of}' if of else ''}.")
    for layout in layouts(report.comparisons):
        items = [item for cells in layout.rows.values() for cell in cells.values() for item in cell]
        lines += ["", layout.title, table([_line(item) for item in items], HEAD, right=(2, 3, 4))]
    if any(not item.claim.verified for item in report.comparisons):
        lines += ["", "† not read in its source"]
    lines += _reasons(report.comparisons) + _missing(report.comparisons)
    lines += [""] * bool(manifest.findings) + [f"finding: {text}" for text in manifest.findings]
    lines += [""] * bool(report.notes) + [f"note: {text}" for text in report.notes]
    counts = tally(report.comparisons)
    lines += ["", ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)]
    return "\n".join(lines)


def _line(item: Comparison) -> tuple[str, ...]:
    claim = item.claim
    what = claim.column or heading_of(claim)
    under = item.evidence.where if item.evidence else ""
    difference = number_text(item, item.difference, signed=True)
    name = claim.row or about(claim)
    return (
        clean(name, 120),
        clean(what, 120),
        printed_text(claim),
        number_text(item, item.ours),
        difference,
        under,
        item.verdict,
    )


def _reasons(comparisons: Sequence[Comparison]) -> list[str]:
    told = [item for item in comparisons if item.verdict in ("refuted", "measured differently")]
    lines = [""] if told else []
    for item in told:
        claim = item.claim
        name = f"{claim.row or about(claim)}, {claim.column or heading_of(claim)}, {printed_text(claim)}"
        lines.append(f"{item.verdict}: {name}: {item.reason}")
    return lines


def _missing(comparisons: Sequence[Comparison]) -> list[str]:
    """Each missing thing once, with how many claims wait for it and the first command that settles one."""
    waiting: dict[tuple[str, str], list[Comparison]] = {}
    for item in comparisons:
        if item.blocker is not None:
            waiting.setdefault((item.blocker.missing, item.blocker.text), []).append(item)
    lines = [""] if waiting else []
    for (missing, reason), items in waiting.items():
        count = f"{len(items)} claim{'s' if len(items) != 1 else ''}"
        lines.append(f"cannot tell yet ({count}), missing {missing}: {reason}")
        commands = list(dict.fromkeys(item.blocker.command for item in items if item.blocker))
        lines += [f"  settled by: {commands[0]}"] if commands[0] else []
        lines += (
            [f"  and others by {len(commands) - 1} more commands, which --format csv has"] if len(commands) > 1 else []
        )
    return lines
