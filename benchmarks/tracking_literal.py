"""Tracking scores the way the evaluators compute them: `python tracking_literal.py vot|otb ANNOTATIONS RESULTS`."""

import json
import re
import sys
import zipfile
from pathlib import Path

import numpy as np


def rows_of(archive: zipfile.ZipFile, name: str) -> list[list[float]]:
    """A text file's numbers, line by line."""
    lines = archive.read(name).decode().splitlines()
    return [[float(value) for value in re.split(r"[,\s]+", line.strip())] for line in lines if line.strip()]


def corners(region: list[float]) -> "np.ndarray":
    """Four corners in single precision."""
    if len(region) == 4:
        x, y, w, h = region
        region = [x, y, x + w, y, x + w, y + h, x, y + h]
    return np.array(region, np.float32).reshape(4, 2)


def mask_of(points: "np.ndarray", width: int, height: int) -> "np.ndarray":
    """The pixels of a polygon with rounded corners."""
    mask = np.zeros((height, width), np.bool_)
    points = np.sign(points) * np.floor(np.abs(points) + np.float32(0.5))
    for row in range(height):
        nodes = []
        for (x1, y1), (x2, y2) in zip(points.tolist(), np.roll(points, 1, axis=0).tolist(), strict=True):
            if y1 != y2 and min(y1, y2) <= row <= max(y1, y2):
                nodes.append(int(x1 + (row - y1) / (y2 - y1) * (x2 - x1)))
        nodes.sort()
        i = 0
        while i < len(nodes) - 1:
            if nodes[i] == nodes[i + 1]:
                i += 1
                continue
            if nodes[i] >= width:
                break
            mask[row, max(nodes[i], 0) : max(min(nodes[i + 1], width - 1) + 1, 0)] = True
            i += 2
    return mask


def overlap(a: list[float], b: list[float], width: int, height: int) -> float:
    """Pixels in common over pixels in either; NaN for a code."""
    if len(a) == 1 or len(b) == 1:
        return float("nan")
    p, q = corners(a), corners(b)
    low = [np.maximum(np.floor(points.min(axis=0)), 0) for points in (p, q)]
    high = [np.minimum(np.ceil(points.max(axis=0)), (width, height)) for points in (p, q)]
    if ((np.minimum(*high) - np.maximum(*low)) <= 0).any():
        return 0.0
    start = np.minimum(*low)
    w, h = (int(side) + 1 for side in np.maximum(*high) - start)
    m, n = (mask_of(points - start.astype(np.float32), w, h) for points in (p, q))
    return float(np.float32((m & n).sum()) / np.float32((m | n).sum()))


def vot(annotations: str, results: str) -> None:
    """Accuracy, failures and expected average overlap under pysot's rules."""
    with Path(annotations).open(encoding="utf-8") as stream:
        truth = json.load(stream)
    archive = zipfile.ZipFile(results)
    names = {name.split("/")[-1][:-8]: name for name in archive.namelist() if name.endswith("_001.txt")}
    pooled, fragments, weights = [], [], []
    lost, longest = 0, max(len(entry["gt_rect"]) for entry in truth.values())
    for name, entry in truth.items():
        found, known = rows_of(archive, names[name]), entry["gt_rect"]
        size = entry["width"], entry["height"]
        whole = [overlap(a, b, *size) for a, b in zip(found, known, strict=True)]
        values = [overlap(a, b, size[0] - 1, size[1] - 1) for a, b in zip(found, known, strict=True)]
        for start in [i for i, row in enumerate(found) if row == [1]]:
            whole[start : start + 10] = [float("nan")] * len(whole[start : start + 10])
        pooled += whole
        failures = [i for i, row in enumerate(found) if row == [2]]
        lost += len(failures)
        starts = [0, *(i + 5 for i in failures if i + 5 <= len(values))]
        for k, start in enumerate(starts if failures else [0]):
            row = np.full(longest, np.nan)
            if not failures:
                row[: len(values)] = values
                share = 1.0
            elif k < len(starts) - 1:
                row[:] = 0
                piece = np.nan_to_num(values[start : starts[k + 1] + 1])
                row[: len(piece)], share = piece, len(piece) / (starts[k + 1] - start + 1)
            else:
                piece = np.nan_to_num(values[start:])
                row[: len(piece)], share = piece, len(piece) / (len(values) - start + 1e-16)
            fragments.append(row)
            weights.append(share)
    table, shares = np.array(fragments), np.array(weights)
    curve = np.ones(longest, np.float32)
    for i in range(1, longest):
        here = ~np.isnan(table[:, i])
        means = np.sum(table[here, 1 : i + 1], axis=1) / i
        curve[i] = np.sum(means * shares[here]) / np.sum(shares[here])
    print(f"EAO {np.mean(curve[99:356].astype(np.float64))}, accuracy {np.nanmean(pooled)}, lost {lost}")


def otb(annotations: str, results: str) -> None:
    """Success and precision under got10k's rules, sequence by sequence and threshold by threshold."""
    truth, found = zipfile.ZipFile(annotations), zipfile.ZipFile(results)
    names = {name.split("/")[-1].lower(): name for name in found.namelist() if name.endswith(".txt")}
    success, precision = [], []
    for name in sorted(name for name in truth.namelist() if re.fullmatch(r"[^/]+TB100/[^/]+\.txt", name)):
        boxes, known = np.array(rows_of(found, names[name.split("/")[-1].lower()])), np.array(rows_of(truth, name))
        known = known[len(known) - len(boxes) :]
        boxes[0] = known[0]
        low = np.maximum(boxes[:, :2], known[:, :2])
        high = np.minimum(boxes[:, :2] + boxes[:, 2:], known[:, :2] + known[:, 2:])
        common = np.prod(np.maximum(high - low, 0), axis=1)
        iou = common / (np.prod(boxes[:, 2:], axis=1) + np.prod(known[:, 2:], axis=1) - common + np.finfo(float).eps)
        difference = boxes[:, :2] + (boxes[:, 2:] - 1) / 2 - known[:, :2] - (known[:, 2:] - 1) / 2
        distance = np.sqrt(np.sum(difference**2, axis=1))
        success.append([np.mean(iou > threshold) for threshold in np.linspace(0, 1, 21)])
        precision.append([np.mean(distance <= threshold) for threshold in range(51)])
    print(f"AUC {np.mean(success)}, precision at 20 {np.mean(precision, axis=0)[20]}")


if __name__ == "__main__":
    {"vot": vot, "otb": otb}[sys.argv[1]](*sys.argv[2:])
