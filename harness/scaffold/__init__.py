"""Scaffolds of a new task and a new submission: small, real, and passing their own tests."""

import keyword
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from textwrap import indent
from types import MappingProxyType

from harness.errors import UsageError
from harness.files import write_bytes

TASK = (
    "README.md", "task.py", "data.py", "formats.py", "metrics.py", "sample.py", "test_task.py",
    "baseline/submission.toml", "baseline/model.py",
)  # fmt: skip
SUBMISSION = ("README.md", "submission.toml", "model.py", "test_submission.py")


def write_task(name: str, folder: Path) -> list[Path]:
    """Write the scaffold of a task called `name`; returns the files. Raises UsageError if `folder` holds anything."""
    return _write("task", TASK, folder, {"name": _checked(name), "identifier": name.replace("-", "_")})


def write_submission(name: str, folder: Path, task: str) -> list[Path]:
    """Write the scaffold of a submission that answers `task`, with the interface's baseline as its first answer."""
    from harness.registry import find_task

    interface = find_task(task).meta.interface
    body = interface.baseline.strip() or 'raise ValueError("say here how to answer")'
    values = {
        "name": _checked(name), "task": task, "interface": interface.id, "inputs": interface.inputs, "answer": interface.answer,
        "body": "\n        ".join(body.splitlines()),
    }  # fmt: skip
    if not interface.skeleton:
        return _write("submission", SUBMISSION, folder, values)
    values["skeleton"] = indent(interface.skeleton.strip(), "    ")
    return _write("submission", SUBMISSION, folder, values, {"model.py": "skeleton_model.py"})


def _checked(name: str) -> str:
    plain = name.replace("-", "_")
    if not plain.isidentifier() or keyword.iskeyword(plain) or name != name.lower():
        raise UsageError(f"'{name}' is no name for this; use lower-case letters, digits and hyphens, a letter first")
    return name


def _write(
    kind: str,
    names: tuple[str, ...],
    folder: Path,
    values: dict[str, str],
    other: Mapping[str, str] = MappingProxyType({}),
) -> list[Path]:
    """Write the files `names` from their templates; `other` names the template where it is called otherwise."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and not empty; name another folder with --out")
    templates = files("harness.scaffold") / kind
    written = []
    for name in names:
        template = templates.joinpath(f"{other.get(name, name).replace('/', '_')}.txt")
        text = Template(template.read_text(encoding="utf-8")).substitute(values)
        write_bytes(folder / name, text.encode())
        written.append(folder / name)
    return written
