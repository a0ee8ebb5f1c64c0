"""A paper's claims beside ours in the layout of its tables: rows are methods, columns are metrics."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from harness.claim import Claim
from harness.claims import Comparison, Verdict, tally
from harness.papers import PaperReport
from harness.printed import read_printed
from harness.text import LATEX, clean, csv_bytes, latex, markdown_table

SIGNS: dict[Verdict, str] = {
    "reproduced": "=",
    "refuted": "≠",
    "measured differently": "~",
    "cannot tell yet": "?",
}
LEGEND = "= reproduced, ≠ refuted, ~ measured differently, ? cannot tell yet, † not read in its source"
OUTSIDE = "Claims outside tables"
MOST_COLUMNS = 6
"""A table of more metrics is set in smaller type; so many different claims outside tables are listed instead."""
LONGEST_HEADS = 80
"""Claims outside tables whose headings take more characters together are listed too: a line for each fits a page."""
MOST_LINES = 48
"""So many lines of a table fit a page of LaTeX; a longer one goes on in another."""
PREAMBLE = r"\documentclass{article} \usepackage{booktabs,graphicx}"
"""All that the LaTeX of a paper needs, as its first lines say."""
FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
"""A table that is wider than the text is made as wide as it."""
FIELDS = (
    "paper", "name", "table", "row", "column", "task", "split", "dataset", "protocol", "about", "options", "setting",
    "hardware", "metric", "relation", "baseline", "qualifier", "value", "unit", "convention", "verified", "source", "ours",
    "difference", "under", "verdict", "reason", "missing", "command", "record",
)  # fmt: skip


@dataclass(slots=True)
class Layout:
    """One table: headings of its columns, and rows of cells; a cell holds the comparisons that stand in it."""

    title: str
    headings: list[str] = field(default_factory=list)
    rows: dict[tuple[int, str], dict[str, list[Comparison]]] = field(default_factory=dict)

    def add(self, item: Comparison) -> None:
        """Put a comparison into its row and column, which are made where they are missing."""
        claim = item.claim
        heading = claim.column or heading_of(claim)
        if heading not in self.headings:
            self.headings.append(heading)
        key = (claim.line, claim.row or about(claim))
        self.rows.setdefault(key, {}).setdefault(heading, []).append(item)


def layouts(comparisons: Iterable[Comparison]) -> list[Layout]:
    """The tables of a paper, and before them what it says elsewhere."""
    found: dict[str, Layout] = {}
    for item in sorted(comparisons, key=lambda item: bool(item.claim.table)):
        title = item.claim.table or OUTSIDE
        found.setdefault(title, Layout(title)).add(item)
    return list(found.values())


def about(claim: Claim) -> str:
    """What a claim is about: variant or method, options, setting."""
    options = ", ".join(f"{name}={value}" for name, value in claim.options.items())
    return ", ".join(filter(None, [network_of(claim) or "the method", options, claim.setting]))


def network_of(claim: Claim) -> str:
    """The variant, with its submission where that is another one, or the method as the source calls it."""
    return " ".join(filter(None, [claim.submission, claim.variant])) or claim.method


def heading_of(claim: Claim) -> str:
    """Metric and relation, and the task where that is not the network alone."""
    what = f"{claim.metric}, {claim.relation}" if claim.relation else claim.metric
    place = "" if claim.task == "cost" else " ".join(filter(None, [claim.task, claim.split]))
    return f"{what} ({place})" if place else what


def printed_text(claim: Claim, unit: str = "") -> str:
    """The number as printed, with what stands before and behind it; the unit not where the column's head has it."""
    value = claim.value if claim.verified else f"{claim.value}†"
    return clean(" ".join(filter(None, [claim.qualifier, value, "" if claim.unit == unit else claim.unit])), 60)


