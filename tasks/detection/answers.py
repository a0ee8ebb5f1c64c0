"""What detectors answer, checked and laid out: live answers with labels, and rows of a results file."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import Row
from harness.errors import PredictionError, SubmissionError
from harness.task import Dataset
from tasks.detection.interface import PREDICTIONS
from tasks.detection.lookup import Int

Float = NDArray[np.float64]
UNKNOWN = -1
"""The category id of a label whose class the data set does not have; such answers are left out."""


def label_map(name: str, classes: Sequence[str], dataset: Dataset) -> Int:
    """The data set's category id for every label of the submission `name`, by its classes' names, int64 (labels,).

    Raises SubmissionError if it declares no classes, or none that the data set has.
    """
    ids = dict(zip(dataset.facts["categories"], dataset.facts["category_ids"], strict=True))
    if not classes:
        raise SubmissionError(
            f"{name} does not say which classes its labels mean: give `classes`, names in label order"
        )
    found = np.array([ids.get(one, UNKNOWN) for one in classes], np.int64)
    if (found == UNKNOWN).all():
        raise SubmissionError(
            f"{name} knows the classes {_some(classes)}, the data set has {_some(dataset.facts['categories'])}: "
            "not one name is the same; choose a variant trained for these categories"
        )
    return found


def unknown_classes(name: str, classes: Sequence[str], dataset: Dataset) -> list[str]:
    """A warning about classes that the data set does not have; placeholders such as ``<N/A 12>`` are no classes."""
    categories = dataset.facts["categories"]
    unknown = [one for one in classes if one not in categories and not one.startswith("<")]
    if not unknown:
        return []
    near = [match for one in unknown for match in get_close_matches(one, categories, n=1)]
    meant = f"; did you mean {', '.join(near[:3])}?" if near else ""
    return [
        f"{len(unknown)} of {len(classes)} classes of {name} are not in the data set ({_some(unknown)}{meant}); "
        "their detections are left out"
    ]


def encode_answer(answer: Any, id: str, labels: Int) -> Row:
    """One answer, as `check_answer` takes it, in the columns of `PREDICTIONS`."""
    boxes, scores, category_ids = check_answer(answer, id, labels, "boxes_xywh")
    row = {"boxes_xywh": boxes, "scores": scores, "category_id": category_ids}
    return {spec.name: spec.conform(row[spec.name]) for spec in PREDICTIONS}


def check_answer(answer: Any, id: str, labels: Int, form: str) -> tuple[Float, Float, Int]:
    """Boxes in the `form` asked for (``boxes_xyxy`` or ``boxes_xywh``), scores and category ids of one answer.

    `answer` holds `boxes_xyxy` or `boxes_xywh`, float (k, 4) in pixels; `scores`, float (k,); `labels`, int (k,).
    Boxes that already have the form are left as they are, to the last bit. Detections of unknown classes are left out.
    Raises PredictionError naming the image and the field.
    """
    names = ("boxes_xyxy", "boxes_xywh")
    if not isinstance(answer, Mapping) or not {"scores", "labels"} <= answer.keys() or not answer.keys() & set(names):
        found = ", ".join(map(str, answer)) if isinstance(answer, Mapping) else type(answer).__name__
        raise PredictionError(f"the answer for image {id} must hold boxes_xyxy, scores and labels; it is: {found}")
    given = "boxes_xywh" if "boxes_xywh" in answer else "boxes_xyxy"
    boxes = _numbers(answer[given], "boxes", id).reshape(-1, 4)
    scores, chosen = _numbers(answer["scores"], "scores", id), np.asarray(answer["labels"])
    if not len(boxes) == len(scores) == len(chosen):
        raise PredictionError(f"image {id} has {len(boxes)} boxes, {len(scores)} scores and {len(chosen)} labels")
    sizes = boxes[:, 2:] if given == "boxes_xywh" else boxes[:, 2:] - boxes[:, :2]
    if (sizes < 0).any():
        raise PredictionError(f"image {id}: box {np.argwhere(sizes < 0)[0][0]} has a negative width or height")
    if len(chosen) and (chosen.dtype.kind not in "iu" or chosen.min() < 0 or chosen.max() >= len(labels)):
        raise PredictionError(
            f"image {id}: labels must be integers from 0 to {len(labels) - 1}, found {chosen.dtype} {chosen}"
        )
    if form != given:
        boxes = np.concatenate([boxes[:, :2], sizes if form == "boxes_xywh" else boxes[:, :2] + sizes], axis=1)
    category_ids = labels[chosen.astype(np.int64)]
    keep = category_ids != UNKNOWN
    return boxes[keep], scores[keep], category_ids[keep]


def _numbers(value: Any, what: str, id: str) -> Float:
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise PredictionError(f"image {id}: {what} are no array of numbers") from None
    row = (4,) if what == "boxes" else ()
    if numbers.size and (numbers.ndim == 0 or numbers.shape[1:] != row):
        shape = "(k, 4)" if row else "(k,)"
        raise PredictionError(f"image {id}: {what} have shape {numbers.shape}, expected {shape}")
    if not np.isfinite(numbers).all():
        raise PredictionError(f"image {id}: {what} hold a number that is not finite")
    return numbers


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
