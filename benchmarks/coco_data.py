"""Generated detection data of the size of COCO val2017, written as the official files (seeded)."""

import sys
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

N_IMAGES, N_ANNOTATIONS, N_DETECTIONS, N_CATEGORIES = 5000, 36781, 460_000, 80


def paths(directory: Path) -> tuple[Path, Path]:
    """Where the two files of a folder are."""
    return directory / "instances.json", directory / "results.json"


def write(directory: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write `instances.json` (with polygons) and `results.json`; returns both paths. Existing files are kept."""
    truth, results = paths(directory)
    if not (truth.exists() and results.exists()):
        directory.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        image_ids = np.sort(rng.choice(600_000, N_IMAGES, replace=False)) + 1
        category_ids = np.sort(rng.choice(90, N_CATEGORIES, replace=False)) + 1
        # Like COCO: a few categories hold most objects, and images hold from none to dozens.
        share = 1 / (np.arange(N_CATEGORIES) + 1.5)
        image = rng.choice(N_IMAGES, N_ANNOTATIONS, p=rng.dirichlet(np.full(N_IMAGES, 1.2)))
        category = rng.choice(N_CATEGORIES, N_ANNOTATIONS, p=share / share.sum())
        boxes = _boxes(rng, N_ANNOTATIONS)
        truth.write_bytes(_truth_json(rng, image_ids, category_ids, image, category, boxes))
        results.write_bytes(_results_json(rng, image_ids, category_ids, image, category, boxes))
    return truth, results


def _boxes(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    size = np.minimum(np.exp(rng.normal(4.1, 1.0, (n, 1)) + rng.normal(0, 0.35, (n, 2))), 400)
    corner = rng.random((n, 2)) * (np.array([640, 480]) - np.minimum(size, 400)).clip(1)
    return np.round(np.concatenate([corner, size], axis=1), 2)


def _polygon(rng: np.random.Generator, box: list[float]) -> list[float]:
    angles = np.sort(rng.random(int(rng.integers(8, 45)))) * 2 * np.pi
    x = box[0] + box[2] * (0.5 + 0.45 * np.cos(angles))
    y = box[1] + box[3] * (0.5 + 0.45 * np.sin(angles))
    polygon: list[float] = np.round(np.stack([x, y], axis=1), 2).ravel().tolist()
    return polygon


def _truth_json(
    rng: np.random.Generator,
    image_ids: NDArray[np.int64],
    category_ids: NDArray[np.int64],
    image: NDArray[np.int64],
    category: NDArray[np.int64],
    boxes: NDArray[np.float64],
) -> bytes:
    crowd = rng.random(len(image)) < 0.012
    annotations = [
        {
            "segmentation": {"counts": [100, 50, 200], "size": [480, 640]} if crowd[i] else [_polygon(rng, box)],
            "area": round(box[2] * box[3] * float(rng.uniform(0.4, 0.8)), 4),
            "iscrowd": int(crowd[i]),
            "image_id": int(image_ids[image[i]]),
            "bbox": box,
            "category_id": int(category_ids[category[i]]),
            "id": int(i * 7 + 11),
        }
        for i, box in enumerate(boxes.tolist())
    ]
    images = [
        {"id": int(id), "file_name": f"{id:012d}.jpg", "width": 640, "height": 480, "license": 1} for id in image_ids
    ]
    categories = [{"id": int(id), "name": f"category {id}", "supercategory": "thing"} for id in category_ids]
    return msgspec.json.encode({"images": images, "annotations": annotations, "categories": categories})


def _results_json(
    rng: np.random.Generator,
    image_ids: NDArray[np.int64],
    category_ids: NDArray[np.int64],
    image: NDArray[np.int64],
    category: NDArray[np.int64],
    boxes: NDArray[np.float64],
) -> bytes:
    seen = np.flatnonzero(rng.random(len(image)) < 0.85)
    near = np.concatenate([seen, rng.choice(seen, 2 * len(seen))])
    n_false = N_DETECTIONS - len(near)
    noise = rng.normal(0, 0.09, (len(near), 4)) * np.tile(boxes[near, 2:], 2)
    found = np.concatenate([boxes[near] + noise, _boxes(rng, n_false)]).clip(0)
    where = np.concatenate([image[near], rng.integers(0, len(image_ids), n_false)])
    what = np.concatenate([category[near], rng.choice(category, n_false)])
    score = np.concatenate([rng.beta(1.6, 1.8, len(near)), rng.beta(0.7, 9, n_false)])
    order = np.lexsort((-score, where))
    rows = zip(
        image_ids[where[order]].tolist(),
        category_ids[what[order]].tolist(),
        # Detectors compute in float32; their results are written with the digits that float64 shows of it.
        found[order].astype(np.float32).astype(np.float64).tolist(),
        score[order].astype(np.float32).astype(np.float64).tolist(),
        strict=True,
    )
    text = ", ".join(
        f'{{"image_id": {i}, "category_id": {c}, "bbox": {box!r}, "score": {s!r}}}' for i, c, box, s in rows
    )
    return f"[{text}]".encode()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
