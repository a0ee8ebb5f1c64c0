"""The reference evaluator itself, pycocotools, run on the same columns as ours (`--evaluator pycocotools`)."""

import contextlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.detection.coco.masks import Masks
from tasks.detection.coco.metrics import Detections, Float, Int, Parameters, Truth

if TYPE_CHECKING:
    from pycocotools.cocoeval import COCOeval


def evaluate(truth: Truth, detections: Detections, n_categories: int, parameters: Parameters) -> "COCOeval":
    """Run `COCOeval` on columns and return it, accumulated: `.eval` holds precision and recall, `.params` its setting.

    Image ids are the positions of the images, category ids those of the categories. What it prints is discarded.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        ground_truth, found = COCO(), COCO()
        ground_truth.dataset = {
            "images": _image_entries(truth),
            "categories": [{"id": k} for k in range(n_categories)],
            "annotations": _annotations(truth),
        }
        ground_truth.createIndex()
        # `loadRes` refuses an empty list, so the results are indexed as it would index them.
        found.dataset = {**ground_truth.dataset, "annotations": _results(detections)}
        found.createIndex()
        evaluator = COCOeval(ground_truth, found, "bbox" if truth.masks is None else "segm")
        evaluator.params.iouThrs = np.array(parameters.thresholds)
        evaluator.params.recThrs = np.array(parameters.recalls)
        evaluator.params.maxDets = list(parameters.limits)
        evaluator.params.areaRng = [list(area) for area in parameters.areas]
        evaluator.evaluate()
        evaluator.accumulate()
    return evaluator


def aggregate(
    truth: Truth, detections: Detections, n_categories: int, parameters: Parameters
) -> dict[str, float | None]:
    """Return COCO's twelve numbers from pycocotools' own `summarize`; None where it says -1.

    Only for COCO's own parameters: `summarize` is written for them.
    """
    evaluator = evaluate(truth, detections, n_categories, parameters)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator.summarize()
    stats: Float = evaluator.stats
    names = [metric.name for metric in parameters.metrics]
    return {name: None if value == -1 else value for name, value in zip(names, stats.tolist(), strict=True)}


def _annotations(truth: Truth) -> list[dict[str, Any]]:
    ids = np.where(truth.nameless, 0, np.arange(1, len(truth.area) + 1))
    columns = zip(
        ids.tolist(), _images(truth.offsets), truth.category.tolist(), truth.boxes_xywh.tolist(),
        truth.area.tolist(), truth.crowd.tolist(), strict=True,
    )  # fmt: skip
    names = ("id", "image_id", "category_id", "bbox", "area", "iscrowd")
    entries = [dict(zip(names, (*values[:-1], int(values[-1])), strict=True)) for values in columns]
    return _with_masks(entries, truth.masks)


def _results(detections: Detections) -> list[dict[str, Any]]:
    boxes = detections.boxes_xywh.tolist()
    areas = [w * h for _, _, w, h in boxes] if detections.area is None else detections.area.tolist()
    columns = zip(
        range(1, len(boxes) + 1), _images(detections.offsets), detections.category.tolist(), boxes,
        detections.scores.tolist(), areas, strict=True,
    )  # fmt: skip
    names = ("id", "image_id", "category_id", "bbox", "score", "area")
    entries = [{**dict(zip(names, values, strict=True)), "iscrowd": 0} for values in columns]
    return _with_masks(entries, detections.masks)


def _image_entries(truth: Truth) -> list[dict[str, Any]]:
    count = len(truth.offsets) - 1
    sizes = [(0, 0)] * count if truth.masks is None else truth.masks.sizes.tolist()
    return [{"id": i, "height": height, "width": width} for i, (height, width) in enumerate(sizes)]


def _with_masks(entries: list[dict[str, Any]], masks: Masks | None) -> list[dict[str, Any]]:
    if masks is not None:
        for index, entry in enumerate(entries):
            size = masks.sizes[entry["image_id"]].tolist()
            entry["segmentation"] = {"size": size, "counts": masks.code(index)}
    return entries


def _images(offsets: Int) -> list[int]:
    images: list[int] = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)).tolist()
    return images