def number_text(item: Comparison, value: float | None, *, signed: bool = False) -> str:
    """A number of ours with one digit more than the claim was printed with; empty where there is none."""
    printed = read_printed(item.claim.value)
    if value is None or printed is None:
        return ""
    # Adding 0.0 makes a negative zero a zero.
    return f"{round(value, printed.places + 1) + 0.0:{'+' if signed else ''}.{printed.places + 1}f}"


def under(item: Comparison) -> str:
    """The protocol or convention of our number; empty where there is none."""
    return item.evidence.where if item.evidence else ""


def _grid(layout: Layout) -> tuple[list[str], list[list[str]]]:
    """Head and lines: a column for each metric, or a line for each number where these have little in common."""
    wide = len(layout.headings) > MOST_COLUMNS or sum(map(len, layout.headings)) > LONGEST_HEADS
    if layout.title == OUTSIDE and wide:
        return ["", "what", "paper", "ours", "difference", "under"], _listed(layout)
    return _heads(layout), _lines(layout)


def _listed(layout: Layout) -> list[list[str]]:
    return [
        [clean(name, 120), clean(heading, 120), f"{printed_text(item.claim)} {SIGNS[item.verdict]}",
         number_text(item, item.ours), number_text(item, item.difference, signed=True), under(item)]
        for (_, name), cells in layout.rows.items() for heading, items in cells.items() for item in items
    ]  # fmt: skip


def _lines(layout: Layout) -> list[list[str]]:
    """Two to four lines a method: as printed with the verdict's sign, ours, the difference, under what where it varies."""
    shared = [_shared(layout, heading, under) for heading in layout.headings]
    units = _units(layout)
    lines = [["", "under", *shared]] if any(shared) else []
    for (_, name), cells in layout.rows.items():
        kinds: dict[str, list[str]] = {"paper": [], "ours": [], "difference": [], "under": []}
        for heading, unit, common in zip(layout.headings, units, shared, strict=True):
            items = cells.get(heading, [])
            kinds["paper"].append(_join(f"{printed_text(item.claim, unit)} {SIGNS[item.verdict]}" for item in items))
            kinds["ours"].append(_join(number_text(item, item.ours) for item in items))
            kinds["difference"].append(_join(number_text(item, item.difference, signed=True) for item in items))
            kinds["under"].append("" if common else _join(map(under, items)))
        for kind, texts in kinds.items():
            if kind == "paper" or any(texts):
                lines.append([clean(name, 120) if kind == "paper" else "", kind, *texts])
    return lines


def _units(layout: Layout) -> list[str]:
    return [_shared(layout, heading, lambda item: item.claim.unit) for heading in layout.headings]


def _heads(layout: Layout) -> list[str]:
    """Headings with the unit that all of a column's numbers have."""
    pairs = zip(layout.headings, _units(layout), strict=True)
    return ["", "", *(clean(f"{heading} ({unit})" if unit else heading, 120) for heading, unit in pairs)]


def _shared(layout: Layout, heading: str, read: Callable[[Comparison], str]) -> str:
    """What all cells of a column that say anything say alike; empty where they differ."""
    found = {read(item) for cells in layout.rows.values() for item in cells.get(heading, [])} - {""}
    return found.pop() if len(found) == 1 else ""


def _join(texts: Iterable[str]) -> str:
    return "; ".join(filter(None, texts))


def _title(report: PaperReport) -> str:
    paper = report.manifest.paper
    return f"{paper.title} (arXiv {paper.arxiv})" if paper and paper.arxiv else report.manifest.title


def rows(report: PaperReport) -> list[dict[str, Any]]:
    """Every claim as one row with the fields of `FIELDS`."""
    return [_row(report, item) for item in report.comparisons]


