"""Small random detection data, dense in the cases where evaluators disagree."""

import numpy as np

from tasks.detection.coco.metrics import Detections, Truth


def random_case(seed: int, n_images: int = 6, n_categories: int = 3, most: int = 12) -> tuple[Truth, Detections]:
    """Boxes on a coarse grid (equal IoUs), tied scores, crowds, an id 0, areas on the ranges' borders."""
    rng = np.random.default_rng(seed)
    gt_counts = rng.integers(0, most // 2 + 1, n_images) * (rng.random(n_images) > 0.2)
    dt_counts = rng.integers(0, most + 1, n_images) * (rng.random(n_images) > 0.2)
    n_gt, n_dt = int(gt_counts.sum()), int(dt_counts.sum())
    truth_boxes = _boxes(rng, n_gt)
    area = truth_boxes[:, 2] * truth_boxes[:, 3] * rng.choice([1.0, 0.5, 0.999], n_gt)
    area = np.where(rng.random(n_gt) < 0.2, rng.choice([1024.0, 9216.0, 1023.9999, 0.0], n_gt), area)
    truth = Truth(
        offsets=_offsets(gt_counts),
        category=rng.integers(0, n_categories, n_gt).astype(np.int32),
        boxes_xywh=truth_boxes,
        area=area,
        crowd=rng.random(n_gt) < 0.15,
        nameless=rng.permutation(n_gt) == (0 if rng.integers(0, 2) else -1),
    )
    boxes = _boxes(rng, n_dt)
    near = rng.random(n_dt) < 0.7
    if n_gt:
        boxes[near] = truth_boxes[rng.integers(0, n_gt, n_dt)][near] + rng.choice([0, 0, 1, 2], (n_dt, 4))[near]
    detections = Detections(
        offsets=_offsets(dt_counts),
        category=rng.integers(0, n_categories, n_dt).astype(np.int32),
        boxes_xywh=boxes,
        scores=rng.choice([rng.random(n_dt), rng.integers(0, 5, n_dt) / 4, np.full(n_dt, 0.5)], axis=0),
    )
    return truth, detections


def repeat_images(truth: Truth, detections: Detections, weights: np.ndarray) -> tuple[Truth, Detections]:
    """The data set in which image `i` really stands `weights[i]` times, copies side by side."""
    images = np.repeat(np.arange(len(weights)), weights)
    gt_rows, gt_offsets = _rows(truth.offsets, images)
    dt_rows, dt_offsets = _rows(detections.offsets, images)
    return (
        Truth(
            offsets=gt_offsets, category=truth.category[gt_rows], boxes_xywh=truth.boxes_xywh[gt_rows],
            area=truth.area[gt_rows], crowd=truth.crowd[gt_rows], nameless=truth.nameless[gt_rows],
        ),
        Detections(
            offsets=dt_offsets, category=detections.category[dt_rows], boxes_xywh=detections.boxes_xywh[dt_rows],
            scores=detections.scores[dt_rows],
        ),
    )  # fmt: skip


def _boxes(rng: np.random.Generator, n: int) -> np.ndarray:
    corner = rng.integers(0, 4, (n, 2)) * 10.0
    size = rng.choice([10.0, 20.0, 31.9, 32.0, 33.0, 96.0, 97.0, 150.0, 0.0], (n, 2), p=[0.12] * 8 + [0.04])
    return np.concatenate([corner, size], axis=1)


def _offsets(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _rows(offsets: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    counts = np.diff(offsets)[images]
    new = _offsets(counts)
    return np.repeat(offsets[images] - new[:-1], counts) + np.arange(new[-1]), new
