"""``harness eval``: predict, score, measure, record, log, show."""

import argparse
from typing import Any

from harness.cli.arguments import add_options, print_json, run_options


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "eval", help="run a submission on a task: predict, score, measure, record, log",
        description="Run a submission on a task, score it, measure it, write a record, mirror it to MLflow, build the page. "
        "An interrupted run goes on where it stopped when the same command is given again.",
    )  # fmt: skip
    add_options(parser, "eval")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run, then print the result and where everything is."""
    from harness.cli.show import show_record
    from harness.cli.terminal import TerminalReporter, results_only
    from harness.publish import after_eval
    from harness.record import encode
    from harness.runs import evaluate

    options, reporter = run_options(arguments), TerminalReporter()
    with results_only(arguments.json):
        outcome = evaluate(options, reporter)
        places = after_eval(outcome, options, reporter)
    if arguments.json:
        print_json(encode(outcome.record))
        return 0
    print(show_record(outcome.record))
    print()
    already = "" if outcome.new else " (this run was finished already; --again runs it once more)"
    print(f"record        {outcome.path}{already}")
    for name, place in places.items():
        print(f"{name:<14}{place}")
    if outcome.record.task.origin == "sample":
        print(
            f"This is the generated sample of {outcome.record.task.id}, not the benchmark; --data DIR names the real one."
        )
    return 0
