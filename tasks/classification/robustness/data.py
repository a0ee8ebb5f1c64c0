"""CIFAR-10 and ImageNet as they are attacked: the classification tasks' data with what the attack needs to be known."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from harness.errors import DataError
from harness.task import DataRequest, Dataset, Task
from tasks.classification.benchmarks import CIFAR10
from tasks.classification.cifar import open_cifar
from tasks.classification.imagenet import open_imagenet
from tasks.classification.robustness.pixels import RESIZED, WHOLE

SELECTION: Final = "imagenet_test_image_ids.txt"
"""RobustBench's list of the ImageNet images that it attacks, a path each line: ``n02950826/ILSVRC2012_val_00006009.JPEG``."""
SELECTED: Final = 5000
_FOLDERS: Final = ("", "helper_files", "robustbench/helper_files")


def open_attacked_cifar(task: Task, request: DataRequest) -> Dataset:
    """CIFAR-10's test pictures; raises DataError."""
    return told(with_pixels(lambda one: open_cifar(task, CIFAR10, one), request), WHOLE)


def open_attacked_imagenet(task: Task, request: DataRequest) -> Dataset:
    """ImageNet's validation images, those that RobustBench selects where its list is there; raises DataError."""
    dataset = with_pixels(lambda one: open_imagenet(task, one), request)
    listed = find_selection(request)
    if listed is not None:
        return told(selected(dataset, listed), RESIZED)
    warning = (
        f"RobustBench attacks {SELECTED:,} fixed images, listed in its {SELECTION}; that file does not lie beside the data, "
        f"so these {len(dataset.ids):,} images are your own selection"
    )
    return told(replace(dataset, custom=True, warnings=(*dataset.warnings, warning)), RESIZED)


def with_pixels(reader: Callable[[DataRequest], Dataset], request: DataRequest) -> Dataset:
    """With the pictures even where a file is scored, if they are there: adversarial ones are compared with them."""
    if request.with_inputs:
        return reader(request)
    try:
        return reader(replace(request, with_inputs=True))
    except DataError:
        return reader(request)


def told(dataset: Dataset, rule: str) -> Dataset:
    """The data set with the rule of its pixels as a fact; nothing of the answers is thrown away here."""
    facts: dict[str, Any] = {name: value for name, value in dataset.facts.items() if name != "keep"}
    return replace(dataset, facts={**facts, "pixels": rule})


def find_selection(request: DataRequest) -> Path | None:
    """RobustBench's list beside the data, or one folder down."""
    given = [request.data, *[path.parent for path in (request.images, request.annotations) if path is not None]]
    roots = [root for root in given if root is not None and root.is_dir()]
    below = [folder for root in roots for folder in sorted(root.iterdir()) if folder.is_dir()]
    places = [root / name / SELECTION for root in (*roots, *below) for name in _FOLDERS]
    return next((path for path in places if path.is_file()), None)


def selected(dataset: Dataset, path: Path) -> Dataset:
    """The images that a list names, in the data set's order; raises DataError for one that is not there, or twice."""
    names = [PurePosixPath(line.strip()).stem for line in _lines(path)]
    place = {id: index for index, id in enumerate(dataset.ids)}
    lacking = [name for name in names if name not in place]
    if lacking:
        raise DataError(
            f"{path}: {lacking[0]} is none of the data set's images ({len(lacking)} of {len(names)} are not)"
        )
    if len(set(names)) < len(names):
        raise DataError(f"{path} names an image twice; each stands there once")
    chosen = dataset.take(sorted(place[name] for name in names))
    return replace(chosen, custom=dataset.custom or len(names) != SELECTED)


def _lines(path: Path) -> Sequence[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
