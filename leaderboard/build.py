"""From homes to a site: the same records give the same bytes; what has not changed is not written or drawn again."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from harness import __version__
from harness.errors import RecordError
from harness.files import lock
from harness.record import encode
from leaderboard.board_view import BoardView, board_view
from leaderboard.boards import Board, submission_id
from leaderboard.cells import host_path
from leaderboard.claims import stated
from leaderboard.collect import Collection, check_homes, collect
from leaderboard.crowd import seldom_collected, spread
from leaderboard.curve_drawing import draw as draw_curves
from leaderboard.curve_plot import CurvePlot, plot_csv
from leaderboard.curve_view import CurveFiles
from leaderboard.downloads import with_badges, with_downloads, with_methods
from leaderboard.entries import Entry
from leaderboard.export import rows, to_csv, to_json
from leaderboard.grouping import group
from leaderboard.host_view import OnHost, host_view, hosts
from leaderboard.index_view import Listed, index_view
from leaderboard.memory import Digests, Made, Memory, joined
from leaderboard.output import SiteFolder, built_before
from leaderboard.pages import Renderer, SiteFacts
from leaderboard.paper_reports import paper_reports
from leaderboard.paper_view import paper_path, paper_view
from leaderboard.plot import Scatter, draw, points_csv
from leaderboard.range_plot import RangePlot, draw_ranges, ranges_csv
from leaderboard.record_view import record_view
from leaderboard.standings import Standings, standings
from leaderboard.submission_view import Placed, submission_view
from leaderboard.table import Table
from leaderboard.text import day
from leaderboard.trade_view import PlotPaths
from leaderboard.view import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build made. `written` counts files that were new or had changed."""

    index: Path
    records: int
    boards: int
    submissions: int
    rejected: int
    hidden: int
    files: int
    written: int
    plots_drawn: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A board with its standings."""

    board: Board
    standings: Standings


@dataclass(frozen=True, slots=True)
class Unit:
    """A page with its files: what it is made from, as a digest, and how. What `make` gives must fit into JSON."""

    name: str
    digest: str
    make: Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class Part:
    """What one process of a build has made."""

    made: dict[str, Made]
    written: int
    drawn: set[str]


def build_site(homes: Sequence[Path], out: Path, *, show_hidden: bool = False) -> BuildReport:
    """Build the site of every record in `homes` at `out`.

    `show_hidden` includes boards of withdrawn data sets. Raises UsageError where `out` holds other things than a site.
    """
    check_homes(homes)
    built_before(out)  # refuses a folder of other things before the lock is put into it
    with lock(out / ".lock"), seldom_collected():
        # Read under the lock: of two builds at once the later one then knows every record of the earlier one.
        return _Build(collect(homes), homes, out, show_hidden).run()


class _Build:
    """One build: ranks first, then pages from the leaves to the index, so that the index never points at nothing."""

    def __init__(self, collection: Collection, homes: Sequence[Path], out: Path, show_hidden: bool) -> None:
        self._collection, self._homes = collection, homes
        everything = group(collection.current, collection.past)
        shown = everything if show_hidden else group(_open(collection.current), _open(collection.past))
        self._hidden = len(everything) - len(shown)
        self._site = SiteFolder(out)
        self._reports = paper_reports([entry.record for board in shown for entry in board.standing], homes)
        self._verdicts = {report.manifest.name: report.comparisons for report in self._reports}
        self._known = {
            report.manifest.name: report.manifest.paper for report in self._reports if report.manifest.paper is not None
        }
        self._memory = Memory(out, msgspec.json.encode([sorted(self._verdicts), self._known], order="sorted"))
        self._digests = Digests(collection)
        self._board_digests = {board.key: self._digests.board(board) for board in shown}
        self._ranked = self._rank(shown)
        self._renderer = Renderer(_site_facts(collection))
        self._drawn: set[str] = set()

    def run(self) -> BuildReport:
        """Write everything."""
        self._site.start()
        self._papers()
        submissions, timed = self._submissions(), hosts([ranked.board for ranked in self._ranked])
        shown = [entry for ranked in self._ranked for entry in ranked.board.standing]
        listed = self._make(
            [*self._records(), *submissions, *self._boards(), *map(self._host, timed), self._everything(shown)]
        )
        boards = [
            Listed(ranked.board, str(listed[f"b/{ranked.board.key.id}"]), len(ranked.standings.ranges))
            for ranked in self._ranked
        ]
        timed_on = [(results[0].host, [item.entry.record for item in results]) for results in timed]
        self._page(index_view(boards, self._collection, self._hidden, self._reports, timed_on))
        files = self._site.finish()
        self._memory.write()
        return BuildReport(
            index=self._site.path / "index.html",
            records=len(shown),
            boards=len(boards),
            submissions=len(submissions),
            files=files,
            rejected=len(self._collection.rejected),
            hidden=self._hidden,
            written=self._site.written,
            plots_drawn=len(self._drawn),
        )

    def _rank(self, boards: Sequence[Board]) -> list[Ranked]:
        """The standings of every board; those of an unchanged one are remembered."""
        named = {f"standings/{board.key.id}": board for board in boards}
        fresh = {}
        for name, board in named.items():
            known = self._memory.known(name, self._board_digests[board.key])
            if known:
                self._memory.units[name] = known
            else:
                fresh[name] = board
        for part in spread(list(fresh), lambda names: self._rank_here(names, fresh), _size(fresh.values())):
            self._memory.units |= part
        return [
            Ranked(board, msgspec.json.decode(self._memory.units[name].gave, type=Standings))
            for name, board in named.items()
        ]

    def _rank_here(self, names: Sequence[str], boards: Mapping[str, Board]) -> dict[str, Made]:
        found = {name: (self._board_digests[boards[name].key], standings(boards[name])) for name in names}
        return {
            name: Made(digest, [], msgspec.Raw(msgspec.json.encode(item))) for name, (digest, item) in found.items()
        }

    def _make(self, units: Sequence[Unit]) -> dict[str, object]:
        """Make the pages that an earlier build did not make from the same records; what each gave, by its name."""
        fresh = []
        for unit in units:
            known = self._memory.known(unit.name, unit.digest)
            if known and self._site.keep_all(known.files):
                self._memory.units[unit.name] = known
            else:
                fresh.append(unit)
        for part in spread(fresh, self._make_here):
            self._memory.units |= part.made
            self._site.adopt({file for made in part.made.values() for file in made.files}, part.written)
            self._drawn |= part.drawn
        return {unit.name: msgspec.json.decode(self._memory.units[unit.name].gave) for unit in units}

    def _make_here(self, units: Sequence[Unit]) -> Part:
        before, self._site.written = self._site.written, 0
        made = {}
        for unit in units:
            self._site.take_unit()
            gave = msgspec.Raw(msgspec.json.encode(unit.make()))
            made[unit.name] = Made(unit.digest, self._site.take_unit(), gave)
        written, self._site.written = self._site.written, before
        return Part(made, written, self._drawn)

    def _page(self, page: Page, tables: Sequence[Table] = ()) -> None:
        page = with_downloads(page, tables, self._site.write)
        self._site.write(page.path, self._renderer.render(page))

    def _records(self) -> list[Unit]:
        found = []
        for ranked in self._ranked:
            board = self._board_digests[ranked.board.key].encode()
            for entry in (*ranked.board.standing, *ranked.board.past):
                digest = joined([board, self._digests.entry(entry)])
                found.append(Unit(f"r/{entry.record.id}", digest, partial(self._record, entry, ranked)))
        return found

    def _record(self, entry: Entry, ranked: Ranked) -> None:
        page = record_view(entry, ranked.board, ranked.standings, self._collection, self._curves)
        self._site.write(f"r/{entry.record.id}/record.json", encode(entry.record))
        self._page(page, [table for section in page.sections for table in section.tables if table.data])

    def _submissions(self) -> list[Unit]:
        placed: dict[str, tuple[list[Placed], list[Placed]]] = {}
        for ranked in self._ranked:
            for kind, entries in enumerate((ranked.board.entries, (*ranked.board.repeats, *ranked.board.past))):
                for entry in entries:
                    found = placed.setdefault(submission_id(entry.record), ([], []))
                    found[kind].append((entry, ranked.board, ranked.standings))
        return [
            Unit(f"s/{id}", self._submission_digest([*standing, *past]), partial(self._submission, standing, past))
            for id, (standing, past) in placed.items()
        ]

    def _submission_digest(self, placed: Sequence[Placed]) -> str:
        verdicts = self._verdicts.get(placed[0][0].record.submission.name, ())
        return joined([self._placed_digest([item[:2] for item in placed]).encode(), *map(stated, verdicts)])

    def _placed_digest(self, placed: Sequence[tuple[Entry, Board]]) -> str:
        return joined(
            part
            for entry, board in placed
            for part in (self._digests.entry(entry), self._board_digests[board.key].encode())
        )

    def _submission(self, standing: Sequence[Placed], past: Sequence[Placed]) -> None:
        name = (standing or past)[0][0].record.submission.name
        paper, verdicts = (paper_path(name), self._verdicts[name]) if name in self._verdicts else ("", ())
        page, tables = submission_view(standing, past, self._curves, self._ranges, paper, self._picture, verdicts)
        page = with_methods(page, [(standing or past)[0][0].record], self._known, self._site.write)
        self._page(with_badges(page, standing, self._site.write), tables)

    def _boards(self) -> list[Unit]:
        return [
            Unit(f"b/{ranked.board.key.id}", self._board_digests[ranked.board.key], partial(self._board, ranked))
            for ranked in self._ranked
        ]

    def _board(self, ranked: Ranked) -> str:
        view: BoardView = board_view(ranked.board, ranked.standings, self._plot)
        records = [entry.record for entry in ranked.board.listed]
        self._page(with_methods(view.page, records, self._known, self._site.write), view.tables)
        for page, tables in view.further:
            self._page(page, tables)
        return view.summary

    def _papers(self) -> None:
        """The pages of the papers whose claims are followed, beside every record that is shown."""
        boards = {entry.record.id: ranked.board for ranked in self._ranked for entry in ranked.board.standing}
        records = [entry.record for ranked in self._ranked for entry in ranked.board.standing]
        for report in self._reports:
            self._page(*paper_view(report, records, boards))

    def _host(self, results: Sequence[OnHost]) -> Unit:
        """The page of a host that timed something."""
        placed = [(item.entry, item.board) for item in results]

        def make() -> None:
            page, table = host_view(results)
            self._page(page, [table])

        return Unit(host_path(results[0].host), self._placed_digest(placed), make)

    def _everything(self, shown: Sequence[Entry]) -> Unit:
        """All records as files."""

        def make() -> None:
            listed = rows(entry.record for entry in shown)
            self._site.write("records.csv", to_csv(listed))
            self._site.write("records.json", to_json(listed))

        return Unit("records", joined(map(self._digests.entry, shown)), make)

    def _plot(self, scatter: Scatter) -> PlotPaths:
        return self._with_data(scatter.name, lambda: draw(scatter), lambda: points_csv(scatter))

    def _picture(self, name: str, draw: Callable[[], bytes]) -> str:
        if not self._site.keep(path := f"plots/{name}.png"):
            self._site.write(path, draw())
        return path

    def _ranges(self, plot: RangePlot) -> PlotPaths:
        return self._with_data(plot.name, lambda: draw_ranges(plot), lambda: ranges_csv(plot))

    def _with_data(self, name: str, draw: Callable[[], tuple[bytes, bytes]], data: Callable[[], bytes]) -> PlotPaths:
        light, dark = self._drawn_once(name, draw)
        if not self._site.keep(path := f"plots/{name}.csv"):
            self._site.write(path, data())
        return PlotPaths(light, dark, path)

    def _curves(self, plot: CurvePlot) -> CurveFiles:
        files = self._with_data(plot.name, lambda: _draw_curves(plot), lambda: plot_csv(plot))
        return CurveFiles(files.light, files.dark, files.data)

    def _drawn_once(self, name: str, draw: Callable[[], tuple[bytes, bytes]]) -> tuple[str, str]:
        """The light and the dark file of a drawing, made unless an earlier build or page has made it."""
        light, dark = f"plots/{name}.svg", f"plots/{name}-dark.svg"
        if not (self._site.keep(light) and self._site.keep(dark)):
            for path, data in zip((light, dark), draw(), strict=True):
                self._site.write(path, data)
            self._drawn.add(name)
        return light, dark


def _draw_curves(plot: CurvePlot) -> tuple[bytes, bytes]:
    try:
        return draw_curves(plot)
    except Exception:  # curves come from strangers, and what matplotlib raises on odd ones has no bound
        raise RecordError("its curves cannot be drawn") from None


def _size(boards: Iterable[Board]) -> int:
    return sum(len(board.entries) for board in boards)


def _open(entries: Sequence[Entry]) -> list[Entry]:
    """Those of data sets that are not withdrawn. Every record speaks for itself alone: none may hide a board of others."""
    return [entry for entry in entries if not entry.record.task.hidden]


def _site_facts(collection: Collection) -> SiteFacts:
    digest = hashlib.sha256()
    for entry in collection.entries.values():
        digest.update(msgspec.json.encode(entry.record))
    newest = max((day(entry.record.run.finished) for entry in collection.current), default="")
    return SiteFacts(
        records=len(collection.current), digest=digest.hexdigest()[:12], newest=newest, version=__version__
    )
