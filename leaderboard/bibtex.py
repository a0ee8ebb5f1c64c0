"""The methods behind records as BibTeX, so that whoever uses their numbers can cite them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from harness.manifest import Paper
from harness.record import Record
from harness.text import latex
from leaderboard.boards import short_hash
from leaderboard.text import arxiv_link, clean

LONGEST_KEY = 60
_MONTHLY = re.compile(r"(\d{2})(\d{2})\.\d{4,5}(v\d+)?")


def bibtex(records: Iterable[Record], papers: Mapping[str, Paper]) -> bytes:
    """One entry a method, in order of its name.

    `papers` are the publications that are known by the name of a submission; of other methods a record itself states title
    and arXiv identifier.
    """
    methods = {record.submission.name: record for record in sorted(records, key=lambda record: record.id)}
    keys = {name: _key(name) for name in sorted(methods)}
    usual = Counter(keys.values())
    told = {name: key if usual[key] == 1 else f"{key}-{short_hash(name)}" for name, key in keys.items()}
    entries = [_entry(key, methods[name], papers.get(name)) for name, key in told.items()]
    return "\n".join(entries).encode("utf-8", "replace")


def _key(name: str) -> str:
    """ASCII letters, digits and hyphens, which every BibTeX takes."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", clean(name, LONGEST_KEY)).strip("-") or "method"


def _entry(key: str, record: Record, paper: Paper | None) -> str:
    part = record.submission
    identifier = paper.arxiv if paper and paper.arxiv else part.arxiv
    known = arxiv_link(identifier) is not None
    title = paper.title if paper else part.title or part.name
    fields = {
        "title": "{" + latex(clean(title, 300)) + "}",
        "author": latex(clean(re.sub(r",\s*(and\s+)?", " and ", paper.authors), 1000)) if paper else "",
        "year": _year(identifier, paper),
        "eprint": identifier if known else "",
        "archivePrefix": "arXiv" if known else "",
        "note": f"leaderboard name: {latex(clean(part.name, 80))}",
    }
    lines = [f"  {field} = {{{value}}}," for field, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}", ""])


def _year(identifier: str, paper: Paper | None) -> str:
    if paper and paper.year:
        return str(paper.year)
    monthly = _MONTHLY.fullmatch(identifier)
    return f"20{monthly[1]}" if monthly else ""
