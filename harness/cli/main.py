"""Parsing, dispatch, and the one place where an error becomes a sentence and an exit status."""

import argparse
import os
import sys
from collections.abc import Sequence

from harness import __version__
from harness.cli import bench, data, doctor, eval, listing, log, new, schema, score, verify, weights
from harness.errors import HarnessError, describe

OWN = (listing, eval, score, bench, verify, data, log, doctor, new, weights, schema)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed, 2 misuse, 130 interrupted."""
    try:
        arguments = build_parser().parse_args(argv)
        status = int(arguments.run(arguments))
        # Here and not at the interpreter's end, where a closed pipe or a full disk would be a traceback.
        sys.stdout.flush()
        return status
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print(
            "harness: interrupted; what was answered is kept, and the same command goes on from there", file=sys.stderr
        )
        return 130
    except BrokenPipeError:
        _discard_output()
        return 1
    except OSError as error:
        print(f"harness: {describe_os(error)}", file=sys.stderr)
        if error.filename is None:
            _discard_output()
        return 1
    except MemoryError:
        print("harness: out of memory; a smaller --batch-size or --limit needs less", file=sys.stderr)
        return 1

    except Exception as error:
        if os.environ.get("HARNESS_TRACEBACK"):
            raise
        print(
            f"harness: {describe(error)}; this is a defect, please report it (HARNESS_TRACEBACK=1 shows all of it)",
            file=sys.stderr,
        )
        return 1


def describe_os(error: OSError) -> str:
    """What the system refused, and on which file."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def _discard_output() -> None:
    """Nobody reads standard output any more, or it cannot be written: what is left in the buffer goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; verbs of other installed packages are added from their entry points."""
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Score computer-vision methods as each benchmark's authors do, measure what they cost, keep every result.",
    )
    parser.add_argument("--version", action="version", version=f"harness {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for module in OWN:
        module.register(verbs)
    from harness.registry import VERBS, installed, load_point

    for point in installed(VERBS).values():
        load_point(point)(verbs)
    return parser
