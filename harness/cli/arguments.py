"""Flags from `RunOptions`, and `RunOptions` from flags."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.options import RunOptions


def add_options(parser: argparse.ArgumentParser, verb: str, *, task: bool = True, task_required: bool = True) -> None:
    """Every option of `RunOptions` that `verb` takes, and ``--json``."""
    if task:
        about = "task id, or a folder with task.py"
        about += "" if task_required else " (default: one that the submission answers)"
        parser.add_argument("--task", required=task_required, default="", metavar="TASK", help=about)
    for item in dataclasses.fields(RunOptions):
        if item.metadata and verb in item.metadata["verbs"]:
            _add(parser, item, required=item.name == "submission" and verb != "score")
    add_json(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``: one JSON document on standard output and nothing else there."""
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")


def _add(parser: argparse.ArgumentParser, item: "dataclasses.Field[Any]", *, required: bool) -> None:
    flag, about = item.name.replace("_", "-"), item.metadata
    if about["many"]:
        parser.add_argument(
            "--set", action="append", default=[], dest=item.name, metavar=about["metavar"], help=about["help"]
        )
    elif about["kind"] is bool:
        name = f"--no-{flag}" if item.default else f"--{flag}"
        action = "store_false" if item.default else "store_true"
        parser.add_argument(name, action=action, dest=item.name, default=item.default, help=about["help"])
    else:
        shown = about["help"] if item.default in (None, "") else f"{about['help']} (default: {item.default})"
        parser.add_argument(
            f"--{flag}",
            type=about["kind"],
            default=item.default,
            metavar=about["metavar"],
            help=shown,
            required=required,
        )


def run_options(arguments: argparse.Namespace, **fixed: Any) -> RunOptions:
    """The options that the flags state."""
    values = {
        item.name: getattr(arguments, item.name)
        for item in dataclasses.fields(RunOptions)
        if hasattr(arguments, item.name)
    }
    if isinstance(values.get("settings"), list):
        values["settings"] = dict(_pair(text) for text in values["settings"])
    return RunOptions(**(values | fixed))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--set {text}: write it as NAME=VALUE")
    return name, value


def print_json(value: Any) -> None:
    """One JSON document; NaN is refused."""
    if isinstance(value, bytes):
        sys.stdout.buffer.write(value)
        sys.stdout.buffer.flush()
        return
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    import msgspec

    return msgspec.to_builtins(value)
