"""COCO's own files: the annotations of `instances_*.json`, and lists of detection results.

Source: cocodataset.org/#format-data and #format-results; cocodataset/cocoapi, PythonAPI/pycocotools/coco.py (loadRes).
"""

import gzip
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError, PredictionError
from harness.files import write_atomic
from harness.kernels import Kernel
from tasks.detection.coco.metrics import Float, Int, Truth
from tasks.detection.json_files import check_values, decode, fitting_ids, read_bytes
from tasks.detection.lookup import find_ids

_RESULTS: Final = Kernel(
    "coco_results", "uint8[]", "int64", "int64", "int64[]", "int64[]", "float64[]", "float64[]"
)  # fmt: skip
_WRITTEN_AT_A_TIME: Final = 50_000
_Box = tuple[float, float, float, float]


class _Image(msgspec.Struct, gc=False):
    id: int
    file_name: str = ""


class _Category(msgspec.Struct, gc=False):
    id: int
    name: str = ""


class _Annotation(msgspec.Struct, gc=False):
    id: int
    image_id: int
    category_id: int
    bbox: _Box
    area: float
    iscrowd: int | bool


class _Instances(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


class _Result(msgspec.Struct, gc=False):
    image_id: int | float
    category_id: int | float
    bbox: _Box
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """An annotation file in columns. Images and categories stand in ascending order of their ids, each once."""

    image_ids: Int
    file_names: tuple[str, ...]
    category_ids: Int
    category_names: tuple[str, ...]
    truth: Truth
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A results file in columns, in file order: ids int64 (n,), boxes x, y, width, height float64 (n, 4), in pixels."""

    image_ids: Int
    category_ids: Int
    boxes_xywh: Float
    scores: Float


def read_annotations(path: Path, member: str = "") -> Annotations:
    """Read `instances_*.json`, also `.gz` or `.zip` (of several files in it the one called `member`).

    Segmentations are skipped. Raises DataError: not JSON, a missing or wrong field, negative sizes, annotation ids used
    twice, no images, no categories. Annotations of unknown images or categories are left out with a warning, which
    pycocotools does in silence.
    """
    found = decode(read_bytes(path, DataError, member, top=b"{"), _Instances, path, DataError)
    if not found.images or not found.categories:
        raise DataError(f"{path} has no {'categories' if found.images else 'images'}: it cannot be scored against")
    file_names = {image.id: image.file_name for image in found.images}
    category_names = {category.id: category.name for category in found.categories}
    with fitting_ids(path, DataError):
        image_ids, category_ids = np.array(sorted(file_names), np.int64), np.array(sorted(category_names), np.int64)
        truth, warnings = _truth(path, found.annotations, image_ids, category_ids)
    return Annotations(
        image_ids=image_ids,
        file_names=tuple(file_names[id] for id in image_ids.tolist()),
        category_ids=category_ids,
        category_names=tuple(category_names[id] for id in category_ids.tolist()),
        truth=truth,
        warnings=tuple(warnings),
    )


def read_results(path: Path) -> Results:
    """Read a list of `{image_id, category_id, bbox, score}`, also `.gz` or `.zip`. An empty list is valid.

    Raises PredictionError: not JSON, not a list, a missing or wrong field, a number not finite, a negative size.
    """
    data = read_bytes(path, PredictionError, top=b"[")
    results = _plain_results(data)
    if results is None:
        with fitting_ids(path, PredictionError):
            results = _results(path, decode(data, list[_Result], path, PredictionError))
    check_values(path, "entry {}", "score", results.scores[:, None], lowest=None, error=PredictionError)
    check_values(path, "entry {}", "bbox", results.boxes_xywh, lowest=None, error=PredictionError)
    check_values(path, "entry {}", "bbox", results.boxes_xywh[:, 2:], lowest=0, error=PredictionError)
    return results


def write_results(path: Path, results: Results) -> None:
    """Write `results` as a JSON list, compressed where `path` ends in `.gz` or `.zip`; floats read back the same."""

    def write(temporary: Path) -> None:
        if path.suffix == ".zip":
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(path.stem + ".json" * (not path.stem.endswith(".json")), b"".join(_encode(results)))
            return
        with gzip.open(temporary, "wb") if path.suffix == ".gz" else temporary.open("wb") as stream:
            for part in _encode(results):
                stream.write(part)

    write_atomic(path, write)


def _encode(results: Results) -> Iterator[bytes]:
    encoder, separator = msgspec.json.Encoder(), b"["
    for start in range(0, len(results.scores), _WRITTEN_AT_A_TIME):
        part = slice(start, start + _WRITTEN_AT_A_TIME)
        columns = zip(
            results.image_ids[part].tolist(), results.category_ids[part].tolist(),
            map(tuple, results.boxes_xywh[part].tolist()), results.scores[part].tolist(), strict=True,
        )  # fmt: skip
        yield separator + encoder.encode([_Result(*row) for row in columns])[1:-1]
        separator = b","
    yield b"]" if separator == b"," else b"[]"


def _plain_results(data: bytes) -> Results | None:
    """Read the plain case in compiled code; None where the text needs the full parser, which also words the errors."""
    count = data.count(b"{")
    image_ids, category_ids = np.empty(count, np.int64), np.empty(count, np.int64)
    boxes, scores = np.empty((count, 4)), np.empty(count)
    found = _RESULTS(np.frombuffer(data, np.uint8), len(data), count, image_ids, category_ids, boxes, scores)
    if found < 0:
        return None
    return Results(
        image_ids=image_ids[:found], category_ids=category_ids[:found], boxes_xywh=boxes[:found], scores=scores[:found]
    )


def _results(path: Path, entries: list[_Result]) -> Results:
    ids = {}
    for field in ("image_id", "category_id"):
        values = list(map(attrgetter(field), entries))
        for index, value in enumerate(values):
            if value != int(value):
                raise PredictionError(f"{path}: entry {index}, {field}: expected an integer, found {value}")
        ids[field] = np.array(values, np.int64)
    return Results(
        image_ids=ids["image_id"],
        category_ids=ids["category_id"],
        boxes_xywh=_boxes(entries),
        scores=np.fromiter(map(attrgetter("score"), entries), np.float64, len(entries)),
    )


def _boxes(entries: Iterable[_Result | _Annotation]) -> Float:
    return np.fromiter(chain.from_iterable(entry.bbox for entry in entries), np.float64).reshape(-1, 4)


def _integers(entries: list[_Annotation], field: str) -> Int:
    return np.array(list(map(attrgetter(field), entries)), np.int64)


def _truth(path: Path, entries: list[_Annotation], image_ids: Int, category_ids: Int) -> tuple[Truth, list[str]]:
    area = np.fromiter(map(attrgetter("area"), entries), np.float64, len(entries))
    ids, images, categories = (_integers(entries, name) for name in ("id", "image_id", "category_id"))
    boxes = _boxes(entries)
    check_values(path, "annotations[{}]", "bbox", boxes[:, 2:], lowest=0, error=DataError)
    check_values(path, "annotations[{}]", "area", area[:, None], lowest=0, error=DataError)
    _check_ids(path, ids)
    image, known_image = find_ids(image_ids, images)
    category, known_category = find_ids(category_ids, categories)
    rows = np.flatnonzero(known_image & known_category)
    rows = rows[np.argsort(image[rows], kind="stable")]
    truth = Truth(
        offsets=np.searchsorted(image[rows], np.arange(len(image_ids) + 1)),
        category=category[rows].astype(np.int32),
        boxes_xywh=boxes[rows],
        area=area[rows],
        crowd=_integers(entries, "iscrowd")[rows] != 0,
        nameless=ids[rows] == 0,
    )
    return truth, _warnings(path, ids, known_image, known_category)


def _warnings(path: Path, ids: Int, known_image: NDArray[np.bool_], known_category: NDArray[np.bool_]) -> list[str]:
    warnings = []
    for known, what in ((known_image, "images"), (known_category, "categories")):
        if not known.all():
            warnings.append(f"{path.name}: {np.count_nonzero(~known)} annotations of unknown {what} are left out")
    if (ids == 0).any():
        warnings.append(
            f"{path.name}: an annotation has the id 0; pycocotools, and therefore this score, counts a detection "
            "matched with it as a false positive; number annotations from 1"
        )
    return warnings


def _check_ids(path: Path, ids: Int) -> None:
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        twice = values[counts > 1]
        raise DataError(
            f"{path}: {len(twice)} annotation ids are used more than once, such as {twice[0]}; ids must be unique"
        )