def _row(report: PaperReport, item: Comparison) -> dict[str, Any]:
    claim, paper = item.claim, report.manifest.paper
    said = {name: value for name, value in msgspec.structs.asdict(claim).items() if name in FIELDS}
    options = "; ".join(f"{name}={value}" for name, value in claim.options.items())
    return dict.fromkeys(FIELDS) | said | {
        "paper": paper.arxiv if paper else "", "name": report.manifest.name, "about": network_of(claim),
        "options": options, "ours": item.ours, "difference": item.difference,
        "under": item.evidence.where if item.evidence else "", "verdict": item.verdict, "reason": item.reason,
        "missing": item.blocker.missing if item.blocker else "", "command": item.blocker.command if item.blocker else "",
        "record": item.record.id if item.record else "",
    }  # fmt: skip


def to_csv(report: PaperReport) -> bytes:
    """One line a claim, text guarded against formulas."""
    return csv_bytes(FIELDS, rows(report))


def to_json(report: PaperReport) -> bytes:
    """The paper, its findings, how many claims got which verdict, and one object a claim."""
    manifest = report.manifest
    head = msgspec.to_builtins(manifest.paper) if manifest.paper else {}
    told = {
        "name": manifest.name, "paper": head, "code": msgspec.to_builtins(manifest.code), "findings": manifest.findings,
        "verdicts": tally(report.comparisons), "claims": rows(report),
    }  # fmt: skip
    return json.dumps(told, indent=1, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def to_markdown(report: PaperReport) -> bytes:
    """A heading, then a pipe table for each table."""
    parts = [f"### {clean(_title(report))}\n"]
    for layout in layouts(report.comparisons):
        parts += [
            f"**{clean(layout.title)}**\n",
            markdown_table(*_grid(layout)),
        ]
    return ("\n".join([*parts, LEGEND]) + "\n").encode("utf-8", "replace")


def to_latex(report: PaperReport) -> bytes:
    """A ``table`` for each table, or several for a long one; they compile under `PREAMBLE`."""
    parts = [f"% {clean(_title(report))}", rf"% preamble: {PREAMBLE}"]
    for layout in layouts(report.comparisons):
        head, lines = _grid(layout)
        small = [r"\scriptsize", r"\setlength{\tabcolsep}{3pt}"] if len(head) - 2 > MOST_COLUMNS else []
        caption = f"{_title(report)}: {layout.title}. {LEGEND}."
        for number, page in enumerate(_pages(lines)):
            told = f"{caption} Continued." if number else caption
            parts += [
                r"\begin{table}", r"\centering", *small, rf"\caption{{{_latex(told)}}}", r"\smallskip", FITTED,
                rf"\begin{{tabular}}{{ll{'r' * (len(head) - 2)}}}", r"\toprule", _latex_line(head), r"\midrule",
                *map(_latex_line, page), r"\bottomrule", r"\end{tabular}}", r"\end{table}",
            ]  # fmt: skip
    return ("\n".join(parts) + "\n").encode("utf-8", "replace")


def _pages(lines: Sequence[Sequence[str]]) -> list[list[Sequence[str]]]:
    """Lines for one page after another; the lines of a method, which its name begins, stay together."""
    pages: list[list[Sequence[str]]] = [[]]
    starts = [index for index, line in enumerate(lines) if line[0] or index == 0]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        if pages[-1] and len(pages[-1]) + end - start > MOST_LINES:
            pages.append([])
        pages[-1] += lines[start:end]
    return pages


def _latex_line(cells: Sequence[str]) -> str:
    return " & ".join(map(_latex, cells)) + r" \\"


def _latex(text: str) -> str:
    """Escaped, the verdicts' signs as symbols; what begins a cell must not be read as an option of the line before."""
    shown = latex(clean(text)).replace(LATEX["~"], r"$\sim$")
    return "{}" + shown if shown.startswith(("[", "*")) else shown


WRITERS: dict[str, Callable[[PaperReport], bytes]] = {
    "csv": to_csv,
    "json": to_json,
    "latex": to_latex,
    "markdown": to_markdown,
}
"""Format -> writer, for ``harness paper --format``."""
