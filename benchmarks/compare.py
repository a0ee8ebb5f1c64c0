"""`harness compare`, whole processes: `python benchmarks/compare.py [--shared DIR]`.

Three and ten simulated classifiers on 50,000 pictures, which the harness scores first; two of 2,000 records by the names of
their submissions; and, where the folder of shared data is named, three trackers on OTB-100. Wall-clock and CPU time
are those of the fastest round, peak memory that of the largest; torch and the data are kept away.
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
from leaderboard_records import write_records

HARNESS = [sys.executable, "-m", "harness.cli"]
IMAGES, CLASSES, NETWORKS, RECORDS = 50_000, 10, 10, 2_000
TRACKERS = ("KCF_LinearHog", "SiamFC-3s", "SRDCF")


def score(home: Path, task: str, name: str, results: Path, annotations: Path) -> None:
    """Score a file of results into the home."""
    stated = ["--submission", name, str(results), "--annotations", str(annotations), "--no-log", "--home", str(home)]
    subprocess.run([*HARNESS, "score", "--task", task, *stated], check=True, stdout=subprocess.DEVNULL)


def classifiers(home: Path) -> list[str]:
    """Networks that are right on about nine tenths of the pictures, mostly the same ones."""
    random = np.random.default_rng(0)
    labels = np.arange(IMAGES) % CLASSES
    easy = random.standard_normal(IMAGES).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        truth = Path(folder) / "labels.npy"
        np.save(truth, labels)
        for network in range(NETWORKS):
            logits = random.standard_normal((IMAGES, CLASSES), np.float32)
            logits[np.arange(IMAGES), labels] += 4 + 0.02 * network + easy
            np.savez(Path(folder) / "logits.npz", logits=logits)
            score(home, "cifar10", f"network-{network}", Path(folder) / "logits.npz", truth)
    return [f"network-{network}" for network in range(NETWORKS)]


def trackers(home: Path, shared: Path) -> list[str]:
    """The real results of three trackers on OTB-100."""
    folder = shared / "data" / "tracking" / "otb100"
    for name in TRACKERS:
        score(home, "otb100", name, folder / f"results_{name}.zip", folder / "anno.zip")
    return list(TRACKERS)


def cases(folder: Path, shared: Path | None) -> dict[str, tuple[Path, list[str]]]:
    """What is compared, by name: a home and words of the command."""
    networks = classifiers(folder / "networks")
    many = folder / "many"
    write_records(many, RECORDS, 10)
    found = {
        f"2 networks, {IMAGES:,} pictures": (folder / "networks", networks[:2]),
        f"{NETWORKS} networks, {IMAGES:,} pictures": (folder / "networks", networks),
        f"2 of {RECORDS:,} records by name": (many, ["simulated-3", "simulated-4", "--task", "simulated0"]),
    }
    if shared:
        found["3 trackers, OTB-100"] = (folder / "otb", trackers(folder / "otb", shared))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shared", type=Path, default=os.environ.get("HARNESS_SHARED"), help="folder of real data")
    options = parser.parse_args()
    timings: dict[str, Timing] = {}
    with tempfile.TemporaryDirectory() as folder:
        made = cases(Path(folder), Path(options.shared) if options.shared else None)
        for _ in range(options.rounds):
            timings.setdefault("python -c 'import numpy'", Timing()).add([sys.executable, "-c", "import numpy"])
            for name, (home, words) in made.items():
                timings.setdefault(name, Timing()).add([*HARNESS, "compare", *words, "--home", str(home)])
    print("| harness compare | wall s | CPU s | peak MB |\n|---|---|---|---|")
    for name, timing in timings.items():
        print(f"| {name} | {min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f} |")
    print(f"\n{time.strftime('%H:%M')}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
