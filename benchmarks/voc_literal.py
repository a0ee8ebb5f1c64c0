"""Pascal VOC's evaluation as py-faster-rcnn's evaluator goes about it: detection by detection, `python voc_literal.py`.

Written from the description of the protocol, for comparison in time and digits; equal scores keep the order of the file.
"""

import argparse
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

Objects = dict[str, tuple[np.ndarray, np.ndarray]]
"""Image -> boxes (n, 4) and which are difficult (n,), of one class."""


def read_truth(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The objects of every image, from a zip archive of one JSON file."""
    with zipfile.ZipFile(path) as archive:
        found: dict[str, list[dict[str, Any]]] = json.loads(archive.read(archive.namelist()[0]))
    return found


def of_class(truth: dict[str, list[dict[str, Any]]], name: str) -> Objects:
    """One class's ground truth."""
    found = {}
    for image, objects in truth.items():
        own = [item for item in objects if item["name"] == name]
        found[image] = (
            np.array([item["bbox"] for item in own], float).reshape(-1, 4),
            np.array([item["difficult"] for item in own], bool),
        )
    return found


def read_class(archive: zipfile.ZipFile, name: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Images, scores and boxes of a class's file, by descending score."""
    (member,) = [entry for entry in archive.namelist() if entry.endswith(f"_{name}.txt")]
    with archive.open(member) as stream:
        rows = [line.strip().split(" ") for line in io.TextIOWrapper(stream, "utf-8")]
    scores = np.array([float(row[1]) for row in rows])
    boxes = np.array([[float(value) for value in row[2:]] for row in rows]).reshape(-1, 4)
    order = np.argsort(-scores, kind="stable")
    return [rows[i][0] for i in order], scores[order], boxes[order]


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU of a box with others, whose corners are pixels of the box."""
    left, top = np.maximum(others[:, 0], box[0]), np.maximum(others[:, 1], box[1])
    right, bottom = np.minimum(others[:, 2], box[2]), np.minimum(others[:, 3], box[3])
    common = np.maximum(right - left + 1.0, 0.0) * np.maximum(bottom - top + 1.0, 0.0)
    own = (box[2] - box[0] + 1.0) * (box[3] - box[1] + 1.0)
    each = (others[:, 2] - others[:, 0] + 1.0) * (others[:, 3] - others[:, 1] + 1.0)
    return common / (own + each - common)


def mark(images: list[str], boxes: np.ndarray, truth: Objects, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives, detection after detection."""
    tp, fp = np.zeros(len(images)), np.zeros(len(images))
    taken: set[tuple[str, int]] = set()
    for d, image in enumerate(images):
        others, difficult = truth[image]
        best, chosen = -np.inf, -1
        if len(others):
            found = overlaps(boxes[d], others)
            best, chosen = np.max(found), int(np.argmax(found))
        if best <= threshold:
            fp[d] = 1.0
        elif not difficult[chosen]:
            (fp if (image, chosen) in taken else tp)[d] = 1.0
            taken.add((image, chosen))
    return tp, fp


def average_precision(recall: np.ndarray, precision: np.ndarray, eleven: bool) -> float:
    """AP at eleven recalls, or the area under the envelope."""
    if eleven:
        total = 0.0
        for t in np.arange(0.0, 1.1, 0.1):
            total += (np.max(precision[recall >= t]) if np.any(recall >= t) else 0.0) / 11.0
        return float(total)
    mrec = np.concatenate(([0.0], recall, [1.0]))
    mpre = np.concatenate(([0.0], precision, [0.0]))
    for i in range(mpre.size - 1, 0, -1):
        mpre[i - 1] = np.maximum(mpre[i - 1], mpre[i])
    steps = np.where(mrec[1:] != mrec[:-1])[0]
    return float(np.sum((mrec[steps + 1] - mrec[steps]) * mpre[steps + 1]))


def evaluate(truth_path: Path, results: Path) -> Iterator[tuple[str, list[float]]]:
    """For each class AP at IoU 0.5 and 0.75 at eleven recalls, then the area at both."""
    truth = read_truth(truth_path)
    names = sorted({item["name"] for objects in truth.values() for item in objects})
    with zipfile.ZipFile(results) as archive:
        for name in names:
            own = of_class(truth, name)
            images, _, boxes = read_class(archive, name)
            n_objects = sum(int(np.count_nonzero(~difficult)) for _, difficult in own.values())
            curves = []
            for threshold in (0.5, 0.75):
                tp, fp = (np.cumsum(marks) for marks in mark(images, boxes, own, threshold))
                curves.append((tp / float(n_objects), tp / np.maximum(tp + fp, np.finfo(np.float64).eps)))
            yield name, [average_precision(*curve, eleven) for eleven in (True, False) for curve in curves]


def main() -> None:
    """Print the four means as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    rows = [aps for _, aps in evaluate(options.truth, options.results)]
    names = ("voc2007/11-point/mAP", "voc2007/11-point/mAP75", "voc2012/area/mAP", "voc2012/area/mAP75")
    print(
        json.dumps({name: float(np.mean(column)) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
    )


if __name__ == "__main__":
    main()
