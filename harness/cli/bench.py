"""``harness bench``: measure only."""

import argparse
from typing import Any

from harness.cli.arguments import add_options, print_json, run_options


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser("bench", help="measure latency, energy and cost of a submission; nothing is scored")
    add_options(parser, "bench", task_required=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from harness.cli.show import show_measurements
    from harness.cli.terminal import TerminalReporter, results_only
    from harness.runs import bench

    with results_only(arguments.json):
        measured = bench(run_options(arguments), TerminalReporter())
    if arguments.json:
        import msgspec

        print_json(msgspec.to_builtins(measured))
    else:
        print(show_measurements(measured))
    return 0
