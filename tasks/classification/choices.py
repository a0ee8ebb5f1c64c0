"""What a run chooses for all answers: which output stands for which class, and how much of them is kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.errors import UsageError
from harness.task import DataRequest
from tasks.classification.interface import KEEP

IDENTITY: Final = "identity"
BACKGROUND_FIRST: Final = "background-first"
NO_CLASS: Final = -1


def choices(request: DataRequest, names: Sequence[str]) -> dict[str, Any]:
    """The settings `class_map` and `keep` as facts of a data set; raises UsageError for a map that fits no class."""
    stated = str(request.settings.get("class_map", IDENTITY))
    keep = str(request.settings.get("keep", "all"))
    found: dict[str, Any] = {"class_map": stated, "keep": KEEP[keep]}
    if stated != IDENTITY:
        found["outputs"] = output_classes(stated, names)
    return found


def output_classes(stated: str, names: Sequence[str]) -> list[int]:
    """The class of every output, `NO_CLASS` for those that stand for none."""
    if stated == BACKGROUND_FIRST:
        return [NO_CLASS, *range(len(names))]
    path = Path(stated)
    try:
        lines = path.read_text(encoding="utf-8").rstrip().split("\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageError(
            f"--class-map {stated}: {reason}; give {IDENTITY}, {BACKGROUND_FIRST}, or a file with the class of every "
            "output, one a line: its name, its index, or - for none"
        ) from None
    return by_name([line.strip() for line in lines], names, str(path))


def by_name(lines: Sequence[str], names: Sequence[str], where: str) -> list[int]:
    """The class of every output from its name or index; raises UsageError naming the line."""
    known: Mapping[str, int] = {name: index for index, name in enumerate(names)}
    found: list[int] = []
    for number, line in enumerate(lines, 1):
        index = NO_CLASS if line == "-" else known.get(line, int(line) if line.isdecimal() else len(names))
        if index >= len(names):
            raise UsageError(f"{where}, line {number}: '{line[:40]}' is none of the {len(names)} classes")
        if index != NO_CLASS and index in found:
            raise UsageError(f"{where}, line {number}: '{line[:40]}' stands there a second time")
        found.append(index)
    lacking = sorted(set(range(len(names))) - set(found))
    if lacking:
        raise UsageError(f"{where}: no output stands for the class '{names[lacking[0]]}' ({len(lacking)} lacking)")
    return found
