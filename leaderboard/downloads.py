"""What a reader can take away from a page: every table in several forms, BibTeX of the methods, badges."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.manifest import Paper
from harness.record import Record
from leaderboard.badge import badge
from leaderboard.bibtex import bibtex
from leaderboard.boards import Board
from leaderboard.entries import Entry, age_key
from leaderboard.naming import board_title
from leaderboard.numbers import text_cell
from leaderboard.standings import Standings
from leaderboard.table import Table, flat
from leaderboard.table_forms import forms_of
from leaderboard.view import Page, Section

METHODS = "methods.bib"
FOR_PAPERS = ("b/", "p/", "h/", "index.html")
"""The pages whose tables are written for papers and programs too; those of single records have CSV and JSON."""
BADGES = (
    "One small picture a board, for a README or a page of your own. It is built with the site and follows the records."
)
WriteFile = Callable[[str, bytes], None]
"""Writes a file of the site: its path from the root, its content."""


def with_downloads(page: Page, tables: Iterable[Table], write: WriteFile) -> Page:
    """The page with every table's forms named, and their files written; `tables` are written without being shown."""
    folder = page.path.rpartition("/")[0]
    everything = page.path.startswith(FOR_PAPERS)
    root = f"{folder}/" if folder else ""
    shown: set[str] = set()
    sections = []
    for section in page.sections:
        offered = [_offered(table, everything, root, write) for table in section.tables]
        shown.update(table.data for table in offered)
        sections.append(replace(section, tables=offered) if offered else section)
    for table in tables:
        if table.data not in shown:
            _offered(table, everything, root, write)
    return replace(page, sections=sections)


def _offered(table: Table, everything: bool, root: str, write: WriteFile) -> Table:
    if not table.rows:
        return replace(table, data="")
    data, forms = table.data or table.id, forms_of(everything=everything)
    if not table.start:  # the files of a table that several pages show lie beside the first
        values = flat(table)
        for ending, (_, make) in forms.items():
            write(f"{root}{data}.{ending}", make(table, values))
    return replace(table, data=data, forms=tuple((ending, title) for ending, (title, _) in forms.items()))


def with_methods(page: Page, records: Sequence[Record], papers: Mapping[str, Paper], write: WriteFile) -> Page:
    """The page with the BibTeX of the methods of `records` among its downloads."""
    if not records:
        return page
    write(f"{page.path.rpartition('/')[0]}/{METHODS}", bibtex(records, papers))
    title = "The method as BibTeX" if len({record.submission.name for record in records}) == 1 else "Methods as BibTeX"
    return replace(page, downloads=[*page.downloads, (title, METHODS)])


def with_badges(page: Page, placed: Iterable[tuple[Entry, Board, Standings]], write: WriteFile) -> Page:
    """The page of a submission with a badge for each board, of its newest listed result there."""
    folder = page.path.rpartition("/")[0]
    items = []
    for name, (entry, board, found) in _badges(placed):
        write(f"{folder}/{name}", badge(entry.record, board, found))
        items.append(text_cell(board_title(board), href=f"{folder}/{name}"))
    if not items:
        return page
    section = Section(id="badges", title="Badges", paragraphs=[BADGES], items=items, folded=True)
    return replace(page, sections=[*page.sections, section])


def _badges(placed: Iterable[tuple[Entry, Board, Standings]]) -> Iterator[tuple[str, tuple[Entry, Board, Standings]]]:
    """File name -> the result to show: of several on one board the ranked one, then the newest."""
    best: dict[str, tuple[Entry, Board, Standings]] = {}
    for item in placed:
        name = f"badge-{item[1].key.id}.svg"
        if name not in best or _worth(item) > _worth(best[name]):
            best[name] = item
    yield from sorted(best.items())


def _worth(item: tuple[Entry, Board, Standings]) -> tuple[bool, tuple[float, str]]:
    entry, _, found = item
    return entry.record.id in found.ranges, age_key(entry.record)
