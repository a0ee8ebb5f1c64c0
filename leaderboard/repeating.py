"""The command that repeats a result, made of what its record says of the run.

What was typed is kept in the record. A page shows what a reader can use: the harness's own verb, the options that were not
left at their defaults, and names of files without the folders of the submitter's machine.
"""

import dataclasses
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from harness.options import SCORED, RunOptions
from harness.record import Record
from leaderboard.text import clean

OF_THE_SUBMITTER = (
    "submitter",
    "team",
    "supersedes",
    "home",
    "log",
    "page",
    "again",
    "tracking_uri",
    "task",
    "submission",
)
PLACES = ("data", "annotations", "images", "claims", "predictions", "weights", "task", "submission", "against")
"""Options whose values may be paths."""
ABSOLUTE = re.compile(r"[\\/~]|[A-Za-z]:[\\/]")


def repeating(record: Record) -> str:
    """The command, empty where the record says of no run: a paper's claim has none."""
    if record.provenance == "reported" or not record.run.command:
        return ""
    options = record.run.options
    verb = "score" if "predictions" in options else _verb(record)
    words = ["harness", verb, "--task", _file_name(str(options.get("task") or record.task.id))]
    if verb == "score":
        words.append(_file_name(str(options["predictions"])) if "predictions" in options else "PREDICTIONS")
    else:
        words += ["--submission", record.submission.name]
    return clean(shlex.join([*words, *_flags(options)]))


def without_folders(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a run, paths among them, and among settings, as names of files."""
    found = dict(options)
    for key, value in options.items():
        if isinstance(value, Mapping):
            found[key] = without_folders(value)
        elif isinstance(value, str) and (key in PLACES or ABSOLUTE.match(value)):
            found[key] = _file_name(value)
    return found


def _verb(record: Record) -> str:
    stated = record.run.command[1:2]
    if stated and stated[0] in ("bench", *SCORED):
        return stated[0]
    return "score" if record.provenance == "scored" else "eval"


def _flags(options: Mapping[str, Any]) -> Iterator[str]:
    for item in dataclasses.fields(RunOptions):
        value = options.get(item.name)
        if value is None or not item.metadata or item.name in OF_THE_SUBMITTER:
            continue
        flag = "--" + item.name.replace("_", "-")
        if isinstance(value, bool):
            yield flag if value else f"--no-{flag[2:]}"
        elif isinstance(value, Mapping):
            yield from (word for key in sorted(value) for word in ("--set", f"{key}={_plain(value[key], False)}"))
        else:
            yield from (flag, _plain(value, item.name in PLACES))


def _plain(value: Any, is_place: bool) -> str:
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return _file_name(text) if is_place or ABSOLUTE.match(text) else text


def _file_name(path: str) -> str:
    """The last part of a path of any system; what is no path stays."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
