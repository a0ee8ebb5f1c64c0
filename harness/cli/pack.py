"""``harness pack`` and ``harness import``: a record with its predictions as one file, and back after checking."""

import argparse
from pathlib import Path
from typing import Any

from harness.cli.arguments import add_json, add_options, print_json, run_options


def register(verbs: Any) -> None:
    """Add both verbs."""
    about = "a record with its predictions as one file, which anybody can verify"
    parser = verbs.add_parser("pack", help=about, description=about)
    parser.add_argument("record", metavar="RECORD", help="id (or its beginning) or path of a record")
    parser.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: ID.record.zip)")
    parser.add_argument("--home", type=Path, metavar="DIR", help="folder of the results")
    add_json(parser)
    parser.set_defaults(run=pack)
    about = "take in a packed record after checking it; it is scored again where its data are at hand"
    parser = verbs.add_parser("import", help=about, description=about)
    parser.add_argument("file", type=Path, metavar="FILE", help="what 'harness pack' wrote")
    parser.add_argument("--task", default="", metavar="TASK", help="where the record's task is, if it is a folder")
    add_options(parser, "verify", task=False)
    parser.set_defaults(run=take_in)


def pack(arguments: argparse.Namespace) -> int:
    """Write the file and say what it holds."""
    from harness.packing import pack
    from harness.store import Home, default_home

    home = Home(arguments.home or default_home())
    path, record = home.find(arguments.record)
    if path.parent.name == "records" and path.is_file():
        home = Home(path.parent.parent)
    out = arguments.out or Path(f"{record.id}.record.zip")
    pack(home, record, out)
    size = out.stat().st_size
    if arguments.json:
        print_json({"record": record.id, "file": str(out), "bytes": size})
    else:
        print(f"{out}: record {record.id}, {size:,} bytes; 'harness import {out}' takes it in")
    return 0


def take_in(arguments: argparse.Namespace) -> int:
    """Take a packed record in; exit status 1 where a second scoring found something else."""
    from harness.cli.terminal import TerminalReporter, results_only
    from harness.importing import take_in
    from harness.record import encode

    with results_only(arguments.json):
        found = take_in(arguments.file, run_options(arguments, task=arguments.task), TerminalReporter())
    record = found.record
    if arguments.json:
        print_json(encode(record))
    elif not found.new:
        print(f"record {record.id} is in {found.path} already, as {record.provenance}; nothing was changed")
    elif found.rescored and record.provenance == "disputed":
        lines = [f"  {line}" for line in record.verifications[-1].differences]
        print("\n".join([f"record {record.id} was taken in, disputed: scored again it differs", *lines]))
    elif found.rescored:
        print(f"record {record.id} was taken in and is verified: {len(record.metrics)} metrics were found again")
    else:
        note = f"; not scored again: {found.note}" if found.note else ""
        print(f"record {record.id} was taken in as {record.provenance}{note}")
    return int(found.rescored and record.provenance == "disputed")
