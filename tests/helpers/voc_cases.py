"""Small random Pascal VOC data, dense in the cases where evaluators disagree, and the evaluators written out at length.

The restatements follow the description of the protocols step by step, without regard to speed, and share no code with
the project.
"""

from dataclasses import dataclass

import numpy as np

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Case:
    """`objects`: for each image its (category, box, difficult); `lines`: for each category its (image, score, box)."""

    objects: list[list[tuple[int, Box, bool]]]
    lines: list[list[tuple[int, float, Box]]]


def random_case(seed: int, n_images: int = 4, n_categories: int = 2, most: int = 9) -> Case:
    """Boxes on a coarse grid (equal overlaps, overlaps of exactly the threshold), ties that only some digits tell apart."""
    rng = np.random.default_rng(seed)
    objects = [
        [
            (int(rng.integers(n_categories)), _box(rng), bool(rng.random() < 0.25))
            for _ in range(int(rng.integers(0, most // 2 + 1)))
        ]
        for _ in range(n_images)
    ]
    for found in objects:
        if found and rng.random() < 0.4:
            # The same box again, perhaps difficult only once: which of the two is looked at shows.
            k, box, difficult = found[int(rng.integers(len(found)))]
            found.append((k, box, bool(difficult ^ (rng.random() < 0.7))))
    scores = rng.choice([0.1, 0.1004, 0.1005, 0.5, 0.5 + 1e-9, 0.9, 0.90049, 1.0], 200)
    lines: list[list[tuple[int, float, Box]]] = []
    for k in range(n_categories):
        rows = []
        for _ in range(int(rng.integers(0, most * n_images // 2 + 1))):
            image = int(rng.integers(n_images))
            near = [box for category, box, _ in objects[image] if category == k]
            box = near[int(rng.integers(len(near)))] if near and rng.random() < 0.7 else _box(rng)
            box = _moved(rng, box)
            score = float(scores[int(rng.integers(200))]) if rng.random() < 0.7 else float(rng.random())
            rows.append((image, score, box))
        lines.append(rows)
    return Case(objects, lines)


def _box(rng: np.random.Generator) -> Box:
    x, y = (int(rng.integers(1, 4)) * 5 for _ in range(2))
    width, height = (int(rng.choice([0, 4, 5, 9, 10, 19, 29])) for _ in range(2))
    return float(x), float(y), float(x + width), float(y + height)


def _moved(rng: np.random.Generator, box: Box) -> Box:
    """The box itself, one beside it, or one of twice the width, give or take what single precision cannot hold."""
    if rng.random() < 0.3:
        inside = int(rng.integers(0, 2))
        width = 2 * (box[2] - box[0] + inside) - inside + float(rng.choice([0.0, 1e-7, 8e-7, -1e-7]))
        return box[0], box[1], box[0] + width, box[3]
    step = rng.choice([0.0, 0.0, 0.0, 1.0, 5.0, 0.04, 0.05, 0.25, 1 / 3], 4)
    return box[0], box[1], float(box[2] + step[2]), float(box[3] + step[3])


def repeated(case: Case, weights: list[int]) -> Case:
    """The data in which image i stands weights[i] times, each line of a file repeated in its place."""
    copies: list[list[int]] = []
    objects = []
    for image, weight in enumerate(weights):
        copies.append(list(range(len(objects), len(objects) + weight)))
        objects += [case.objects[image]] * weight
    lines = [[(copy, score, box) for image, score, box in rows for copy in copies[image]] for rows in case.lines]
    return Case(objects, lines)


def devkit_ap(case: Case, category: int, threshold: float, eleven: bool) -> float | None:
    """AP of one category as py-faster-rcnn's evaluator computes it with a stable sort; None without objects that count."""
    tp, fp = [], []
    taken: set[tuple[int, int]] = set()
    for image, _, box in sorted(case.lines[category], key=lambda line: -line[1]):
        best, chosen = -np.inf, -1
        for index, (k, truth, _) in enumerate(case.objects[image]):
            if k == category:
                overlap = _devkit_overlap(box, truth)
                if overlap > best:
                    best, chosen = overlap, index
        counts = best > threshold and not case.objects[image][chosen][2]
        hit = counts and (image, chosen) not in taken
        if hit:
            taken.add((image, chosen))
        tp.append(1.0 if hit else 0.0)
        fp.append(1.0 if best <= threshold or (counts and not hit) else 0.0)
    npos = sum(k == category and not difficult for objects in case.objects for k, _, difficult in objects)
    if npos == 0:
        return None
    found, wrong = np.cumsum(tp), np.cumsum(fp)
    return _read(found / float(npos), found / np.maximum(found + wrong, np.finfo(np.float64).eps), eleven)


def _devkit_overlap(box: Box, truth: Box) -> float:
    width = max(min(truth[2], box[2]) - max(truth[0], box[0]) + 1.0, 0.0)
    height = max(min(truth[3], box[3]) - max(truth[1], box[1]) + 1.0, 0.0)
    own = (box[2] - box[0] + 1.0) * (box[3] - box[1] + 1.0)
    return width * height / (own + (truth[2] - truth[0] + 1.0) * (truth[3] - truth[1] + 1.0) - width * height)


def _read(recall: np.ndarray, precision: np.ndarray, eleven: bool) -> float:
    if eleven:
        ap = 0.0
        for t in np.arange(0.0, 1.1, 0.1):
            reached = precision[recall >= t]
            ap = ap + (float(np.max(reached)) if len(reached) else 0.0) / 11.0
        return ap
    mrec, mpre = [0.0, *recall.tolist(), 1.0], [0.0, *precision.tolist(), 0.0]
    for i in range(len(mpre) - 1, 0, -1):
        mpre[i - 1] = max(mpre[i - 1], mpre[i])
    steps = [i for i in range(len(mrec) - 1) if mrec[i + 1] != mrec[i]]
    return float(np.sum(np.array([(mrec[i + 1] - mrec[i]) * mpre[i + 1] for i in steps])))


def detectron2_case(case: Case) -> Case:
    """The detections as Detectron2 writes them to its file."""
    lines = [
        [(image, float(f"{score:.3f}"), tuple(float(f"{x:.1f}") for x in box)) for image, score, box in rows]
        for rows in case.lines
    ]
    return Case(case.objects, lines)  # type: ignore[arg-type]


def mmdet_ap(case: Case, category: int, threshold: float, eleven: bool) -> np.float32 | None:
    """AP of one category as mmdetection computes it: image by image in single precision, then all by score."""
    scores, tp, fp, npos = [], [], [], 0
    for image, objects in enumerate(case.objects):
        own = [(box, difficult) for k, box, difficult in objects if k == category]
        normal, ignored = [b for b, d in own if not d], [b for b, d in own if d]
        npos += len(normal)
        rows = [(place, score, box) for place, (i, score, box) in enumerate(case.lines[category]) if i == image]
        marks = _mmdet_image(rows, normal, ignored, threshold)
        scores += [(place, np.float32(score)) for place, score, _ in rows]
        tp += [hit for hit, _ in marks]
        fp += [miss for _, miss in marks]
    if npos == 0:
        return None
    # Stable by place in the file, as a list of all detections in file order would be.
    order = sorted(range(len(scores)), key=lambda i: (-scores[i][1], scores[i][0]))
    found, wrong = (np.cumsum(np.array(marks, np.float32)[order]) for marks in (tp, fp))
    recall = found / np.maximum(np.array([npos]), np.finfo(np.float32).eps)
    precision = found / np.maximum(found + wrong, np.finfo(np.float32).eps)
    ap = np.zeros(1, np.float32)
    if not eleven:
        ap[0] = _read(recall, precision, eleven=False)
        return ap[0]
    for thr in np.arange(0, 1 + 1e-3, 0.1):
        reached = precision[recall >= thr]
        ap[0] += reached.max() if reached.size > 0 else 0
    return (ap / 11)[0]


def _mmdet_image(
    rows: list[tuple[int, float, Box]], normal: list[Box], ignored: list[Box], threshold: float
) -> list[tuple[float, float]]:
    truths = np.array([*normal, *ignored], np.float64).reshape(-1, 4)
    truths = (truths - 1).astype(np.float32)
    boxes = (np.array([box for _, _, box in rows], np.float64).reshape(-1, 4) - 1).astype(np.float32)
    marks = [(0.0, 1.0)] * len(rows)
    covered: set[int] = set()
    for i in sorted(range(len(rows)), key=lambda i: -np.float32(rows[i][1])):
        overlaps = [_mmdet_overlap(boxes[i], truth) for truth in truths]
        if not overlaps or max(overlaps) < threshold:
            continue
        best = overlaps.index(max(overlaps))
        if best >= len(normal):
            marks[i] = 0.0, 0.0
        elif best not in covered:
            covered.add(best)
            marks[i] = 1.0, 0.0
    return marks


def _mmdet_overlap(box: np.ndarray, truth: np.ndarray) -> np.float32:
    zero = np.float32(0)
    width = max(min(box[2], truth[2]) - max(box[0], truth[0]), zero)
    height = max(min(box[3], truth[3]) - max(box[1], truth[1]), zero)
    own, other = (box[2] - box[0]) * (box[3] - box[1]), (truth[2] - truth[0]) * (truth[3] - truth[1])
    return np.float32(width * height / max(own + other - width * height, np.float32(1e-6)))


def literal_aps(case: Case, protocol: str, year: int) -> list[list[float]]:
    """AP of the categories that have objects that count, for each of the protocol's thresholds."""
    thresholds = [t / 100.0 for t in range(50, 100, 5)] if protocol == "detectron2" else [0.5, 0.75]
    eleven = year == 2007 if protocol in ("mmdet", "detectron2") else protocol == "voc2007/11-point"
    chosen = detectron2_case(case) if protocol == "detectron2" else case
    one = mmdet_ap if protocol == "mmdet" else devkit_ap
    factor = 100 if protocol == "detectron2" else 1
    table = []
    for threshold in thresholds:
        aps = [one(chosen, k, threshold, eleven) for k in range(len(case.lines))]
        table.append([ap * factor for ap in aps if ap is not None])
    return table


def literal_metrics(case: Case, protocol: str, year: int) -> dict[str, float | None]:
    """The metrics of a protocol; None where no category has an object that counts."""
    aps = literal_aps(case, protocol, year)
    names = {"AP": None, "AP50": 0, "AP75": 5} if protocol == "detectron2" else {"mAP": 0, "mAP75": 1}
    if not aps[0]:
        return dict.fromkeys(names)
    each = [np.array(row).mean().item() for row in aps]
    return {name: float(np.mean(each)) if t is None else each[t] for name, t in names.items()}
