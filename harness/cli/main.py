"""Parsing, dispatch, and the one place where an error becomes a sentence and an exit status."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from harness import __version__
from harness.cli import (
    bench,
    compare,
    cost,
    data,
    doctor,
    eval,
    listing,
    log,
    new,
    pack,
    papers,
    schema,
    score,
    verify,
    weights,
    withdraw,
)
from harness.cli.setting_flags import add_setting_flags
from harness.errors import HarnessError, SubmissionError, describe
from harness.registry import FOLDER

OWN = (
    listing,
    papers,
    eval,
    score,
    bench,
    cost,
    compare,
    verify,
    pack,
    withdraw,
    data,
    log,
    doctor,
    new,
    weights,
    schema,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed, 2 misuse."""
    arguments = argparse.Namespace()
    try:
        build_parser().parse_args(argv, arguments)
        status = int(arguments.run(arguments))
        # Here and not at the interpreter's end, where a closed pipe or a full disk would be a traceback.
        sys.stdout.flush()
        return status
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        kept = "; what was answered is kept, and the same command goes on from there"
        print(f"harness: interrupted{kept if getattr(arguments, 'resumes', False) else ''}", file=sys.stderr)
        return 1
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
        print(f"harness: {blame(error)} (HARNESS_TRACEBACK=1 shows all of it)", file=sys.stderr)
        return 1


def blame(error: Exception) -> str:
    """Whose defect an unexpected error is: the innermost frame outside this project that it went through, or ours."""
    own = Path(__file__).resolve().parents[2]
    ours = {own / name for name in ("harness", "tasks", "submissions", "leaderboard")}
    trace, found = error.__traceback__, None
    while trace is not None:
        file, module = Path(trace.tb_frame.f_code.co_filename), str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith(FOLDER) or (
            own not in file.parents and "site-packages" not in file.parts and file.is_file()
        ):
            found = f"{file}, line {trace.tb_lineno}, in {trace.tb_frame.f_code.co_name}"
        trace = trace.tb_next
    if found is not None and not any(folder in Path(found.split(", line")[0]).parents for folder in ours):
        text = str(error).splitlines()
        return f"the code in {found} failed: {type(error).__name__}: {text[0] if text else ''}"
    return f"{describe(error)}; this is a defect, please report it"


def describe_os(error: OSError) -> str:
    """What the system refused, and on which file."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def _discard_output() -> None:
    """Nobody reads standard output any more, or it cannot be written: what is left in the buffer goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations: `--dat` is a typing error, not `--data`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; a verb that takes settings has a flag for each that the named task declares."""
        if args is not None and "--set" in self._option_string_actions:
            add_setting_flags(self, args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """One sentence, without the usage that would bury it; ends with status 2."""
        self.exit(2, f"harness: {message} ('{self.prog} --help' shows what there is)\n")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; verbs of other installed packages are added from their entry points."""
    parser = _Parser(
        prog="harness",
        description="Score computer-vision methods as each benchmark's authors do, measure what they cost, keep every result.",
    )
    parser.add_argument("--version", action="version", version=f"harness {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True, parser_class=_Parser)
    for module in OWN:
        module.register(verbs)
    from harness.registry import VERBS, installed, load_point

    for name, point in installed(VERBS).items():
        try:
            load_point(point)(verbs)
        except SubmissionError as error:
            if name not in verbs.choices:
                _add_unloadable(verbs, name, error)
    return parser


def _add_unloadable(verbs: Any, name: str, error: HarnessError) -> None:
    """A verb whose package cannot be loaded says why when it is asked for, and stands in no other verb's way."""

    def refuse(*_: Any) -> NoReturn:
        raise error

    verbs.add_parser(name, help="cannot be loaded").parse_known_args = refuse
