"""``harness data``: the expected tree, a check of every file, the generated sample."""

import argparse
from pathlib import Path
from typing import Any

from harness.cli.arguments import add_json, add_options, print_json, run_options


def register(verbs: Any) -> None:
    """Add the verb with its three parts."""
    parser = verbs.add_parser("data", help="the expected tree of a task, a check of its files, its generated sample")
    parts = parser.add_subparsers(metavar="PART", required=True)
    layout = parts.add_parser("layout", help="print the official tree")
    layout.add_argument("task", metavar="TASK")
    add_json(layout)
    layout.set_defaults(run=show_layout)
    check = parts.add_parser("verify", help="read every file of the data set")
    check.add_argument("task", metavar="TASK")
    add_options(check, "data", task=False)
    check.set_defaults(run=verify)
    sample = parts.add_parser("sample", help="write the generated sample in the official layout")
    sample.add_argument("task", metavar="TASK")
    sample.add_argument("--out", type=Path, metavar="DIR", help="where (default: TASK-sample)")
    add_json(sample)
    sample.set_defaults(run=write_sample)


def show_layout(arguments: argparse.Namespace) -> int:
    """Print the tree and the result format."""
    from harness.registry import find_task

    meta = find_task(arguments.task).meta
    if arguments.json:
        print_json(
            {
                "task": meta.id,
                "layout": meta.layout,
                "results": meta.results,
                "licence": meta.licence,
                "homepage": meta.homepage,
                "notice": meta.notice,
            }
        )
        return 0
    print(meta.layout.strip("\n"))
    print(f"\ninputs:  {meta.interface.inputs}\nanswer:  {meta.interface.answer}")
    print(f"results: {meta.results}\nlicence: {meta.licence}\nsource:  {meta.homepage}")
    if meta.notice:
        print(f"\nnote: {meta.notice}")
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Read everything; print what was checked."""
    from harness.cli.terminal import results_only
    from harness.plan import plan_run

    with results_only(arguments.json):
        plan = plan_run(run_options(arguments), sample=False, with_inputs=True)
        lines = list(plan.task.verify_data(plan.source.request))
    if arguments.json:
        print_json(
            {"task": plan.task.meta.id, "split": plan.dataset.split, "data_digest": plan.digest, "checked": lines}
        )
    else:
        print("\n".join([*lines, f"data digest {plan.digest}"]))
    return 0


def write_sample(arguments: argparse.Namespace) -> int:
    """Write the sample to a folder."""
    from harness.errors import UsageError
    from harness.files import write_bytes
    from harness.layout import MARKER
    from harness.registry import find_task

    task = find_task(arguments.task)
    out = arguments.out or Path(f"{task.meta.id}-sample")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not empty; name another folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    task.write_sample(out)
    write_bytes(out / MARKER, task.meta.id.encode())
    if arguments.json:
        print_json({"task": task.meta.id, "folder": str(out)})
    else:
        print(f"the sample of {task.meta.id} is in {out}; use it with --data {out}")
    return 0
