"""``harness verify``: score a record's stored predictions again and compare."""

import argparse
from typing import Any

from harness.cli.arguments import add_options, print_json, run_options


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser("verify", help="score the stored predictions of a record again and compare every digit")
    parser.add_argument("record", metavar="RECORD", help="id (or its beginning) or path of a record")
    parser.add_argument(
        "--task", default="", metavar="TASK", help="where the record's task is, if it is a folder that moved"
    )
    add_options(parser, "verify", task=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Verify; exit status 1 where a digit differs."""
    from harness.cli.terminal import TerminalReporter, results_only
    from harness.record import encode
    from harness.verification import verify

    with results_only(arguments.json):
        outcome = verify(arguments.record, run_options(arguments, task=arguments.task), TerminalReporter())
    found = outcome.record.verifications[-1]
    if arguments.json:
        print_json(encode(outcome.record))
    elif found.equal:
        print(
            f"record {outcome.record.id} is verified: {len(outcome.record.metrics)} metrics and every digest were found again"
        )
    else:
        print(f"record {outcome.record.id} is disputed:\n" + "\n".join(f"  {line}" for line in found.differences))
    return 0 if found.equal else 1
