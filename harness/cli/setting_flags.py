"""A task's settings as flags of their own: ``--iou-type segm`` is ``--set iou_type=segm``.

They are added when the task is known, which is once the verb's own arguments are at hand and before they are parsed:
without them ``--iou-type segm results.json`` would take ``segm`` for the predictions.
"""

import argparse
import difflib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.task import SettingSpec, Task


def add_setting_flags(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Give `parser` a flag for every setting of the task that `arguments` name, and refuse flags that nobody knows.

    A setting whose name is a flag of the verb's own is given with ``--set`` only. Raises UsageError for a task that
    there is not; ends the process with status 2 for an unknown flag.
    """
    task = _task(arguments)
    if task is not None and task.meta.settings:
        group = parser.add_argument_group(f"settings of {task.meta.id}")
        for spec in task.meta.settings:
            _add(group, parser, spec)
    _refuse_unknown(parser, arguments, task)


def flag_of(name: str) -> str:
    """The flag of a setting: ``iou_type`` -> ``--iou-type``."""
    return f"--{name.replace('_', '-')}"


def _task(arguments: Sequence[str]) -> "Task | None":
    from harness.registry import find_task

    named = list(_values("--task", arguments))
    if not named:
        return None
    try:
        return find_task(named[-1])
    except HarnessError:
        if {"-h", "--help"} & set(arguments):
            return None
        raise


def _values(flag: str, arguments: Sequence[str]) -> Iterator[str]:
    for index, argument in enumerate(arguments):
        if argument == flag and index + 1 < len(arguments):
            yield arguments[index + 1]
        elif argument.startswith(f"{flag}="):
            yield argument.partition("=")[2]


def _add(group: "argparse._ArgumentGroup", parser: argparse.ArgumentParser, spec: "SettingSpec") -> None:
    flags = [flag_of(spec.name)] + [flag_of(f"no_{spec.name}")] * isinstance(spec.default, bool)
    if set(flags) & set(_known(parser)):
        return
    about = f"{spec.title} (default: {spec.default})".replace("%", "%%")
    if isinstance(spec.default, bool):
        for flag, value in zip(flags, ("true", "false"), strict=True):
            group.add_argument(
                flag, action="append_const", dest="settings", const=f"{spec.name}={value}",
                default=argparse.SUPPRESS, help=about if value == "true" else argparse.SUPPRESS,
            )  # fmt: skip
        return
    group.add_argument(
        flags[0], action="append", dest="settings", type=partial("{}={}".format, spec.name),
        default=argparse.SUPPRESS, metavar="|".join(map(str, spec.choices)) or "VALUE", help=about,
    )  # fmt: skip


def _known(parser: argparse.ArgumentParser) -> list[str]:
    return [flag for action in parser._actions for flag in action.option_strings]


def _refuse_unknown(parser: argparse.ArgumentParser, arguments: Sequence[str], task: "Task | None") -> None:
    known = _known(parser)
    for argument in takewhile(lambda text: text != "--", arguments):
        flag = argument.partition("=")[0]
        if not flag.startswith("--") or flag in known:
            continue
        # Without the dashes, which all share and which would make short names alike.
        near = difflib.get_close_matches(flag[2:], [name[2:] for name in known if name[:2] == "--"], n=2, cutoff=0.6)
        parser.error(f"there is no flag {flag}; {_hint([f'--{name}' for name in near], task)}")


def _hint(near: Sequence[str], task: "Task | None") -> str:
    if near:
        return f"did you mean {' or '.join(near)}?"
    settings = [flag_of(spec.name) for spec in task.meta.settings] if task is not None else []
    listed = f"the settings of {task.meta.id} are {', '.join(settings)}; " if task and settings else ""
    return f"{listed}an option of a submission is given with --set NAME=VALUE"
