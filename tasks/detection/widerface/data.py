"""WIDER FACE's files on disk -> samples and truth, and the columns that the truth is kept in."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from harness.archives import Archive
from harness.columns import ColumnSpec, Ragged, Table
from harness.errors import DataError
from harness.images import image_loader
from harness.layout import find_root
from harness.task import DataRequest, Dataset, Task
from tasks.detection.widerface.ground_truth import FILES, GroundTruth, read_ground_truth

TRUTH: Final = (
    ColumnSpec("boxes_xywh", "float64", (4,), ragged=True, group="faces", description="x, y, width, height, pixels"),
    ColumnSpec("counted", "bool", (3,), ragged=True, group="faces", description="as easy, medium, hard"),
)
OFFICIAL_COUNTS: Final = (3226, 39708, 7211, 13319, 31958)
"""Images, faces, and those that count as easy, medium and hard, by which the official set is known."""
FACE_ID: Final = 1
_SUFFIXES: Final = (".jpg", ".png", ".jpeg")


def open_dataset(request: DataRequest, split: str, task: Task) -> Dataset:
    """Read the ground truth and find the images; raises DataError for what is missing."""
    source = _ground_truth_source(request, task)
    found = read_ground_truth(source)
    counts = len(found.ids), len(found.counted), *found.counted.sum(axis=0).tolist()
    custom = counts != OFFICIAL_COUNTS
    return Dataset(
        split="custom" if custom and request.annotations is not None else split,
        ids=found.ids,
        truth=truth_table(found),
        load=_loader(request, source, found.ids) if request.with_inputs else None,
        facts={"categories": ["face"], "category_ids": [FACE_ID]},
        custom=custom,
    )


def truth_table(found: GroundTruth) -> Table:
    """The truth in the columns of `TRUTH`."""
    columns = {"boxes_xywh": found.boxes_xywh, "counted": found.counted}
    return Table(found.ids, {name: Ragged(values, found.offsets) for name, values in columns.items()})


def _ground_truth_source(request: DataRequest, task: Task) -> Path:
    """The folder, or the zip archive, that holds the four files."""
    given = request.annotations or request.data
    if given is None:
        raise DataError("the ground truth is not given: name the data set with --data DIR or --annotations DIR_OR_ZIP")
    if given.is_file() and given.suffix == ".zip":
        return given
    return _ground_truth_folder(given.parent if given.is_file() else given, task)


def _ground_truth_folder(data: Path, task: Task) -> Path:
    found: list[Path] = []

    def begun(folder: Path) -> bool:
        places = (folder, folder / "ground_truth", folder / "eval_tools" / "ground_truth")
        found.extend(place for place in places if any((place / name).is_file() for name in FILES))
        return any(not _lacking(place) for place in found)

    try:
        find_root(data, begun, task)
    except DataError:
        if not found:
            raise
    whole = next((place for place in found if not _lacking(place)), None)
    if whole is None:
        raise DataError(f"{found[0]} lacks {', '.join(_lacking(found[0]))}; copy all of eval_tools/ground_truth")
    return whole


def _lacking(folder: Path) -> list[str]:
    return [name for name in FILES if not (folder / name).is_file()]


def _loader(request: DataRequest, source: Path, ids: tuple[str, ...]) -> Callable[[str], Mapping[str, Any]]:
    images = request.images or _images_folder(source, request.data)
    return image_loader(images, _image_names(ids, images), source)


def _images_folder(source: Path, data: Path | None) -> Path:
    """Where the images lie: in `WIDER_val/images` around the ground truth or up to two folders below `data`.

    Only beside the ground truth itself may the folder be called `images` alone: other data sets have such, too.
    """
    around = [source, *source.absolute().parents[:3]]
    below = (
        []
        if data is None
        else [path for level in ("", "*/", "*/*/") for path in sorted(data.glob(f"{level}WIDER_val"))]
    )
    places = [*(folder / "WIDER_val" for folder in around), *below, *around[:2]]
    found = (place / "images" for place in places if (place / "images").is_dir())
    return next(found, (data or source.parent) / "WIDER_val" / "images")


def _image_names(ids: tuple[str, ...], images: Path) -> dict[str, str]:
    """Each image's file in the folder or archive; the ground truth names them without their suffix."""
    if images.is_dir():
        suffix = next((end for end in _SUFFIXES if any((images / f"{id}{end}").is_file() for id in ids[:20])), ".jpg")
    else:
        ends = {Path(name).suffix for name in Archive(images, DataError).names()} if images.is_file() else set()
        suffix = next((end for end in _SUFFIXES if end in ends), ".jpg")
    return {id: f"{id}{suffix}" for id in ids}
