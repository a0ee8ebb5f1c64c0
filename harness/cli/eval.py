"""``harness eval``: predict, score, measure, record, log, show."""

import argparse
from typing import Any

from harness.cli.arguments import add_options, run_options


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "eval", help="run a submission on a task: predict, score, measure, record, log",
        description="Run a submission on a task, score it, measure it, write a record, mirror it to MLflow, build the page. "
        "An interrupted run goes on where it stopped when the same command is given again.",
    )  # fmt: skip
    add_options(parser, "eval")
    parser.set_defaults(run=run, resumes=True)


def run(arguments: argparse.Namespace) -> int:
    """Run, then print the result and where everything is."""
    from harness.cli.show import print_outcome
    from harness.cli.terminal import TerminalReporter, results_only
    from harness.publish import after_eval
    from harness.runs import evaluate

    options, reporter = run_options(arguments), TerminalReporter()
    with results_only(arguments.json):
        outcome = evaluate(options, reporter)
        places = after_eval(outcome, options, reporter)
    return print_outcome(outcome, places, "this run was finished already; --again runs it once more", arguments.json)
