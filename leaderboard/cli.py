"""The verbs ``harness leaderboard`` and ``harness export``. Nothing heavy is imported before a verb runs."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leaderboard.check_verb import add_check

DEFAULT_OUT = Path("site")
DEFAULT_PORT = 8765
FORMATS = ("csv", "json", "parquet", "latex", "markdown", "bibtex")
Subparsers = Any


def register(subparsers: Subparsers) -> None:
    """Add ``leaderboard build``, ``leaderboard serve`` and ``leaderboard check``."""
    parser = subparsers.add_parser("leaderboard", help="make a site of the records, or show it")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    build = _verb(verbs, "build", "make a static site of every record", _build)
    build.add_argument(
        "--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="folder of the site (default: site)"
    )
    build.add_argument("--show-hidden", action="store_true", help="include boards of withdrawn data sets")
    build.add_argument(
        "--tracking-uri",
        default="",
        metavar="URI",
        help="take the records of an MLflow server too; without --home only these",
    )
    serve = _verb(verbs, "serve", "build the site and show it on this machine", _serve)
    serve.add_argument(
        "--out", type=Path, default=None, metavar="DIR", help="folder of the site (default: site in the first home)"
    )
    serve.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen at (default: this machine only)"
    )
    serve.add_argument(
        "--port", type=int, default=DEFAULT_PORT, metavar="N", help=f"port (default: {DEFAULT_PORT}; 0: any free one)"
    )
    serve.add_argument("--no-watch", action="store_true", help="do not build again when records change")
    add_check(verbs)


def register_export(subparsers: Subparsers) -> None:
    """Add ``export``."""
    parser = _verb(
        subparsers, "export", "records as CSV, JSON, Parquet, LaTeX, Markdown, or their methods as BibTeX", _export
    )
    parser.add_argument("--format", choices=FORMATS, help="default: csv")
    parser.add_argument("--task", default="", metavar="TASK", help="only records of this task")
    parser.add_argument("--show-hidden", action="store_true", help="include records of withdrawn data sets")
    parser.add_argument(
        "--out", type=Path, default=None, metavar="FILE", help="file to write (default: standard output)"
    )


def _verb(
    verbs: Subparsers, name: str, about: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about)
    parser.add_argument(
        "--home", type=Path, action="append", default=[], metavar="DIR", help="folder of results; may be given again"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")
    parser.set_defaults(run=run)
    return parser


def _homes(arguments: argparse.Namespace) -> list[Path]:
    from harness.store import default_home

    return list(arguments.home) or [default_home()]


def _build(arguments: argparse.Namespace) -> int:
    from leaderboard.build import build_site

    homes = _with_server(arguments) if arguments.tracking_uri else _homes(arguments)
    report = build_site(homes, arguments.out, show_hidden=arguments.show_hidden)
    if arguments.json:
        _print(_report(report))
        return 0
    drawn = f", {report.plots_drawn} plots drawn" if report.plots_drawn else ""
    rejected = f", {report.rejected} files rejected" if report.rejected else ""
    made = f"{report.records} records on {report.boards} boards, {report.written} of {report.files} files new"
    _print(f"{report.index}: {made}{drawn}{rejected}")
    return 0


def _with_server(arguments: argparse.Namespace) -> list[Path]:
    """The homes that are named, and one that keeps what the server has."""
    from harness.store import Home, default_home
    from leaderboard.boards import short_hash
    from leaderboard.pulling import pull

    pulled = default_home() / "pulled" / short_hash(arguments.tracking_uri)
    pull(arguments.tracking_uri, Home(pulled))
    return [*arguments.home, pulled]


def _serve(arguments: argparse.Namespace) -> int:
    from leaderboard.build import build_site
    from leaderboard.hooks import SITE
    from leaderboard.serve import check_address, serve
    from leaderboard.watching import Watcher

    homes = _homes(arguments)
    check_address(arguments.host, arguments.port)
    out = arguments.out or homes[0] / SITE
    report = build_site(homes, out)
    watcher = Watcher(homes, lambda: build_site(homes, out))

    def ready(address: str) -> None:
        _print({"address": address, "folder": str(out)} if arguments.json else f"{out} at {address} (Ctrl-C ends it)")
        if not arguments.no_watch:
            watcher.start()

    def health() -> dict[str, Any]:
        return {
            "records": report.records,
            "rebuilds": watcher.builds,
            "last_rebuild": "failed" if watcher.failed else "ok",
        }

    serve(out, arguments.host, arguments.port, ready, health)
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from harness.cli.terminal import TerminalReporter
    from harness.files import write_bytes
    from leaderboard.collect import collect
    from leaderboard.export import WRITERS

    form = _format(arguments)
    records = [entry.record for entry in collect(_homes(arguments)).current]
    named = [record for record in records if arguments.task in ("", record.task.id)]
    chosen = [record for record in named if arguments.show_hidden or not record.task.hidden]
    if len(chosen) < len(named):
        left = len(named) - len(chosen)
        TerminalReporter().note(
            f"left out: {left} of {len(named)} records, of withdrawn data sets; --show-hidden lists them"
        )
    data = WRITERS[form](chosen)
    if arguments.out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_bytes(arguments.out, data)
    return 0


def _format(arguments: argparse.Namespace) -> str:
    """The form asked for; raises UsageError for two at once."""
    from harness.errors import UsageError

    if arguments.json and arguments.format not in (None, "json"):
        raise UsageError(f"--json and --format {arguments.format} ask for two forms of one output; give one of them")
    return "json" if arguments.json else arguments.format or "csv"


def _report(report: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(report).items()}


def _print(value: Any) -> None:
    sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\n")
    sys.stdout.flush()
