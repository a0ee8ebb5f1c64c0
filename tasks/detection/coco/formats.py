"""COCO's own files: the annotations of `instances_*.json`, and lists of detection results.

Source: cocodataset.org/#format-data and #format-results; cocodataset/cocoapi, PythonAPI/pycocotools/coco.py (loadRes).
"""

import contextlib
import gzip
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError, PredictionError
from harness.files import write_atomic
from harness.kernels import Kernel
from tasks.detection.coco.entries import Annotation, Instances, Kind, MaskedInstances, MaskedResult, Result
from tasks.detection.coco.mask_files import (
    MaskRows,
    annotation_masks,
    image_sizes,
    mask_codes,
    needs_boxes,
    result_masks,
)
from tasks.detection.coco.metrics import Float, Int, Truth
from tasks.detection.json_files import check_values, decode, fitting_ids, read_bytes
from tasks.detection.lookup import find_ids

_RESULTS: Final = Kernel(
    "coco_results", "uint8[]", "int64", "int64", "int64[]", "int64[]", "float64[]", "float64[]"
)  # fmt: skip
_WRITTEN_AT_A_TIME: Final = 50_000


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
    masks: MaskRows | None = None


def read_annotations(path: Path, member: str = "", *, with_masks: bool = False) -> Annotations:
    """Read `instances_*.json`, also `.gz` or `.zip` (of several files in it the one called `member`).

    Segmentations are skipped unless masks are asked for. Raises DataError: not JSON, a missing or wrong field, negative
    sizes, annotation ids used twice, no images, no categories. Annotations of unknown images or categories are left out
    with a warning, which pycocotools does in silence.
    """
    kind: type[Instances | MaskedInstances] = MaskedInstances if with_masks else Instances
    found = decode(read_bytes(path, DataError, member, top=b"{"), kind, path, DataError)
    if not found.images or not found.categories:
        raise DataError(f"{path} has no {'categories' if found.images else 'images'}: it cannot be scored against")
    file_names = {image.id: image.file_name for image in found.images}
    category_names = {category.id: category.name for category in found.categories}
    with fitting_ids(path, DataError):
        image_ids, category_ids = np.array(sorted(file_names), np.int64), np.array(sorted(category_names), np.int64)
        truth, rows, warnings = _truth(path, found.annotations, image_ids, category_ids)
        if isinstance(found, MaskedInstances):
            truth = _with_masks(path, found, truth, rows, image_ids)
    return Annotations(
        image_ids=image_ids,
        file_names=tuple(file_names[id] for id in image_ids.tolist()),
        category_ids=category_ids,
        category_names=tuple(category_names[id] for id in category_ids.tolist()),
        truth=truth,
        warnings=tuple(warnings),
    )


def read_results(path: Path, *, with_masks: bool = False) -> Results:
    """Read a list of `{image_id, category_id, bbox, score}`, also `.gz` or `.zip`. An empty list is valid.

    With masks it is a list of `{image_id, category_id, segmentation, score}`.

    Raises PredictionError: not JSON, not a list, a missing or wrong field, a number not finite, a negative size.
    """
    data = read_bytes(path, PredictionError, top=b"[")
    results = None if with_masks else _plain_results(data)
    if results is None:
        with fitting_ids(path, PredictionError), _of_kind(path, data, with_masks):
            results = _masks(path, data) if with_masks else _boxed(path, data)
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
    entries = _result_entries if results.masks is None else _mask_entries
    for start in range(0, len(results.scores), _WRITTEN_AT_A_TIME):
        part = slice(start, start + _WRITTEN_AT_A_TIME)
        yield separator + encoder.encode(entries(results, part))[1:-1]
        separator = b","
    yield b"]" if separator == b"," else b"[]"


def _result_entries(results: Results, part: slice) -> list[Any]:
    columns = zip(
        results.image_ids[part].tolist(), results.category_ids[part].tolist(),
        map(tuple, results.boxes_xywh[part].tolist()), results.scores[part].tolist(), strict=True,
    )  # fmt: skip
    return [Result(*row) for row in columns]


def _mask_entries(results: Results, part: slice) -> list[Any]:
    assert results.masks is not None
    boxes = results.boxes_xywh[part].tolist() if needs_boxes(results.masks) else repeat(None)
    codes = mask_codes(results.masks, part)
    columns = zip(results.image_ids[part].tolist(), results.category_ids[part].tolist(), results.scores[part].tolist(),
                  codes, strict=True)  # fmt: skip
    return [
        MaskedResult(image_id=image, category_id=category, score=score, segmentation=code, bbox=box)
        for (image, category, score, code), box in zip(columns, boxes, strict=False)
    ]


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


def _boxed(path: Path, data: bytes) -> Results:
    entries = decode(data, list[Result], path, PredictionError)
    return _results(path, entries, _boxes(entries), None)


def _masks(path: Path, data: bytes) -> Results:
    entries = decode(data, list[MaskedResult], path, PredictionError)
    masks = result_masks(path, entries)
    return _results(path, entries, masks.boxes_xywh, masks)


def _results(path: Path, entries: Sequence[Any], boxes: Float, masks: MaskRows | None) -> Results:
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
        boxes_xywh=boxes,
        scores=np.fromiter(map(attrgetter("score"), entries), np.float64, len(entries)),
        masks=masks,
    )


@contextlib.contextmanager
def _of_kind(path: Path, data: bytes, with_masks: bool) -> Iterator[None]:
    """Say of results of the other kind that they are, instead of which field is missing."""
    try:
        yield
    except PredictionError:
        with contextlib.suppress(msgspec.DecodeError):
            first = next(iter(msgspec.json.decode(data, type=list[Kind])), Kind())
            found = bool(first.bbox), bool(first.segmentation)
            if with_masks and found == (True, False):
                raise PredictionError(f"{path} holds boxes without masks; score it with --iou-type bbox") from None
            if not with_masks and found == (False, True):
                raise PredictionError(f"{path} holds masks without boxes; score it with --iou-type segm") from None
        raise


def _boxes(entries: Iterable[Any]) -> Float:
    return np.fromiter(chain.from_iterable(entry.bbox for entry in entries), np.float64).reshape(-1, 4)


def _integers(entries: Sequence[Annotation], field: str) -> Int:
    return np.array(list(map(attrgetter(field), entries)), np.int64)


def _truth(
    path: Path, entries: Sequence[Annotation], image_ids: Int, category_ids: Int
) -> tuple[Truth, Int, list[str]]:
    """The annotations in columns, and which entry each row comes from."""
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
    return truth, rows, _warnings(path, ids, known_image, known_category)


def _with_masks(path: Path, found: MaskedInstances, truth: Truth, rows: Int, image_ids: Int) -> Truth:
    sizes = image_sizes(path, found.images, image_ids)
    image = np.repeat(np.arange(len(image_ids)), np.diff(truth.offsets))
    return replace(truth, masks=annotation_masks(path, found.annotations, rows, image, sizes))


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
