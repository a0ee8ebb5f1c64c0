"""Truth and results of trackers, opened and packed."""

import zipfile
from pathlib import Path

from harness.task import DataRequest, Dataset, Predictions, Task


def opened(task: Task, path: Path, protocol: str = "") -> Dataset:
    return task.open(DataRequest(annotations=path, with_inputs=False, protocol=protocol))


def zipped(folder: Path, to: Path) -> Path:
    with zipfile.ZipFile(to, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder.parent))
    return to


def both(task: Task, dataset: Dataset, folder: Path, to: Path) -> Predictions:
    """The results of a folder, which a zip of it gives too."""
    found = task.read(folder, dataset)
    assert task.read(zipped(folder, to), dataset).table.digest() == found.table.digest()
    return found
