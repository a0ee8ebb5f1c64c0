"""``harness log``: mirror to MLflow what is not there yet."""

import argparse
from pathlib import Path
from typing import Any

from harness.cli.arguments import add_json, print_json


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser("log", help="mirror to MLflow every record that is not there yet")
    parser.add_argument("--home", type=Path, metavar="DIR", help="folder of the results")
    parser.add_argument(
        "--tracking-uri",
        default="",
        metavar="URI",
        help="MLflow server (default: MLFLOW_TRACKING_URI, else SQLite in the home)",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Mirror and say how many."""
    from harness.cli.terminal import TerminalReporter
    from harness.errors import UsageError
    from harness.mlflow_log import log_home
    from harness.store import Home, default_home

    home = arguments.home or default_home()
    if not (home / "records").is_dir():
        raise UsageError(f"{home} holds no records; name the folder of your results with --home")
    logged, uri, rejected = log_home(Home(home), arguments.tracking_uri, TerminalReporter())
    if arguments.json:
        print_json({"tracking_uri": uri, "logged": logged, "rejected": rejected})
        return 0
    print(f"{len(logged)} records were mirrored to {uri}")
    for reason in rejected:
        print(f"left out: {reason}")
    return 0
