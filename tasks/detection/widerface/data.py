"""WIDER FACE's files on disk -> samples and truth, and the columns that the truth is kept in."""

from pathlib import Path
from typing import Final

from harness.archives import Archive
from harness.columns import ColumnSpec, Ragged, Table
from harness.errors import DataError
from harness.layout import find_root
from harness.task import DataRequest, Dataset, Task
from tasks.detection.images import image_loader
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
    images = request.images or _images_folder(request.data or source.parent)
    names = _image_names(found.ids, images) if request.with_inputs else {}
    return Dataset(
        split="custom" if custom and request.annotations is not None else split,
        ids=found.ids,
        truth=truth_table(found),
        load=image_loader(images, names, source) if request.with_inputs else None,
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
    if given.is_file():
        given = given.parent
    there: list[Path] = []

    def whole(folder: Path) -> bool:
        there.extend(folder / name for name in FILES if (folder / name).is_file())
        return all((folder / name).is_file() for name in FILES)

    try:
        return find_root(given, whole, task)
    except DataError:
        if not there:
            raise
        folder = there[0].parent
        lacking = ", ".join(name for name in FILES if not (folder / name).is_file())
        raise DataError(
            f"{folder} has {there[0].name}, but not {lacking}; copy all of eval_tools/ground_truth"
        ) from None


def _images_folder(data: Path) -> Path:
    """Where the images lie under `data`: in `WIDER_val/images`, or in `images`, itself or up to two folders below."""
    for pattern in ("", "*/", "*/*/"):
        for name in ("WIDER_val/images", "images"):
            found = sorted(path for path in data.glob(pattern + name) if path.is_dir())
            if found:
                return found[0]
    return data / "WIDER_val" / "images"


def _image_names(ids: tuple[str, ...], images: Path) -> dict[str, str]:
    """Each image's file in the folder or archive; the ground truth names them without their suffix."""
    if images.is_dir():
        suffix = next((end for end in _SUFFIXES if any((images / f"{id}{end}").is_file() for id in ids[:20])), ".jpg")
    else:
        ends = {Path(name).suffix for name in Archive(images, DataError).names()} if images.is_file() else set()
        suffix = next((end for end in _SUFFIXES if end in ends), ".jpg")
    return {id: f"{id}{suffix}" for id in ids}
