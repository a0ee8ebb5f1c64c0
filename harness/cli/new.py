"""``harness new task|submission NAME``: a scaffold that passes its own tests."""

import argparse
from pathlib import Path
from typing import Any

from harness.cli.arguments import add_json, print_json


def register(verbs: Any) -> None:
    """Add the verb with its two parts."""
    parser = verbs.add_parser("new", help="write the scaffold of a task or a submission, with tests that pass")
    parts = parser.add_subparsers(metavar="WHAT", required=True)
    for what in ("task", "submission"):
        part = parts.add_parser(what, help=f"a folder with a {what} that runs, and its tests")
        part.add_argument("name", metavar="NAME")
        part.add_argument("--out", type=Path, metavar="DIR", help="where (default: a folder of that name here)")
        add_json(part)
        part.set_defaults(run=run, what=what)
        if what == "submission":
            part.add_argument(
                "--task", default="", metavar="TASK", help="the task that it answers (default: the first one)"
            )


def run(arguments: argparse.Namespace) -> int:
    """Write it and say how to try it."""
    from harness.registry import task_names
    from harness.scaffold import write_submission, write_task

    name = arguments.name
    folder = arguments.out or Path(name.replace("-", "_"))
    # A bare name would be looked up among the installed ones.
    shown = str(folder) if "/" in str(folder) else f"./{folder}"
    if arguments.what == "task":
        written = write_task(name, folder)
        commands = [f"harness eval --task {shown} --submission {shown}/baseline", f"pytest {folder}"]
    else:
        task = arguments.task or task_names()[0]
        written = write_submission(name, folder, task)
        commands = [f"harness eval --task {task} --submission {shown}", f"pytest {folder}"]
    if arguments.json:
        print_json({"folder": str(folder), "files": [str(path) for path in written], "try": commands})
        return 0
    print(
        "\n".join(
            ["written:", *[f"  {path}" for path in written], "try it:", *[f"  {command}" for command in commands]]
        )
    )
    return 0
