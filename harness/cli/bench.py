"""``harness bench``: measure only."""

import argparse
import shlex
from dataclasses import replace
from typing import Any

from harness.cli.arguments import add_options, print_json, run_options
from harness.errors import UsageError
from harness.options import RunOptions

SHARED_WEIGHTS = ("random", "default")
"""What --weights may say of both submissions; a file belongs to one."""


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "bench", help="measure latency, throughput, energy and cost of a submission; nothing is scored",
        description="Measure a submission on real samples, in fresh processes; nothing is scored and no record is written. "
        "--against 'NAME [FLAGS]' times a second one in turns with it and tells the ratio.",
    )  # fmt: skip
    add_options(parser, "bench", task_required=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from harness.cli.show import show_measurements
    from harness.cli.show_speed import show_comparison
    from harness.cli.terminal import TerminalReporter, results_only
    from harness.runs import bench, bench_against

    options, reporter = run_options(arguments), TerminalReporter()
    with results_only(arguments.json):
        compared = bench_against(options, second_options(options), reporter) if options.against else None
        measured = bench(options, reporter) if compared is None else None
    if arguments.json:
        import msgspec

        print_json(msgspec.to_builtins(measured or compared))
    elif compared is not None:
        print(show_comparison(compared))
    elif measured is not None:
        print(show_measurements(measured))
    return 0


def second_options(options: RunOptions) -> RunOptions:
    """What ``--against 'NAME [FLAGS]'`` asks for: the first's options but for the flags that stand there."""
    try:
        name, *flags = shlex.split(options.against)
    except ValueError as error:
        raise UsageError(f"--against {options.against}: {error}") from None
    parser = argparse.ArgumentParser(prog="harness bench --against", add_help=False, exit_on_error=False)
    add_options(parser, "bench", task=False)
    for action in parser._actions:
        action.default, action.required = argparse.SUPPRESS, False
    try:
        stated, unknown = parser.parse_known_args(flags)
    except argparse.ArgumentError as error:
        raise UsageError(f"--against: {error}") from None
    if unknown:
        raise UsageError(f"--against: there is no flag {unknown[0]}")
    chosen = run_options(stated, task=options.task, submission=name)
    values = {key: getattr(chosen, key) for key in vars(stated) if hasattr(chosen, key)}
    weights = options.weights if options.weights in SHARED_WEIGHTS else ""
    inherited = {
        "submission": name,
        "weights": weights,
        "weights_key": "",
        "variant": "",
        "against": "",
        "settings": {},
    }
    return replace(options, **(inherited | values))
