"""``harness weights convert``: read a checkpoint that the safe loader refuses, once, in a process of its own."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.cli.arguments import add_json, print_json


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser("weights", help="convert a checkpoint that the safe loader refuses")
    parts = parser.add_subparsers(metavar="PART", required=True)
    convert = parts.add_parser(
        "convert", help="read a trusted checkpoint in a process of its own and keep only its tensors"
    )
    convert.add_argument("checkpoint", type=Path, metavar="FILE")
    convert.add_argument("out", type=Path, metavar="OUT.safetensors")
    convert.add_argument(
        "--weights-key", default="", metavar="KEY", help="entry of the checkpoint that holds the network"
    )
    add_json(convert)
    convert.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Convert in a child process, because the file may run code."""
    from harness.errors import UsageError, WeightsError

    if not arguments.checkpoint.is_file():
        raise UsageError(f"{arguments.checkpoint}: there is no such file")
    if arguments.out.suffix != ".safetensors":
        raise UsageError(f"{arguments.out}: the name must end in .safetensors")
    command = [
        sys.executable,
        "-m",
        "harness.unsafe_convert",
        str(arguments.checkpoint),
        str(arguments.out),
        arguments.weights_key,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it ended without a word"]
        raise WeightsError(f"{arguments.checkpoint} could not be converted: {last[0]}")
    if arguments.json:
        print_json({"out": str(arguments.out)})
    else:
        print(f"written: {arguments.out}; use it with --weights {arguments.out}")
    return 0
