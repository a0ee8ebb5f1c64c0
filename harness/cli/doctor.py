"""``harness doctor``: what this machine can measure, and how to enable the rest."""

import argparse
from typing import Any

from harness.cli.arguments import add_json, print_json


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser("doctor", help="what this machine can run and measure")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every finding."""
    import msgspec

    from harness.cli.terminal import table
    from harness.measure import describe_host, examine

    host, findings = describe_host("cpu"), examine()
    if arguments.json:
        print_json(
            {"host": msgspec.to_builtins(host), "findings": [msgspec.to_builtins(finding) for finding in findings]}
        )
        return 0
    print(f"host {host.host_id}: {host.title}\n")
    rows = [(f.what, "yes" if f.available else "no", f.reason, f.how_to_enable) for f in findings]
    print(table(rows, ("what", "here", "because", "to enable")))
    return 0
