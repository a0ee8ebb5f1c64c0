"""What a detector's labels mean: declared by the user or by who publishes the weights, never guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import UsageError
from harness.weights import file_digest

BACKGROUND: Final = "__background__"
VOC: Final = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""Pascal VOC's classes in the devkit's order; behind a background, as torchvision counts them."""
COCO_AS_VOC: Final = {
    "airplane": "aeroplane",
    "motorcycle": "motorbike",
    "dining table": "diningtable",
    "potted plant": "pottedplant",
    "couch": "sofa",
    "tv": "tvmonitor",
}
"""VOC's names of those of its classes that COCO calls otherwise."""
UNUSED: Final = (BACKGROUND, "N/A")


@dataclass(frozen=True, slots=True)
class LabelMap:
    """The name of every label, and where it comes from, for the record."""

    names: tuple[str, ...]
    source: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The names as a submission declares them: what is no class is named so that no category can match it."""
        return tuple(name if name not in UNUSED else f"<{name} {label}>" for label, name in enumerate(self.names))


def label_map(chosen: str, published: Sequence[str], network: str, *, background: bool) -> LabelMap:
    """The map that ``--set classes=...`` chooses: nothing, `voc`, `coco-as-voc`, or a file of names.

    `published` are the names of the weights that torchvision publishes for `network`; `background` says that the network
    itself takes label 0 for it. Raises UsageError.
    """
    if not chosen:
        return LabelMap(tuple(published), "")
    if chosen == "voc":
        return LabelMap((BACKGROUND, *VOC), chosen)
    if chosen == "coco-as-voc":
        return LabelMap(tuple(COCO_AS_VOC.get(name, name) for name in published), chosen)
    path = Path(chosen)
    names = _read(path)
    if background and names[0] != BACKGROUND:
        raise UsageError(
            f"{path}: line 1 is '{names[0]}', but {network} takes label 0 for the background; write {BACKGROUND} there"
        )
    return LabelMap(names, f"{path.name} {file_digest(path)[:12]}")


def _read(path: Path) -> tuple[str, ...]:
    """The names in a file, one a line, in the order of the labels from 0."""
    try:
        # Windows editors write a byte order mark, which is no part of the first name.
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageError(
            f"--set classes={path}: {reason}; give 'voc', 'coco-as-voc', or a file with one name a line, in the order of "
            f"the labels from 0, with {BACKGROUND} on the line of the background"
        ) from None
    names = tuple(line.strip() for line in text.rstrip().split("\n"))
    for line, name in enumerate(names, 1):
        if not name:
            raise UsageError(f"{path}: line {line} is empty; write N/A for a label that stands for nothing")
        if name == BACKGROUND and line > 1:
            raise UsageError(f"{path}: line {line} is {BACKGROUND}, which can only be label 0, the first line")
        if name not in UNUSED and names.index(name) < line - 1:
            raise UsageError(f"{path}: line {line} names {name} a second time")
    return names
