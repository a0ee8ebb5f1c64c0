"""``harness schema``: the JSON Schema of a record."""

import argparse
from typing import Any

from harness.cli.arguments import add_json, print_json


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser("schema", help="print the JSON Schema of a record")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    from harness.record import json_schema

    print_json(json_schema())
    return 0
