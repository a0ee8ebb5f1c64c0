"""COCO's files of results: lists of detections with boxes or masks.

Source: cocodataset.org/#format-results; cocodataset/cocoapi, PythonAPI/pycocotools/coco.py (loadRes).
"""

import contextlib
import gzip
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from harness.columns import Ragged
from harness.errors import PredictionError
from harness.files import write_atomic
from harness.json_files import check_values, decode, integers, read_bytes
from harness.kernels import Kernel
from tasks.detection.coco.entries import Kind, MaskedResult, Result
from tasks.detection.coco.mask_files import MaskRows, mask_codes, mask_rows, needs_boxes, result_masks
from tasks.detection.coco.metrics import Float, Int

_RESULTS: Final = Kernel(
    "coco_results", "uint8[]", "int64", "int64", "int64[]", "int64[]", "float64[]", "float64[]"
)  # fmt: skip
_MASK_RESULTS: Final = Kernel(
    "coco_mask_results", "uint8[]", "int64", "int64", "int64[]", "int64[]", "float64[]", "uint8[]", "float64[]",
    "int64[]", "int64[]", "uint8[]",
)  # fmt: skip
_WRITTEN_AT_A_TIME: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A results file in columns, in file order: ids int64 (n,), boxes x, y, width, height float64 (n, 4), in pixels."""

    image_ids: Int
    category_ids: Int
    boxes_xywh: Float
    scores: Float
    masks: MaskRows | None = None


def read_results(path: Path, *, with_masks: bool = False) -> Results:
    """Read a list of `{image_id, category_id, bbox, score}`, also `.gz` or `.zip`. An empty list is valid.

    With masks it is a list of `{image_id, category_id, segmentation, score}`.

    Raises PredictionError: not JSON, not a list, a missing or wrong field, a number not finite, a negative size.
    """
    data = read_bytes(path, PredictionError, top=b"[")
    results = _plain_masks(path, data) if with_masks else _plain_results(data)
    if results is None:
        with _of_kind(path, data, with_masks):
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
    boxed = results.masks is None or needs_boxes(results.masks)
    for start in range(0, len(results.scores), _WRITTEN_AT_A_TIME):
        part = slice(start, start + _WRITTEN_AT_A_TIME)
        yield separator + encoder.encode(_entries(results, part, boxed))[1:-1]
        separator = b","
    yield b"]" if separator == b"," else b"[]"


def _entries(results: Results, part: slice, boxed: bool) -> list[Any]:
    boxes: Iterable[Any] = map(tuple, results.boxes_xywh[part].tolist()) if boxed else repeat(None)
    ids = results.image_ids[part].tolist(), results.category_ids[part].tolist()
    columns = zip(*ids, boxes, results.scores[part].tolist(), strict=boxed)
    if results.masks is None:
        return [Result(*row) for row in columns]
    return [
        MaskedResult(image_id=image, category_id=category, bbox=box, score=score, segmentation=code)
        for (image, category, box, score), code in zip(columns, mask_codes(results.masks, part), strict=True)
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


def _plain_masks(path: Path, data: bytes) -> Results | None:
    """The same for results with masks."""
    count = data.count(b'"segmentation"')
    image_ids, category_ids, scores = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count)
    boxes, boxed, sizes = np.zeros((count, 4)), np.zeros(count, np.bool_), np.empty((count, 2), np.int64)
    starts, codes = np.empty(count + 1, np.int64), np.empty(len(data), np.uint8)
    found = _MASK_RESULTS(
        np.frombuffer(data, np.uint8), len(data), count, image_ids, category_ids, boxes, boxed.view(np.uint8), scores,
        sizes, starts, codes,
    )  # fmt: skip
    if found != count:
        return None
    packed = Ragged(codes[: starts[-1]].copy(), starts)
    masks = mask_rows(path, packed, sizes, boxes, boxed)
    return Results(
        image_ids=image_ids, category_ids=category_ids, boxes_xywh=masks.boxes_xywh, scores=scores, masks=masks
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
        ids[field] = integers(path, "entry {}", field, values, PredictionError)
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
