"""Live answers with masks: pixel by pixel or in run-length code, checked and laid out beside the boxes."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from harness.columns import Row
from harness.errors import HarnessError, PredictionError
from harness.rle import RunLengths, from_pixels, measure, pack, run_code, unsound
from tasks.detection.answers import UNKNOWN, encode_answer
from tasks.detection.lookup import Int


def encode_masks(answer: Any, id: str, labels: Int, size: tuple[int, int]) -> Row:
    """One answer in the columns of `data.prediction_columns`; boxes and areas are those of the masks, as in COCO's results.

    `answer` holds beside boxes, scores and labels `masks`: bool (k, height, width), or a list of k run-length codes
    `{"size": [height, width], "counts": ...}`; `size` is the image's. Raises PredictionError naming the image.
    """
    row = dict(encode_answer(answer, id, labels))
    if answer.get("masks") is None:
        raise PredictionError(f"the answer for image {id} holds no masks, and --iou-type segm compares masks")
    codes = _codes(answer["masks"], id, size)
    chosen = np.asarray(answer["labels"], np.int64).reshape(-1)
    if len(codes) != len(chosen):
        raise PredictionError(f"image {id} has {len(codes)} masks and {len(chosen)} labels")
    packed = pack([code for code, label in zip(codes, chosen, strict=True) if labels[label] != UNKNOWN])
    area, boxes, bad = measure(packed, np.tile(np.array(size, np.int64), (len(packed), 1)))
    if bad < len(packed):
        raise PredictionError(f"image {id}, mask {bad}: {unsound(packed.row(bad).tobytes(), *size)}")
    row |= {"boxes_xywh": boxes, "area": area, "mask_length": np.diff(packed.offsets), "mask_codes": packed.values}
    return row


def _codes(masks: Any, id: str, size: tuple[int, int]) -> list[bytes]:
    if isinstance(masks, Sequence) and masks and isinstance(masks[0], Mapping):
        return [_run_code(mask, f"image {id}, mask {index}", size) for index, mask in enumerate(masks)]
    pixels = np.asarray(masks)
    if pixels.size == 0:
        return [] if len(pixels) == 0 else _refuse_shape(pixels.shape, id, size)
    if pixels.dtype != np.bool_:
        raise PredictionError(f"image {id}: masks are {pixels.dtype}, expected bool (compare with a threshold first)")
    if pixels.ndim != 3 or pixels.shape[1:] != size:
        _refuse_shape(pixels.shape, id, size)
    return from_pixels(pixels)


def _refuse_shape(shape: tuple[int, ...], id: str, size: tuple[int, int]) -> list[bytes]:
    raise PredictionError(f"image {id}: masks have shape {shape}, expected (k, {size[0]}, {size[1]})")


def _run_code(mask: Mapping[str, Any], where: str, size: tuple[int, int]) -> bytes:
    counts = mask.get("counts")
    counts = counts.decode("latin-1") if isinstance(counts, bytes) else counts
    try:
        runs = msgspec.convert({"size": mask.get("size"), "counts": counts}, RunLengths)
    except msgspec.ValidationError as error:
        raise PredictionError(f"{where}: a run-length code has size and counts ({error})") from None
    if runs.size != size:
        raise PredictionError(f"{where}: its size is {list(runs.size)}, the image has {list(size)} (height, width)")

    def refuse(reason: str) -> HarnessError:
        return PredictionError(f"{where}: {reason}")

    return run_code(runs, refuse)
