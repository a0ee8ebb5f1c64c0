"""Building the site of 10,000 records: `python benchmarks/leaderboard_build.py [--records N] [--boards N] [--folder DIR]`.

Four builds: the first, which draws every plot; one that makes every page again with the plots in place; one where nothing has
changed; one after a single new record. Said of each are wall-clock seconds; CPU seconds of all processes; those of the first
process alone, which does half of the pages and all that is not shared out: on two idle cores a build takes about so long,
whatever else this machine does; and files written. Then bytes of pages beside their budgets, and whether a second folder
gets the same bytes. What the records are: `leaderboard_records.py`.
"""

import argparse
import gzip
import os
import sys
import tempfile
import time
from pathlib import Path

import leaderboard_records

from leaderboard.build import BuildReport, build_site
from leaderboard.pages import TEMPLATES

BUDGET_S = 30.0
SHELL_RAW, SHELL_PACKED = 60_000, 20_000
SMALL_PAGE, LARGE_PAGE = 150_000, 450_000
"""Bytes with gzip of a board of up to 1,000 rows and of up to 10,000."""


def timed(name: str, home: Path, out: Path) -> BuildReport:
    """Build once and say what it took."""
    wall, before = time.perf_counter(), os.times()
    report = build_site([home], out)
    wall, after = time.perf_counter() - wall, os.times()
    own, every = sum(after[:2]) - sum(before[:2]), sum(after[:4]) - sum(before[:4])
    load = os.getloadavg()[0]
    say(
        f"{name}: {wall:.1f} s at a load of {load:.0f}, {every:.1f} s of CPU ({own:.1f} s in the first process), "
        f"{report.written} of {report.files} files, {report.plots_drawn} plots"
    )
    return report


def say(text: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def packed(data: bytes) -> int:
    """Bytes with gzip, as the server packs."""
    return len(gzip.compress(data, 6))


def say_bytes(site: Path, records: int, boards: int) -> None:
    """Bytes of the shell and of the largest page of each kind, beside their budgets."""
    shell = b"".join(path.read_bytes() for path in sorted(TEMPLATES.iterdir()) if path.suffix in (".css", ".js"))
    say(f"shell: {len(shell):,} bytes ({SHELL_RAW:,} allowed), {packed(shell):,} with gzip ({SHELL_PACKED:,} allowed)")
    rows = -(-records // boards)
    budget = SMALL_PAGE if rows <= 1000 else LARGE_PAGE
    for kind, allowed in (
        ("b", f" ({budget:,} allowed for {rows:,} rows)"),
        ("s", ""),
        ("r", ""),
        ("p", ""),
        ("h", ""),
    ):
        pages = sorted(site.glob(f"{kind}/*/index.html"), key=lambda path: path.stat().st_size)
        if pages:
            data = pages[-1].read_bytes()
            say(f"largest page {kind}/: {len(data):,} bytes, {packed(data):,} with gzip{allowed}")
    index = (site / "index.html").read_bytes()
    say(f"first page: {len(index):,} bytes, {packed(index):,} with gzip")


def same(one: Path, other: Path) -> bool:
    """Whether two sites have the same files with the same bytes."""
    listed = [{path.relative_to(site) for path in site.rglob("[!.]*") if path.is_file()} for site in (one, other)]
    return listed[0] == listed[1] and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in listed[0]
    )


def main() -> None:
    """Time the builds and say what they made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--boards", type=int, default=40)
    parser.add_argument("--home", type=Path, default=None, help="a home with these records, made by an earlier run")
    parser.add_argument("--folder", type=Path, default=None, help="where to write (default: a temporary folder)")
    parser.add_argument("--no-second", action="store_true", help="leave out the second folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        home, site = arguments.home or Path(folder) / "home", Path(folder) / "site"
        if not (home / "records").is_dir():
            say(f"writing {arguments.records:,} records")
            leaderboard_records.write_records(home, arguments.records, arguments.boards)
        timed("first build", home, site)
        (site / ".built.json").unlink()
        timed(f"every page again, plots in place ({BUDGET_S:.0f} s allowed)", home, site)
        timed("nothing changed", home, site)
        leaderboard_records.write_records(home, 1, 1, first=10 * arguments.records)
        timed("one new record", home, site)
        say_bytes(site, arguments.records, arguments.boards)
        if not arguments.no_second:
            timed("into a second folder", home, Path(folder) / "second")
            say(f"the same bytes: {'yes' if same(site, Path(folder) / 'second') else 'NO'}")


if __name__ == "__main__":
    main()
