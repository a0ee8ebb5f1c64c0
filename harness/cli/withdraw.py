"""``harness withdraw``: take a result back, and say why."""

import argparse
from pathlib import Path
from typing import Any

from harness.cli.arguments import add_json, print_json


def register(verbs: Any) -> None:
    """Add the verb."""
    about = "take a result back: it is listed as withdrawn from then on, never deleted"
    parser = verbs.add_parser("withdraw", help=about, description=about)
    parser.add_argument("record", metavar="RECORD", help="id (or its beginning) or path of a record")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for readers of the board")
    parser.add_argument("--home", type=Path, metavar="DIR", help="folder of the results")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the withdrawal."""
    from harness.record import encode
    from harness.store import Home, default_home
    from harness.withdrawal import withdraw

    made, path = withdraw(Home(arguments.home or default_home()), arguments.record, arguments.reason)
    if arguments.json:
        print_json(encode(made))
    else:
        print(f"record {made.withdraws[0]} is withdrawn by record {made.id}: {path}")
    return 0
