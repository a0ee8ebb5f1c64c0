"""From homes to a site: the same records give the same bytes; what has not changed is not written or drawn again."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import __version__
from harness.errors import RecordError
from harness.files import lock
from harness.record import encode
from leaderboard.board_view import BoardView, board_view
from leaderboard.boards import Board, group, submission_id
from leaderboard.collect import Collection, check_homes, collect
from leaderboard.curve_drawing import draw as draw_curves
from leaderboard.curve_plot import CurvePlot, plot_csv
from leaderboard.curve_view import CurveFiles
from leaderboard.entries import Entry
from leaderboard.export import rows, to_csv, to_json
from leaderboard.index_view import Listed, index_view
from leaderboard.output import SiteFolder, built_before
from leaderboard.pages import Renderer, SiteFacts
from leaderboard.plot import Scatter, draw
from leaderboard.record_view import record_view
from leaderboard.standings import Standings, standings
from leaderboard.submission_view import Placed, submission_view
from leaderboard.table import Table, table_csv, table_json
from leaderboard.text import day
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


def build_site(homes: Sequence[Path], out: Path, *, show_hidden: bool = False) -> BuildReport:
    """Build the site of every record in `homes` at `out`.

    `show_hidden` includes boards of withdrawn data sets. Raises UsageError where `out` holds other things than a site.
    """
    check_homes(homes)
    built_before(out)  # refuses a folder of other things before the lock is put into it
    with lock(out / ".lock"):
        # Read under the lock: of two builds at once the later one then knows every record of the earlier one.
        return _Build(collect(homes), out, show_hidden).run()


class _Build:
    """One build: ranks first, then pages from the leaves to the index, so that the index never points at nothing."""

    def __init__(self, collection: Collection, out: Path, show_hidden: bool) -> None:
        self._collection = collection
        everything = group(collection.current, collection.past)
        shown = everything if show_hidden else group(_open(collection.current), _open(collection.past))
        self._hidden = len(everything) - len(shown)
        self._ranked = [Ranked(board, standings(board)) for board in shown]
        self._site = SiteFolder(out)
        self._renderer = Renderer(_site_facts(collection))
        self._drawn = 0

    def run(self) -> BuildReport:
        """Write everything."""
        self._site.start()
        self._records()
        submissions = self._submissions()
        listed = [self._board(ranked) for ranked in self._ranked]
        shown = [entry.record for ranked in self._ranked for entry in ranked.board.standing]
        everything = rows(shown)
        self._site.write("records.csv", to_csv(everything))
        self._site.write("records.json", to_json(everything))
        self._page(index_view(listed, self._collection, self._hidden))
        files = self._site.finish()
        return BuildReport(
            index=self._site.path / "index.html",
            records=len(shown),
            boards=len(listed),
            submissions=submissions,
            files=files,
            rejected=len(self._collection.rejected),
            hidden=self._hidden,
            written=self._site.written,
            plots_drawn=self._drawn,
        )

    def _page(self, page: Page, tables: Sequence[Table] = ()) -> None:
        folder = page.path.rpartition("/")[0]
        for table in tables:
            stem = f"{folder}/{table.data}"
            self._site.write(f"{stem}.csv", table_csv(table))
            self._site.write(f"{stem}.json", table_json(table))
        self._site.write(page.path, self._renderer.render(page))

    def _records(self) -> None:
        for ranked in self._ranked:
            for entry in (*ranked.board.standing, *ranked.board.past):
                page = record_view(entry, ranked.board, ranked.standings, self._collection, self._curves)
                self._site.write(f"r/{entry.record.id}/record.json", encode(entry.record))
                self._page(page, [table for section in page.sections for table in section.tables if table.data])

    def _submissions(self) -> int:
        placed: dict[str, tuple[list[Placed], list[Placed]]] = {}
        for ranked in self._ranked:
            for kind, entries in enumerate((ranked.board.entries, (*ranked.board.repeats, *ranked.board.past))):
                for entry in entries:
                    found = placed.setdefault(submission_id(entry.record), ([], []))
                    found[kind].append((entry, ranked.board, ranked.standings))
        for standing, past in placed.values():
            self._page(*submission_view(standing, past, self._curves))
        return len(placed)

    def _board(self, ranked: Ranked) -> Listed:
        view: BoardView = board_view(ranked.board, ranked.standings, self._plot)
        self._page(view.page, view.tables)
        return Listed(ranked.board, view.summary, len(ranked.standings.ranges))

    def _plot(self, scatter: Scatter) -> tuple[str, str]:
        return self._drawn_once(scatter.name, lambda: draw(scatter))

    def _curves(self, plot: CurvePlot) -> CurveFiles:
        name = plot.name
        light, dark = self._drawn_once(name, lambda: _draw_curves(plot))
        if not self._site.keep(data := f"plots/{name}.csv"):
            self._site.write(data, plot_csv(plot))
        return CurveFiles(light, dark, data)

    def _drawn_once(self, name: str, draw: Callable[[], tuple[bytes, bytes]]) -> tuple[str, str]:
        """The light and the dark file of a drawing, made unless an earlier build or page has made it."""
        light, dark = f"plots/{name}.svg", f"plots/{name}-dark.svg"
        if not (self._site.keep(light) and self._site.keep(dark)):
            for path, data in zip((light, dark), draw(), strict=True):
                self._site.write(path, data)
            self._drawn += 1
        return light, dark


def _draw_curves(plot: CurvePlot) -> tuple[bytes, bytes]:
    try:
        return draw_curves(plot)
    except Exception:  # curves come from strangers, and what matplotlib raises on odd ones has no bound
        raise RecordError("its curves cannot be drawn") from None


def _open(entries: Sequence[Entry]) -> list[Entry]:
    """Those of data sets that are not withdrawn. Every record speaks for itself alone: none may hide a board of others."""
    return [entry for entry in entries if not entry.record.task.hidden]


def _site_facts(collection: Collection) -> SiteFacts:
    digest = hashlib.sha256()
    for entry in collection.entries.values():
        digest.update(encode(entry.record))
    newest = max((day(entry.record.run.finished) for entry in collection.current), default="")
    return SiteFacts(
        records=len(collection.current), digest=digest.hexdigest()[:12], newest=newest, version=__version__
    )
