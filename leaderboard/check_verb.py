"""The verb ``harness leaderboard check``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_check(verbs: Any) -> None:
    """Add the verb to those of ``harness leaderboard``."""
    about = "whether a folder of records may be published: schema, digests, duplicates, no score changed in silence"
    check = verbs.add_parser("check", help=about, description=about)
    check.add_argument("folder", type=Path, metavar="DIR", help="a home, or its folder 'records'")
    check.add_argument(
        "--against",
        default="",
        metavar="BASE",
        help="what was published before: a folder, or a commit of DIR's repository",
    )
    check.add_argument("--json", action="store_true", help="print one JSON document on standard output")
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from leaderboard.checking import check
    from leaderboard.published import published

    base = published(arguments.against, arguments.folder) if arguments.against else None
    count, problems = check(arguments.folder, base)
    if arguments.json:
        text = json.dumps({"records": count, "problems": [asdict(problem) for problem in problems]})
    else:
        found = f"{count} record{'' if count == 1 else 's'}, {len(problems)} problem{'' if len(problems) == 1 else 's'}"
        text = "\n".join([*map(str, problems), found])
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    return 1 if problems else 0
