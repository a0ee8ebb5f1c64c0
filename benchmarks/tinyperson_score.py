"""Scoring in TinyPerson's way: whole processes beside its rules word for word, `python benchmarks/tinyperson_score.py ZIP`.

ZIP holds annotations and results, as `harness score` takes it twice. The official code is no package; what
tinyperson_literal.py does stands for it: the same loops, overlaps computed once. Every round runs each program once;
wall-clock and CPU time are those of the fastest round, peak memory that of the largest. All must give the same numbers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from coco_score import Timing

LITERAL = "its rules word for word"
RUN = """
import json, sys, zipfile
sys.path.insert(0, {folder!r})
import numpy as np
import tinyperson_literal as literal
with zipfile.ZipFile({archive!r}) as archive:
    found = [json.loads(archive.read(name)) for name in archive.namelist()]
document, results = sorted(found, key=lambda part: isinstance(part, list))
images = {{image["id"]: ([], []) for image in sorted(document["images"], key=lambda image: image["id"])}}
for part, side in ((document["annotations"], 0), (results, 1)):
    for entry in part:
        images[entry["image_id"]][side].append({{**entry, "bbox": tuple(map(float, entry["bbox"]))}})
categories = [category["id"] for category in document["categories"]]
numbers = literal.average_precision(list(images.values()), categories, 200)
rates = np.exp(np.arange(np.log(0.01), np.log(1.0) + 1e-10, np.log(1.0 / 0.01) / 8)).tolist()
for name, rows in literal.misses(list(images.values()), categories, rates).items():
    with np.errstate(divide="ignore"):
        numbers[name] = float(np.exp(np.mean(np.log(1 - np.array(rows).T)))) if rows else None
print(json.dumps(numbers))
"""


def commands(archive: Path, home: Path) -> dict[str, list[str]]:
    """The programs by name."""
    score = [sys.executable, "-m", "harness.cli", "score", "--task", "tinyperson", "--annotations", str(archive)]
    score += [str(archive), "--no-log", "--again", "--json", "--home", str(home)]
    text = RUN.format(folder=str(Path(__file__).parent), archive=str(archive))
    return {
        "harness score, no interval": [*score, "--no-interval"],
        "harness score, 60 numbers with 1,000 resamples": score,
        LITERAL: [sys.executable, "-c", text],
    }


def check(programs: dict[str, list[str]]) -> None:
    """Stop unless the first program and the rules give the same: AP and AR to the last digit, MR but for NumPy's own."""
    first, *_, last = programs.values()
    record, expected = (
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for command in (first, last)
    )
    found = {metric["name"]: metric["value"] for metric in record["metrics"]}
    for name, value in expected.items():
        exact = found[name] == value
        near = name.startswith("MR") and abs((found[name] or 0) - (value or 0)) < 1e-15
        if not (exact or near):
            raise SystemExit(f"{name}: {found[name]}, by the rules {value}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    timings: dict[str, Timing] = {}
    with tempfile.TemporaryDirectory() as home:
        programs = commands(options.archive, Path(home))
        check(programs)
        for index in range(options.rounds):
            for name, command in programs.items():
                if index == 0 or name != LITERAL:
                    timings.setdefault(name, Timing()).add(command)
    first = min(next(iter(timings.values())).wall_s)
    print("| program | wall s | CPU s | peak MB | wall / first |\n|---|---|---|---|---|")
    for name, timing in timings.items():
        row = f"{min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f}"
        print(f"| {name} | {row} | {min(timing.wall_s) / first:.2f} |")
    print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.rounds} rounds")


if __name__ == "__main__":
    main()
