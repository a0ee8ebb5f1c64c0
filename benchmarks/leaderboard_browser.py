"""A board of 10,000 rows in a browser: `python benchmarks/leaderboard_browser.py [--rows N] [--chromium PATH]`.

Only the board's own page is built, from records with replicates. Told are its bytes, when the first rows are painted, and
what passes from a click that sorts, or a word typed into a filter, to the second frame after it, the slowest of some.
"""

import argparse
import gzip
import sys
import tempfile
from pathlib import Path

import leaderboard_records

from harness import __version__
from leaderboard.board_view import board_view
from leaderboard.collect import collect
from leaderboard.downloads import with_downloads
from leaderboard.grouping import group
from leaderboard.output import SiteFolder
from leaderboard.pages import Renderer, SiteFacts
from leaderboard.plot import Scatter, draw
from leaderboard.standings import standings
from leaderboard.trade_view import PlotPaths

SORT = """async (index) => {
  const button = document.querySelectorAll('#results-table thead button')[index];
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const start = performance.now();
  button.click();
  await frame(); await frame();
  return performance.now() - start;
}"""
FILTER = """async (text) => {
  const input = document.querySelector('.tools input[type=search]');
  if (!input) { return null; }
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const start = performance.now();
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  await frame(); await frame();
  return performance.now() - start;
}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)[0]"


def write_board(home: Path, out: Path) -> Path:
    """Write the page of the home's only board; returns it."""
    [board] = group(collect([home]).current, [])
    site = SiteFolder(out)
    renderer = Renderer(SiteFacts(records=len(board.entries), digest="", newest="", version=__version__))

    def plot(scatter: Scatter) -> PlotPaths:
        paths = [f"plots/{scatter.name}{part}.svg" for part in ("", "-dark")]
        for path, data in zip(paths, draw(scatter), strict=True):
            site.write(path, data)
        return PlotPaths(*paths, "")

    view = board_view(board, standings(board), plot)
    page = with_downloads(view.page, view.tables, site.write)
    site.write(page.path, renderer.render(page))
    return out / page.path


def main() -> None:
    """Build the page, open it, sort and filter it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--folder", type=Path, default=None, help="where to write (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        leaderboard_records.write_records(Path(folder) / "home", arguments.rows, 1)
        page = write_board(Path(folder) / "home", Path(folder) / "site")
        data = page.read_bytes()
        sys.stdout.write(f"{arguments.rows:,} rows: {len(data):,} bytes, {len(gzip.compress(data, 6)):,} with gzip\n")
        sys.stdout.flush()
        measure(page, arguments.chromium)


def measure(path: Path, chromium: str) -> None:
    """Open the page and tell the times."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(path.as_uri())
        count = page.locator("#results-table thead button").count()
        sys.stdout.write(f"first rows painted after {page.evaluate(PAINT):.0f} ms\n")
        sorts = [page.evaluate(SORT, index) for index in range(count) for _ in range(2)]
        sys.stdout.write(
            f"sort to paint: {max(sorts):.0f} ms at most of {len(sorts)}, {sorted(sorts)[len(sorts) // 2]:.0f} ms median\n"
        )
        page.locator(".tools > summary").first.click()
        filters = [page.evaluate(FILTER, text) for text in ("simulated-1", "99", "nothing", "")]
        if None not in filters:
            sys.stdout.write(f"filter to paint: {max(filters):.0f} ms at most of {len(filters)}\n")
        browser.close()


if __name__ == "__main__":
    main()
