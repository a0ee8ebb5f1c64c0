"""Scoring 50,000 x 1000 logits: `python benchmarks/classification_score.py`.

Inside one process after loading: ranks, likelihood, calibration, and 1,000 resamples. Whole processes: `harness score`
beside a program that computes the same four numbers with NumPy, a sort for the five best as people write it. Wall-clock
and CPU time are those of the fastest round, peak memory that of the largest.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from coco_score import Timing

IMAGES, CLASSES = 50_000, 1000
SORTED = """
import sys, numpy as np
logits, labels = np.load(sys.argv[1])["logits"], np.load(sys.argv[2])
best = np.argsort(-logits, axis=1)[:, :5]
top1 = (best[:, 0] == labels).mean()
top5 = (best == labels[:, None]).any(axis=1).mean()
shares = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
shares /= shares.sum(axis=1, keepdims=True)
nll = -np.log(shares[np.arange(len(labels)), labels]).mean()
confidence, right, error = shares.max(axis=1), best[:, 0] == labels, 0.0
for low, high in zip(np.linspace(0, 1, 16)[:-1], np.linspace(0, 1, 16)[1:]):
    inside = (confidence > low) & (confidence <= high)
    if inside.any():
        error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
print(top1, top5, nll, error)
"""
INSIDE = """
import sys, time
import numpy as np
from pathlib import Path
from harness.scoring import data_digest
from harness.statistics import resample_weights
from harness.task import DataRequest, Scoring
from tasks.classification.tasks import imagenet

task = imagenet()
dataset = task.open(DataRequest(annotations=Path(sys.argv[2]), with_inputs=False))
predictions = task.read(Path(sys.argv[1]), dataset)
names = ["top1", "top5", "nll", "ece15"]

def timed(what, work):
    walls = []
    for _ in range(5):
        start = time.perf_counter()
        found = work()
        walls.append(time.perf_counter() - start)
    print(f"| {what} | {min(walls):.3f} |", flush=True)
    return found, min(walls)

print("| inside one process, after loading | wall s |\\n|---|---|")
def score():
    statistics = task.score(dataset, predictions, Scoring(protocol="top-k"))
    task.aggregate(statistics, "top-k")
    return statistics
statistics, alone = timed("statistics and all numbers", score)
weights = resample_weights(data_digest(dataset), len(dataset.ids), 1000)
def resample():
    for start in range(0, 1000, 250):
        task.replicates(statistics, "top-k", weights[start : start + 250], names)
_, times = timed("1,000 resamples of four numbers", resample)
print(f"\\nresamples by scoring: {times / alone:.2f}")
"""


def make_data(folder: Path) -> None:
    """Labels as a table, and logits of which most are right; kept between runs."""
    if (folder / "done").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    labels = np.arange(IMAGES) % CLASSES
    logits = random.standard_normal((IMAGES, CLASSES), np.float32) * 2
    logits[np.arange(IMAGES), labels] += 6
    np.savez(folder / "logits.npz", logits=logits)
    np.save(folder / "labels.npy", labels)
    rows = "".join(f"ILSVRC2012_val_{i + 1:08d}.JPEG,{label}\n" for i, label in enumerate(labels))
    (folder / "labels.csv").write_text("file,class_index\n" + rows)
    (folder / "done").touch()


def commands(folder: Path, home: str) -> dict[str, list[str]]:
    """The programs by name."""
    score = [
        sys.executable,
        "-m",
        "harness.cli",
        "score",
        "--task",
        "imagenet",
        "--annotations",
        str(folder / "labels.csv"),
    ]
    score += [str(folder / "logits.npz"), "--no-log", "--again", "--json", "--home", home]
    return {
        "harness score, eight numbers with 1,000 resamples": score,
        "harness score, no interval": [*score, "--no-interval"],
        "NumPy with a sort, four numbers": [
            sys.executable, "-c", SORTED, str(folder / "logits.npz"), str(folder / "labels.npy"),
        ],
    }  # fmt: skip


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "vision-harness-benchmark")
    options = parser.parse_args()
    folder = options.data / "classification"
    # In a process of its own: a child's peak memory is counted from that of its parent.
    make = f"from pathlib import Path; import classification_score as c; c.make_data(Path({json.dumps(str(folder))}))"
    subprocess.run([sys.executable, "-c", make], check=True, cwd=Path(__file__).parent)
    subprocess.run([sys.executable, "-c", INSIDE, str(folder / "logits.npz"), str(folder / "labels.csv")], check=True)
    timings: dict[str, Timing] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as home:
            for name, command in commands(folder, home).items():
                timings.setdefault(name, Timing()).add(command)
    print("\n| program | wall s | CPU s | peak MB |\n|---|---|---|---|")
    for name, timing in timings.items():
        print(f"| {name} | {min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f} |")
    print(f"\n{time.strftime('%H:%M')}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
