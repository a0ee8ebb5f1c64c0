"""Scoring WIDER FACE's validation set: whole processes beside the description taken word for word.

`python benchmarks/widerface_score.py --data DIR RESULTS`, with the four .mat files in DIR. Every round runs each program
once; wall-clock and CPU time are those of the fastest round, peak memory that of the largest. The evaluator that people run
today, a port of MATLAB's loops to Python, is no package; tests/helpers/wider_literal.py loops as it does, over every
`--every`-th image (1: all of them, once, for minutes), and its time is given as it was and for all images.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from coco_score import Timing

REPOSITORY = Path(__file__).resolve().parents[1]
LITERAL = """
import sys
sys.path.insert(0, r"{helpers}")
from pathlib import Path
import wider_literal as literal
from harness.task import DataRequest
from tasks.detection.widerface.task import BITS, WiderFace
task = WiderFace()
dataset = task.open(DataRequest(data=Path(r"{data}"), with_inputs=False))
answers = task.read(Path(r"{results}"), dataset).table
cases = []
for index in range(0, len(dataset.ids), {every}):
    truth, answer = dataset.truth.row(index), answers.row(index)
    counted = tuple(frozenset(column.nonzero()[0].tolist()) for column in truth["counted"].T)
    faces, boxes = (list(map(tuple, row["boxes_xywh"].tolist())) for row in (truth, answer))
    cases.append(literal.Image(faces, counted, boxes, answer["scores"].tolist()))
limits = literal.score_range(cases)
for name, bit in BITS.items():
    print(name, literal.average_precision(*literal.curve(cases, bit, limits)[:2]))
"""


def commands(data: Path, results: Path, home: Path, every: int) -> dict[str, list[str]]:
    """The programs by name."""
    score = [sys.executable, "-m", "harness.cli", "score", "--task", "widerface", "--data", str(data), str(results)]
    score += ["--no-log", "--again", "--home", str(home)]
    text = LITERAL.format(helpers=REPOSITORY / "tests" / "helpers", data=data, results=results, every=every)
    share = "all images" if every == 1 else f"one image of {every}"
    return {
        "harness score, no interval": [*score, "--no-interval"],
        "harness score, with 1,000 resamples": score,
        f"the description word for word, {share}": [sys.executable, "-c", text],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", type=int, default=16)
    options = parser.parse_args()
    timings: dict[str, Timing] = {}
    with tempfile.TemporaryDirectory() as home:
        programs = commands(options.data, options.results, Path(home), options.every)
        for index in range(options.rounds):
            for name, command in programs.items():
                if index == 0 or name.startswith("harness"):
                    timings.setdefault(name, Timing()).add(command)
    first = min(next(iter(timings.values())).wall_s)
    print("| program | wall s | CPU s | peak MB | wall / first |\n|---|---|---|---|---|")
    for name, timing in timings.items():
        row = f"{min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f}"
        print(f"| {name} | {row} | {min(timing.wall_s) / first:.2f} |")
    print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.rounds} rounds")


if __name__ == "__main__":
    main()
