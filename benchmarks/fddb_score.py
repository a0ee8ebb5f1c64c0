"""Scoring FDDB: whole processes beside the description taken word for word, `python benchmarks/fddb_score.py`.

The data are generated in FDDB's size and layout, seeded: 2,845 images with a file of their sizes, 5,171 ellipses, 100
detections an image with scores of their own. Every round runs each program once; wall-clock and CPU time are those of the
fastest round, peak memory that of the largest. FDDB's own code is C++ on OpenCV's old interface and no package; the
restatement draws masks as arrays and pairs by trying (tests/helpers/fddb_restated.py), on `--images` images only, whose
detections are the ten best: it tries every pairing.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from coco_score import Timing

REPOSITORY = Path(__file__).resolve().parents[1]
IMAGES, FACES, DETECTIONS, FOLDS = 2_845, 5_171, 100, 10
RESTATED = """
import sys
sys.path.insert(0, r"{helpers}")
import functools
from pathlib import Path
import fddb_restated as restated
from harness.task import DataRequest
from tasks.detection.fddb.regions import ellipse_mask, ellipse_numbers
from tasks.detection.fddb.task import Fddb
task = Fddb()
dataset = task.open(DataRequest(data=Path(r"{data}"), with_inputs=False))
answers = task.read(Path(r"{results}"), dataset).table
lists = []
for index in range(len(dataset.ids)):
    width, height = dataset.truth.dense("size")[index].tolist()
    faces = [ellipse_mask(n, width, height) for n in ellipse_numbers(dataset.truth.ragged("ellipses").row(index))]
    boxes = answers.ragged("boxes_xywh").row(index).tolist()
    masks = [restated.rectangle_mask(box, width, height) for box in boxes]
    ious = [[restated.mask_iou(face, mask) for mask in masks] for face in faces]
    scores = answers.ragged("scores").row(index).tolist()
    lists.append([here[0] for here in restated.image_points(ious, scores, len(faces))])
points = functools.reduce(restated.merge, lists)
print([restated.rate_at(points, limit, discrete=discrete) for limit in (100, 500) for discrete in (True, False)])
"""


def write_data(root: Path, images: int, faces: int, detections: int) -> None:
    """Write folds, sizes and results of faces and of boxes near them and elsewhere."""
    random = np.random.default_rng(20100528)
    names = [f"2002/{1 + k % 12:02d}/{1 + k % 28:02d}/big/img_{k}" for k in range(images)]
    sizes = random.integers(180, 450, (images, 2))
    of_image = np.sort(np.concatenate([np.arange(images), random.integers(0, images, max(faces - images, 0))]))
    starts = np.searchsorted(of_image, np.arange(images + 1))
    minor = random.uniform(12, 60, len(of_image))
    ellipses = np.column_stack(
        [minor * random.uniform(1.2, 1.5, len(minor)), minor, random.uniform(0.9, 2.2, len(minor)),
         random.uniform(0, 1, (len(minor), 2)) * sizes[of_image]]
    )  # fmt: skip
    (root / "FDDB-folds").mkdir(parents=True)
    truth, results = [], []
    for k, name in enumerate(names):
        here = ellipses[starts[k] : starts[k + 1]]
        rows = [" ".join(f"{value:f}" for value in row) + "  1" for row in here.tolist()]
        truth.append("\n".join([name, str(len(rows)), *rows, ""]))
        boxes = _boxes(random, here, sizes[k], detections)
        found = [" ".join(f"{value:.9f}" for value in row) for row in boxes.tolist()]
        results.append("\n".join([name, str(len(found)), *found, ""]))
    for fold in range(FOLDS):
        part = slice(fold * images // FOLDS, (fold + 1) * images // FOLDS)
        (root / "FDDB-folds" / f"FDDB-fold-{fold + 1:02d}-ellipseList.txt").write_text("".join(truth[part]))
    lines = [f"{name} {width} {height}\n" for name, (width, height) in zip(names, sizes.tolist(), strict=True)]
    (root / "sizes.txt").write_text("".join(lines))
    (root / "results.txt").write_text("".join(results))


def _boxes(random: np.random.Generator, ellipses: np.ndarray, size: np.ndarray, count: int) -> np.ndarray:
    """`count` rows x, y, width, height, score: half of them around faces."""
    chosen = ellipses[random.integers(0, len(ellipses), count)]
    half = np.column_stack([chosen[:, 1], chosen[:, 0]]) * np.exp(random.normal(0, 0.2, (count, 2)))
    centre = chosen[:, 3:5] + random.normal(0, 0.25, (count, 2)) * half
    near = random.uniform(size=count) < 0.5
    centre[~near] = random.uniform(0, 1, (int((~near).sum()), 2)) * size
    score = random.uniform(size=count) * np.where(near, 1.0, 0.6)
    return np.column_stack([centre - half, 2 * half, score])[np.argsort(-score)]


def commands(folder: Path) -> dict[str, list[str]]:
    """The programs by name."""

    def score(data: str) -> list[str]:
        command = [sys.executable, "-m", "harness.cli", "score", "--task", "fddb", "--data", str(folder / data)]
        return [*command, str(folder / data / "results.txt"), "--no-log", "--again", "--home", str(folder / "home")]

    few = folder / "few"
    text = RESTATED.format(helpers=REPOSITORY / "tests" / "helpers", data=few, results=few / "results.txt")
    return {
        "harness score, no interval": [*score("all"), "--no-interval"],
        "harness score, with 1,000 resamples": score("all"),
        "harness score, no interval, few images": [*score("few"), "--no-interval"],
        "the description word for word, few images": [sys.executable, "-c", text],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=100)
    options = parser.parse_args()
    timings: dict[str, Timing] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "all", IMAGES, FACES, DETECTIONS)
        write_data(folder / "few", options.images, options.images * 3 // 2, 10)
        for index in range(options.rounds):
            for program, command in commands(folder).items():
                if index == 0 or program.startswith("harness"):
                    timings.setdefault(program, Timing()).add(command)
    first = min(next(iter(timings.values())).wall_s)
    print("| program | wall s | CPU s | peak MB | wall / first |\n|---|---|---|---|---|")
    for program, timing in timings.items():
        row = f"{min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f}"
        print(f"| {program} | {row} | {min(timing.wall_s) / first:.2f} |")
    print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.rounds} rounds")


if __name__ == "__main__":
    main()
