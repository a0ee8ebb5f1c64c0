"""A board's page with many results: its bytes, and how long a browser takes to show, sort and filter it.

    python benchmarks/leaderboard_page.py [--rows 10000] [--slowdown 4]

The results are simulated and say so; page and script are those of every site. Each action is done 7 times in headless
Chromium. Told are the least and the median time from the press of a button to the second frame after it, which on a busy machine
are mostly waiting, and the median of the processor's time that the page's main thread took for it (script, styles, layout,
paint), which is not.
"""

import argparse
import gzip
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.record import (
    Artifact,
    Cost,
    Interval,
    Measurements,
    Metric,
    Record,
    Run,
    SubmissionPart,
    TaskPart,
    with_id,
)
from harness.store import Home
from leaderboard.board_view import board_view
from leaderboard.entries import Entry
from leaderboard.grouping import group
from leaderboard.pages import Renderer, SiteFacts
from leaderboard.ranks import RankRange
from leaderboard.standings import Standings
from leaderboard.trade_view import PlotPaths

PAINTED = """action => new Promise(done => {
  const start = performance.now();
  action_();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
  function action_() {
    if (action.press) { document.querySelector(action.press).click(); return; }
    const input = document.querySelector(action.into);
    input.value = action.text;
    input.dispatchEvent(new Event('input'));
  }
})"""
ACTIONS = {
    "sort by score": {"press": "#results-table th[data-key='score'] button"},
    "sort by name": {"press": "#results-table th[data-key='submission'] button"},
    "filter by name": {"into": ".filters input[type=search]", "text": "77"},
    "all rows again": {"into": ".filters input[type=search]", "text": ""},
}


def simulated(number: int) -> Record:
    """A result whose score was drawn, not measured."""
    draw = np.random.default_rng(number)
    score, cost = float(draw.uniform(0.2, 0.95)), int(draw.integers(1_000_000, 400_000_000))
    month = f"{18 + number % 8}{1 + number % 12:02d}"
    bounds = Interval(low=score - 0.02, high=score + 0.02, level=0.95, method="simulated")
    return with_id(
        Record(
            schema="harness-record/1",
            id="",
            provenance=("scored", "measured", "verified")[number % 3],
            settings={},
            metrics=[Metric(name="top1", protocol="top1", value=score, interval=bounds, n=500)],
            task=TaskPart(
                id="simulated",
                version="1",
                title="Simulated questions",
                protocol="top1",
                split="val",
                main_metric="top1",
                origin="official",
                unit="image",
                samples=500,
                data_digest="0" * 64,
            ),
            submission=SubmissionPart(name=f"simulated-{number:05d}", variant="base", arxiv=f"{month}.00001"),
            measurements=Measurements(cost=Cost(parameters=cost, macs=40 * cost, complete=True)),
            run=Run(finished=f"2026-03-{1 + number % 28:02d}T10:00:00Z"),
            artifacts=[Artifact(kind="predictions", path="", digest=f"{number:064x}")],
        )
    )  # fmt: skip


def page(rows: int) -> bytes:
    """The page of a board with so many results, ranked as they are drawn; without plots, which are files of their own."""
    home = Home(Path("nowhere"))
    entries = [Entry(record, home) for record in sorted(map(simulated, range(rows)), key=lambda record: record.id)]
    [board] = group(entries, [])
    ordered = sorted(entries, key=lambda entry: -(entry.record.metrics[0].value or 0))
    ranges = {
        e.record.id: RankRange(place, min(place + 9, rows), rows, "A", None) for place, e in enumerate(ordered, 1)
    }
    view = board_view(
        board, Standings(ranges, {}), lambda scatter: PlotPaths("plots/a.svg", "plots/a.svg", "plots/a.csv")
    )
    site = SiteFacts(records=rows, digest="", newest="", version="")
    return Renderer(site).render(view.page)


PARSE = """() => {
  const text = document.querySelector("script[type='application/json']").textContent;
  const start = performance.now();
  JSON.parse(text);
  return performance.now() - start;
}"""
READY = """() => [performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd]"""
ROUNDS = 7


def timed(file: Path, slowdown: float) -> Iterator[str]:
    """A line for every action in Chromium, its processor slowed down so many times."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("no Chromium is installed: nothing was timed")
    with sync_playwright() as run:
        browser = run.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page()
        session = opened.context.new_cdp_session(opened)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        if slowdown > 1:
            session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        opened.goto(f"file://{file}")
        opened.locator(".tools > summary").first.click()
        for name, value in zip(("first paint", "ready to sort"), opened.evaluate(READY), strict=True):
            yield f"{name:16} {value:8.1f} ms"
        yield _line("parse the data", [(opened.evaluate(PARSE), 0.0) for _ in range(ROUNDS)])
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ACTIONS}
        for _ in range(ROUNDS):
            for name, action in ACTIONS.items():
                before = _busy(session)
                wall = opened.evaluate(PAINTED, action)
                found[name].append((wall, _busy(session) - before))
        yield from (_line(name, times) for name, times in found.items())
        yield f"rows drawn       {opened.locator('#results-table tbody tr').count():8}"
        browser.close()


def _busy(session: Any) -> float:
    """Milliseconds of processor time that the page's main thread has taken."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(1000 * float(item["value"]) for item in metrics if item["name"] == "TaskDuration")


def _line(name: str, times: Sequence[tuple[float, float]]) -> str:
    walls, processor = zip(*times, strict=True)
    told = f"{name:16} {min(walls):8.1f} ms least, {statistics.median(walls):8.1f} ms median"
    return told + (f", {statistics.median(processor):6.1f} ms of processor time" if any(processor) else "")


def main(arguments: Sequence[str]) -> None:
    """Print bytes and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--slowdown", type=float, default=1.0)
    asked: Any = parser.parse_args(arguments)
    data = page(asked.rows)
    print(f"{asked.rows} rows: {len(data):,} bytes, {len(gzip.compress(data)):,} with gzip")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "b" / "0" / "index.html"
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
        plots = Path(folder) / "plots"
        plots.mkdir()
        (plots / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
        for line in timed(file, asked.slowdown):
            print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
