"""The page of a board: a sentence that sums it up, the table, speed host by host, all metrics, how it was made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.summary import method_name
from leaderboard.board_tables import COMPARE, history_section, metrics_sections, metrics_table, results_table
from leaderboard.boards import UNSTATED, Board
from leaderboard.compare_view import compare_view
from leaderboard.entries import Entry
from leaderboard.naming import board_path, board_title, told_apart
from leaderboard.speed_view import speed_sections, speed_trades, timed_groups
from leaderboard.standings import Standings
from leaderboard.table import MOST_DRAWN, Cell, Table, in_pages
from leaderboard.text import clean
from leaderboard.trade_view import PlotFiles, frontiers, over_time, time_section, trade_section, trades
from leaderboard.view import Fact, Page, Section

BANNERS = {
    "sample": "Generated sample. These results show that everything works; they are no benchmark results and are not ranked.",
    "custom": "One's own data under the task's protocol. These results are not the benchmark's.",
    "limit": "Partial runs: only the first samples were taken. These results are not the benchmark's and are not ranked.",
    "official": "",
}
GONE = "Every result was superseded or withdrawn."
RANKS = (
    "A rank is a range: the best and the worst place that the data allow. Every result keeps its scores on the same 1,000 "
    "resamples of the data; all pairs of systems are compared on them at once, at 95 % for the whole board, and a system is "
    "placed above another only if their difference exceeds what resampling explains.",
    "Tier A are the systems that none was shown to exceed, tier B those that only systems of tier A exceed, and so on. In how "
    "many of the resamples a system comes first, in percent, says less: where systems tie, chance decides it. The runs of one "
    "method under several training seeds are ranked once, by their mean.",
    "The ranges depend on which systems are on the board. They cover the choice of the test samples, not the chance in training.",
    "On a board of more than 500 systems each pair must differ by what Bonferroni's bound over all pairs asks for, which is "
    "more: the ranges are wider there than they need be, never narrower.",
    "What papers report is listed as printed and never ranked: nobody can resample it. A paper names no digest of its data, and "
    "where it leaves the protocol or the split open, this is said, and its number is listed on every board that it may be about.",
)


@dataclass(frozen=True, slots=True)
class BoardView:
    """A board's page, the tables that are also written as files, and what the index says about it."""

    page: Page
    tables: tuple[Table, ...]
    summary: str
    further: tuple[tuple[Page, tuple[Table, ...]], ...] = ()
    """Further pages beside it with their tables: the comparison in pairs, rows after the first 200."""


def board_view(board: Board, found: Standings, plots: PlotFiles) -> BoardView:
    """Everything about one board."""
    entries = sort_entries(board.listed, found)
    records = [entry.record for entry in entries]
    groups = timed_groups(sort_entries(board.standing, found))
    timed, costly = speed_trades(groups, found), trades(records, found)
    lies = frontiers([*(item for group in timed.values() for item in group), *costly])
    results = in_pages(results_table(board, entries, found, lies))
    speed = speed_sections(groups, timed, plots)
    everything = metrics_table(entries)
    summary = summarise(board, found)
    time = over_time(records, found)
    sections = [Section(id="results", title="Results", tables=[results])] if entries else []
    sections += [section for section, _ in speed]
    sections += [trade_section(costly, plots)] if costly else []
    sections += [time_section(time, plots)] if time else []
    sections += metrics_sections(entries, everything)
    sections += [history_section(board)] if board.past or board.repeats else []
    sections.append(Section(id="ranks", title="How ranks are made", paragraphs=RANKS, folded=True))
    page = Page(
        path=board_path(board),
        title=board_title(board),
        lead=" ".join(filter(None, [summary, _scored_by(board)])),
        banner=BANNERS[board.section],
        facts=_facts(board),
        downloads=[("Compare results in pairs", COMPARE)] if results.compare else [],
        crumbs=[("All boards", "index.html")],
        sections=sections,
    )
    compared = compare_view(board, entries, found)
    further = (*([compared] if compared else []), *[(item, ()) for item in _later_pages(page, results)])
    return BoardView(page, (results, everything, *[table for _, table in speed]), summary, further)


def _later_pages(page: Page, results: Table) -> Iterator[Page]:
    """The rows after the first 200, for readers without script."""
    for number, file in enumerate(results.pages[1:], 1):
        table = replace(results, start=number * MOST_DRAWN, tools=False, compare="")
        title = f"Results, page {number + 1} of {len(results.pages)}"
        yield Page(
            path=page.path.replace("index.html", file),
            title=f"{page.title}, page {number + 1}",
            banner=page.banner,
            crumbs=[*page.crumbs, (page.title, page.path)],
            sections=[Section(id="results", title=title, tables=[table])],
        )


def sort_entries(entries: Sequence[Entry], found: Standings) -> list[Entry]:
    """Ranked results by range, the others after them, claims of papers last; ties by name, never by the last decimal."""

    def key(entry: Entry) -> tuple[bool, bool, int, int, str, str]:
        rank = found.ranges.get(entry.record.id)
        return (
            entry.record.provenance == "reported",
            rank is None,
            rank.best if rank else 0,
            rank.worst if rank else 0,
            method_name(entry.record),
            entry.record.id,
        )

    return sorted(entries, key=key)


def summarise(board: Board, found: Standings) -> str:
    """One sentence: who is first, beyond noise or tied; or why nobody is ranked."""
    count = len(found.ranges)
    made = [entry.record for entry in board.listed if entry.record.provenance != "reported"]
    claims = len(board.listed) - len(made)
    if not made:
        return f"{_counted(claims, 'result')} that papers report; nothing was measured here." if claims else GONE
    claimed = f" Papers report {claims} more." if claims else ""
    if count < 2:
        why = ", not ranked" if board.section in ("sample", "limit") else "; a ranking needs two that may be ranked"
        return f"{_counted(len(made), 'result')}{why}.{claimed}"
    names = told_apart(entry.record for entry in board.entries)
    verified = sum(record.provenance == "verified" for record in made)
    tail = f" {verified} of {len(made)} results are verified.{claimed}"
    first = sorted(names[id] for id in found.first)
    if len(first) == 1 and found.ranges[found.first[0]].worst == 1:
        others = "the other" if count == 2 else f"each of the {count - 1} others"
        return f"{first[0]} leads: it exceeds {others} by more than resampling the data explains.{tail}"
    listed = ", ".join(first[:5]) + (f" and {len(first) - 5} more" if len(first) > 5 else "")
    return f"{len(first)} of {count} systems are tied for first: {listed}.{tail}"


def _scored_by(board: Board) -> str:
    """The protocol, since boards of one data set under several protocols have one title."""
    protocol = clean(board.key.protocol, 80)
    return f"Scored by the protocol {protocol}." if protocol not in UNSTATED else ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _facts(board: Board) -> list[Fact]:
    task = board.any_record.task
    evaluator = task.evaluator
    shown = [
        ("Task", f"{task.id}, version {task.version}", False),
        ("Protocol", task.protocol, False),
        (
            "Settings",
            "; ".join(f"{k} = {v}" for k, v in sorted(board.any_record.settings.items())) or "the task's defaults",
            False,
        ),
        ("Samples", f"{task.samples}; resampled by {task.unit}", False),
        ("Data digest", task.data_digest, True),
        ("Scored by", f"{evaluator.name} {evaluator.version}" if evaluator else "not stated", False),
        ("Agrees with", evaluator.agrees_with if evaluator else "", False),
        ("Notice", task.notice, False),
    ]
    return [
        Fact(label=label, cell=Cell(value=text, text=clean(text)), code=code) for label, text, code in shown if text
    ]
