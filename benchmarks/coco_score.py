"""Scoring a results file of val2017's size: whole processes against other evaluators, `python benchmarks/coco_score.py`.

Every round runs each program once, one after the other, so that a disturbance of the machine meets all; wall-clock and
CPU time are those of the fastest round, peak memory that of the largest.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import coco_data

OTHERS = {
    "ultrafast-pycocotools": "from ultrafast_pycocotools import COCO, COCOeval",
    "hotcoco": "from hotcoco import COCO, COCOeval",
    "pycocotools": "from pycocotools.coco import COCO; from pycocotools.cocoeval import COCOeval",
}
RUN = """
truth = COCO(r"{truth}")
evaluator = COCOeval(truth, truth.loadRes(r"{results}"), "bbox")
evaluator.evaluate(); evaluator.accumulate(); evaluator.summarize()
"""
AP_ONLY = """
from pathlib import Path
from harness.statistics import interval, resample_weights
from harness.task import DataRequest, Scoring
from tasks.detection.coco.task import Coco
task = Coco()
dataset = task.open(DataRequest(annotations=Path(r"{truth}"), with_inputs=False))
predictions = task.read(Path(r"{results}"), dataset)
statistics = task.score(dataset, predictions, Scoring(protocol="coco"))
estimate = task.aggregate(statistics, "coco")["AP"]
weights = resample_weights("benchmark", len(dataset.ids))
print(interval(estimate, task.replicates(statistics, "coco", weights, ["AP"])["AP"]))
"""


@dataclass
class Timing:
    """What the runs of one program took."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)

    def add(self, command: list[str]) -> None:
        """Run `command` once, without its output."""
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command[:4]} failed")
        self.wall_s.append(time.perf_counter() - start)
        self.cpu_s.append(usage.ru_utime + usage.ru_stime)
        self.peak_mb.append(usage.ru_maxrss / 1024)


def commands(truth: Path, results: Path, home: Path) -> dict[str, list[str]]:
    """The programs by name."""
    score = [sys.executable, "-m", "harness.cli", "score", "--task", "coco", "--annotations", str(truth), str(results)]
    score += ["--no-log", "--again", "--home", str(home)]
    other = {
        name: [sys.executable, "-c", start + RUN.format(truth=truth, results=results)] for name, start in OTHERS.items()
    }
    return {
        "harness score, no interval": [*score, "--no-interval"],
        **other,
        "AP with 1,000 resamples": [sys.executable, "-c", AP_ONLY.format(truth=truth, results=results)],
        "harness score, twelve numbers with 1,000 resamples": score,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "vision-harness-benchmark")
    options = parser.parse_args()
    # In a process of its own: a child's peak memory is counted from that of its parent.
    subprocess.run([sys.executable, coco_data.__file__, str(options.data)], check=True)
    truth, results = coco_data.paths(options.data)
    timings: dict[str, Timing] = {}
    with tempfile.TemporaryDirectory() as home:
        programs = commands(truth, results, Path(home))
        for index in range(options.rounds):
            for name, command in programs.items():
                # Slow ones need no repetition to be told from fast ones.
                if index == 0 or (name != "pycocotools" and "1,000" not in name):
                    timings.setdefault(name, Timing()).add(command)
    fastest = min(OTHERS, key=lambda name: min(timings[name].wall_s))
    print(f"| program | wall s | CPU s | peak MB | wall / {fastest} |\n|---|---|---|---|---|")
    for name, timing in timings.items():
        ratio = min(timing.wall_s) / min(timings[fastest].wall_s)
        row = f"{min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f} | {ratio:.2f}"
        print(f"| {name} | {row} |")
    print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.rounds} rounds")


if __name__ == "__main__":
    main()
