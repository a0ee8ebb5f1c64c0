"""Live answers: a box, a mask pixel by pixel or in run-length code, checked and laid out."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.columns import Row
from harness.errors import PredictionError
from harness.rle import RunLengths, from_pixels, measure, pack, unsound
from tasks.referring.formats import Size, answer_row


def encode_answer(answer: Any, id: str, size: Size) -> Row:
    """One answer in the columns of the interface; raises PredictionError naming the sentence.

    `size` is height and width of the photograph, zeros where the benchmark has no masks.
    """
    where = f"the answer to sentence {id}"
    if not isinstance(answer, Mapping) or (answer.get("box_xyxy") is None and answer.get("mask") is None):
        found = ", ".join(map(str, answer)) if isinstance(answer, Mapping) else type(answer).__name__
        raise PredictionError(f"{where} must hold box_xyxy or mask; it is: {found}")
    box = answer.get("box_xyxy")
    mask = _runs(answer.get("mask"), where, size)
    row = answer_row(None if box is None else _box(box, where), mask, size, where)
    code = row["mask_code"]
    if len(code) and measure(pack([code.tobytes()]), np.array([size]))[2] == 0:
        raise PredictionError(f"{where}, mask: {unsound(code.tobytes(), *size)}")
    return row


def _box(value: Any, where: str) -> tuple[float, ...]:
    try:
        box = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise PredictionError(f"{where}, box_xyxy: it is no array of numbers") from None
    if box.shape != (4,):
        raise PredictionError(f"{where}, box_xyxy: it has shape {box.shape}, expected (4,)")
    return tuple(box.tolist())


def _runs(mask: Any, where: str, size: Size) -> RunLengths | None:
    if mask is None:
        return None
    if isinstance(mask, Mapping):
        counts = mask.get("counts")
        counts = counts.decode("latin-1") if isinstance(counts, bytes) else counts
        try:
            return msgspec.convert({"size": mask.get("size"), "counts": counts}, RunLengths)
        except msgspec.ValidationError as error:
            raise PredictionError(f"{where}, mask: a run-length code has size and counts ({error})") from None
    try:
        pixels: NDArray[Any] = np.asarray(mask)
    except ValueError:
        raise PredictionError(f"{where}, mask: its rows are not of one length") from None
    if pixels.dtype != np.bool_ or pixels.ndim != 2:
        raise PredictionError(
            f"{where}, mask: it is {pixels.dtype} of shape {pixels.shape}, expected bool (height, width)"
        )
    if size == (0, 0):
        return RunLengths(size=(1, 1), counts="")
    if pixels.shape != size:
        raise PredictionError(f"{where}, mask: it has shape {pixels.shape}, the photograph {size}")
    return RunLengths(size=size, counts=from_pixels(pixels[None])[0].decode("ascii"))
