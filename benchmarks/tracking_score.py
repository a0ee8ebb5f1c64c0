"""Scoring one tracker on VOT2018 and OTB100, whole processes: `python benchmarks/tracking_score.py FOLDER`.

Beside it run the Python VOT toolkit's own functions (`--toolkit PYTHON`, warm: its first run compiles), and programs
that follow pysot's and got10k's evaluators step by step in Python and NumPy (a mask a region, a mean a length, a loop a
sequence). All give the same numbers. Every round runs each program once; wall-clock and CPU time are those of the
fastest round, peak memory that of the largest.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Timing:
    """What the runs of one program took."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    printed: str = ""

    def add(self, command: list[str]) -> None:
        """Run `command` once and keep the last line of its output."""
        start = time.perf_counter()
        with tempfile.TemporaryFile("w+") as output, subprocess.Popen(command, stdout=output) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            self.printed = output.read()
        if process.returncode:
            raise SystemExit(f"{command[:4]} failed")
        self.wall_s.append(time.perf_counter() - start)
        self.cpu_s.append(usage.ru_utime + usage.ru_stime)
        self.peak_mb.append(usage.ru_maxrss / 1024)


def commands(folder: Path, home: Path, toolkit: Path | None) -> dict[str, list[str]]:
    """The programs by name."""
    beside = Path(__file__).parent
    literal = [sys.executable, str(beside / "tracking_literal.py")]
    score = [sys.executable, "-m", "harness.cli", "score", "--no-log", "--again", "--home", str(home), "--task"]
    vot = [str(folder / "vot2018" / "VOT2018.json"), str(folder / "vot2018" / "results_DaSiamRPN.zip")]
    otb = [str(folder / "otb100" / "anno.zip"), str(folder / "otb100" / "results_SRDCF.zip")]
    others = (
        {"VOT2018: vot-toolkit 0.9.0": [str(toolkit), str(beside / "tracking_toolkit.py"), *vot]} if toolkit else {}
    )
    return others | {
        "VOT2018: harness score, 1,000 resamples": [*score, "vot2018", "--annotations", *vot],
        "VOT2018: harness score, no interval": [*score, "vot2018", "--annotations", *vot, "--no-interval"],
        "VOT2018: literal": [*literal, "vot", *vot],
        "OTB100: harness score, 1,000 resamples": [*score, "otb100", "--annotations", *otb],
        "OTB100: harness score, no interval": [*score, "otb100", "--annotations", *otb, "--no-interval"],
        "OTB100: literal": [*literal, "otb", *otb],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds vot2018/ and otb100/ with one result each")
    parser.add_argument("--toolkit", type=Path, help="a Python that has vot-toolkit 0.9.0")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    timings: dict[str, Timing] = {}
    with tempfile.TemporaryDirectory() as home:
        for index in range(options.rounds):
            for name, command in commands(options.data, Path(home), options.toolkit).items():
                # A slow one needs no repetition to be told from a fast one.
                if index == 0 or "literal" not in name:
                    timings.setdefault(name, Timing()).add(command)
    print("| program | wall s | CPU s | peak MB | wall / literal |\n|---|---|---|---|---|")
    for name, timing in timings.items():
        literal = timings[name.partition(":")[0] + ": literal"]
        ratio = min(timing.wall_s) / min(literal.wall_s)
        row = f"{min(timing.wall_s):.2f} | {min(timing.cpu_s):.2f} | {max(timing.peak_mb):.0f} | {ratio:.2f}"
        print(f"| {name} | {row} |")
    for name, timing in timings.items():
        if "harness" not in name:
            print(f"\n{name}: {timing.printed.strip()}")
    print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.rounds} rounds")


if __name__ == "__main__":
    main()
