"""Scoring VOC2007 test (4,952 images, 254,590 detections): whole processes, `python benchmarks/voc_score.py DATA`.

DATA holds ``ground_truth_test.json.zip`` and ``comp4_det_test.zip``. Beside it runs the evaluation that people use
(py-faster-rcnn's, of which every framework has a copy), written out in `voc_literal.py`. Every round runs each program
once, one after the other, so that a disturbance of the machine meets all; wall-clock and CPU time are those of the
fastest round, peak memory that of the largest. All programs must give the same four numbers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import voc_literal

LITERAL = "detection by detection"


@dataclass
class Timing:
    """What the runs of one program took, and what it printed last."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    output: str = ""

    def add(self, command: list[str]) -> None:
        """Run `command` once."""
        start = time.perf_counter()
        with tempfile.TemporaryFile("w+") as output, subprocess.Popen(command, stdout=output) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            elapsed = time.perf_counter() - start
            output.seek(0)
            self.output = output.read()
        if process.returncode:
            raise SystemExit(f"{command[:4]} failed")
        self.wall_s.append(elapsed)
        self.cpu_s.append(usage.ru_utime + usage.ru_stime)
        self.peak_mb.append(usage.ru_maxrss / 1024)

    def scores(self) -> dict[str, float]:
        """The four numbers."""
        found = json.loads(self.output)
        if "metrics" not in found:
            return dict(found)
        return {f"{metric['protocol']}/{metric['name']}": metric["value"] for metric in found["metrics"]}


def commands(data: Path, home: str) -> dict[str, list[str]]:
    """The programs by name."""
    truth, results = str(data / "ground_truth_test.json.zip"), str(data / "comp4_det_test.zip")
    score = [sys.executable, "-m", "harness.cli", "score", "--task", "voc2007", "--annotations", truth, results]
    score += ["--no-log", "--again", "--json", "--home", home]
    return {
        "harness score, no interval": [*score, "--no-interval"],
        "harness score, four numbers with 1,000 resamples": score,
        LITERAL: [sys.executable, voc_literal.__file__, truth, results],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    timings: dict[str, Timing] = {}
    with tempfile.TemporaryDirectory() as home:
        for index in range(options.rounds):
            for name, command in commands(options.data, home).items():
                # What takes half a minute needs no repetition to be told from what takes a second.
                if index == 0 or name != LITERAL:
                    timings.setdefault(name, Timing()).add(command)
    if any(timing.scores() != timings[LITERAL].scores() for timing in timings.values()):
        raise SystemExit("the programs disagree: " + "; ".join(f"{n}: {t.scores()}" for n, t in timings.items()))
    print(f"| program | wall s | CPU s | peak MB | wall / {LITERAL} |\n|---|---|---|---|---|")
    for name, timing in timings.items():
        ratio = min(timing.wall_s) / min(timings[LITERAL].wall_s)
        row = f"{min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f} | {ratio:.3f}"
        print(f"| {name} | {row} |")
    print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.rounds} rounds")


if __name__ == "__main__":
    main()
