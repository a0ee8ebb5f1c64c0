"""Ranking galleries of Market-1501's and MSMT17's size: `python benchmarks/reid_score.py`.

Whole processes: `harness score` from a matrix of distances and from features, beside a program that sorts every row with
NumPy as published Python evaluators do. Inside one process: ranking alone after loading, and features against the bare
matrix product. Wall-clock and CPU time are those of the fastest round, peak memory that of the largest.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from coco_score import Timing

SIZES = {"market": (3368, 750, 15913, 6), "msmt17": (11659, 3060, 82161, 15)}
"""Queries, people, gallery images, cameras."""
DIMENSIONS = 2048
SORTED = """
import sys, numpy as np
folder = sys.argv[1]
q_id, q_cam, g_id, g_cam = (np.load(f"{{folder}}/{{n}}.npy") for n in ("query_id", "query_cam", "gallery_id", "gallery_cam"))
distances = np.load(sys.argv[2], mmap_mode="r")
precisions = []
for query in range(len(q_id)):
    order = np.argsort(distances[query], kind="stable")
    order = order[~((g_id[order] == q_id[query]) & (g_cam[order] == q_cam[query]))]
    hits = np.flatnonzero(g_id[order] == q_id[query])
    precisions.append(np.mean((np.arange(len(hits)) + 1) / (hits + 1)))
print(np.mean(precisions))
"""
INSIDE = """
import sys, time
from pathlib import Path
import numpy as np
from harness.task import DataRequest, Scoring
from tasks.reid.data import people
from tasks.reid.distances import blocks, rank_features, rank_matrix
from tasks.reid.ranking import relevance
from tasks.reid.task import market1501

task, folder = market1501(), Path(sys.argv[1])
dataset = task.open(DataRequest(annotations=folder, with_inputs=False))
wanted = relevance(people(dataset, "query"), people(dataset, "gallery"))

def timed(what, work):
    found = []
    for _ in range(3):
        start = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, cpu = (min(column) for column in zip(*found))
    print(f"| {what} | {wall:.2f} | {cpu:.2f} |", flush=True)
    return wall, cpu

print("| inside one process | wall s | CPU s |\\n|---|---|---|")
matrix = np.load(folder / "distances.npy")
timed("ranking a matrix that is in memory", lambda: rank_matrix(matrix, wanted))
features = np.load(folder / "features.npz")
q, g = features["query_features"], features["gallery_features"]

def products():
    for part in blocks(len(q), len(g)):
        q[part] @ g.T

alone = timed("the matrix product of the features alone", products)
both = timed("features to ranks", lambda: rank_features(q, g, wanted))
print(f"\\nfeatures to ranks by the product alone: {both[0] / alone[0]:.2f} wall, {both[1] / alone[1]:.2f} CPU")
"""


def make_data(folder: Path, size: str, *, matrix: bool) -> None:
    """Identities, cameras, features of people that can be found again, and their distances; kept between runs."""
    if (folder / "done").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    n_queries, n_people, n_gallery, n_cameras = SIZES[size]
    arrays = {}
    for role, count in (("query", n_queries), ("gallery", n_gallery)):
        arrays[role] = (np.arange(count) % n_people, random.integers(0, n_cameras, count))
        np.save(folder / f"{role}_id.npy", arrays[role][0])
        np.save(folder / f"{role}_cam.npy", arrays[role][1])
    centres = random.standard_normal((n_people, DIMENSIONS), np.float32)
    features = {
        role: centres[who] + 3 * random.standard_normal((len(who), DIMENSIONS), np.float32)
        for role, (who, _) in arrays.items()
    }
    whose = {f"{role}_identities": who for role, (who, _) in arrays.items()}
    np.savez(folder / "features.npz", **{f"{role}_features": one for role, one in features.items()}, **whose)
    if matrix:
        squares = (features["gallery"] ** 2).sum(1)
        with (folder / "distances.npy").open("wb") as stream:
            header = {"descr": "<f4", "fortran_order": False, "shape": (n_queries, n_gallery)}
            np.lib.format.write_array_header_1_0(stream, header)
            for start in range(0, n_queries, 512):
                rows = features["query"][start : start + 512]
                stream.write((squares - 2 * rows @ features["gallery"].T + (rows**2).sum(1)[:, None]).tobytes())
    (folder / "done").touch()


def commands(folder: Path, size: str, home: Path) -> dict[str, list[str]]:
    """The programs by name."""
    task = "market1501" if size == "market" else "msmt17"
    score = [sys.executable, "-m", "harness.cli", "score", "--task", task, "--annotations", str(folder)]
    score += ["--no-log", "--again", "--home", str(home)]
    found = {}
    for what, name in (("matrix", "distances.npy"), ("features", "features.npz")):
        found[f"harness score, {what}, ten numbers with 1,000 resamples"] = [*score, str(folder / name)]
    found["sorting every row with NumPy, one number"] = [
        sys.executable, "-c", SORTED.format(), str(folder), str(folder / "distances.npy"),
    ]  # fmt: skip
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", choices=list(SIZES), default="market")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "vision-harness-benchmark")
    options = parser.parse_args()
    folder = options.data / f"reid-{options.size}"
    # In a process of its own: a child's peak memory is counted from that of its parent.
    make = f"from pathlib import Path; import reid_score; reid_score.make_data(Path(r'{folder}'), '{options.size}', matrix=True)"
    subprocess.run([sys.executable, "-c", make], check=True, cwd=Path(__file__).parent)
    timings: dict[str, Timing] = {}
    with tempfile.TemporaryDirectory() as home:
        programs = commands(folder, options.size, Path(home))
        for index in range(options.rounds):
            for name, command in programs.items():
                if index == 0 or "sorting" not in name:
                    timings.setdefault(name, Timing()).add(command)
    print("| program | wall s | CPU s | peak MB |\n|---|---|---|---|")
    for name, timing in timings.items():
        print(f"| {name} | {min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f} |")
    print()
    if options.size == "market":
        subprocess.run([sys.executable, "-c", INSIDE, str(folder)], check=True)
    started = time.strftime("%H:%M")
    print(f"\n{started}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.rounds} rounds")


if __name__ == "__main__":
    main()
