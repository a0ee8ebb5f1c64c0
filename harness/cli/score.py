"""``harness score``: score a file of predictions; imports neither torch nor mlflow."""

import argparse
from pathlib import Path
from typing import Any

from harness.cli.arguments import add_options, run_options


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "score", help="score a file of predictions in the benchmark's official format",
        description="Score a file (or folder, or zip) of predictions and write a record. --submission says whose they are.",
    )  # fmt: skip
    parser.add_argument("predictions", type=Path, metavar="PREDICTIONS", help="result file, folder or zip")
    add_options(parser, "score")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Score, then print the result and where the record is."""
    from harness.cli.show import print_outcome
    from harness.cli.terminal import TerminalReporter, results_only
    from harness.publish import after_score
    from harness.runs import score

    options, reporter = run_options(arguments), TerminalReporter()
    with results_only(arguments.json):
        outcome = score(options, reporter)
        places = after_score(outcome, options, reporter)
    return print_outcome(outcome, places, "it was there already", arguments.json)
