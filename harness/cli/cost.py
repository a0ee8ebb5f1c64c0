"""``harness cost``: parameters, operations by type, bits, and what papers' conventions make of them."""

import argparse
from typing import TYPE_CHECKING, Any

from harness.cli.arguments import add_options, print_json, run_options
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.costing import Counted


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser("cost", help="count parameters, operations by type and bits of a submission")
    parser.add_argument("named", nargs="?", default="", metavar="SUBMISSION", help="name, folder, or scheme:NAME")
    parser.add_argument("--submission", default="", metavar="NAME", help="the same as a flag")
    parser.add_argument("--task", default="", metavar="TASK", help="count on this task's data, or its generated sample")
    parser.add_argument(
        "--input", default="", metavar="CxHxW", help="count the network on one picture of this size, such as 3x224x224"
    )
    add_options(parser, "cost", task=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Count and print."""
    from harness.cli.show_cost import show_cost
    from harness.cli.terminal import TerminalReporter, results_only
    from harness.costing import count

    name = _submission(arguments.named, arguments.submission)
    size = read_size(arguments.input)
    with results_only(arguments.json):
        found = count(run_options(arguments, submission=name), TerminalReporter(), size)
    if arguments.json:
        print_json(as_json(found))
    else:
        print("\n".join([*_about(found), *show_cost(found.cost)]))
    return 0


def _submission(named: str, flag: str) -> str:
    if named and flag and named != flag:
        raise UsageError(f"two submissions are named, {named} and {flag}; 'harness cost' counts one")
    if not (named or flag):
        raise UsageError("no submission is named; write 'harness cost NAME' ('harness submissions' lists them)")
    return named or flag


def read_size(text: str) -> list[int]:
    """``3x224x224`` -> [3, 224, 224]; the empty text gives no size. Raises UsageError."""
    if not text:
        return []
    parts = text.lower().replace(",", "x").split("x")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and 0 < int(part) <= 65536 for part in parts):
        raise UsageError(f"--input {text}: write channels, height and width, such as 3x224x224")
    return [int(part) for part in parts]


def as_json(found: "Counted") -> dict[str, Any]:
    """What was counted, on what, and the cost as a record keeps it."""
    import msgspec

    submission = found.submission
    return {
        "submission": submission.name, "variant": submission.variant, "options": dict(submission.options),
        "weights": submission.checkpoint.kind, "emulated": submission.emulated, "task": found.task,
        "counted_on": found.on, "cost": msgspec.to_builtins(found.cost),
    }  # fmt: skip


def _about(found: "Counted") -> list[str]:
    submission = found.submission
    variant = f" ({submission.variant})" if submission.variant else ""
    lines = [f"{submission.name}{variant} as built for {found.task}, counted on {found.on}"]
    if submission.emulated:
        lines.append(f"{submission.emulated} arithmetic is emulated in floating point; what is declared is counted")
    return lines
