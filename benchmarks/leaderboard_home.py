"""A home of honest results: `python benchmarks/leaderboard_home.py HOME [--shared DIR]`.

Three kinds of records, none of them made up: what the papers claim (`reported`, never ranked); runs of the weightless and the
trained sample variants on the generated samples (`measured` or `scored`, never ranked); and, where the folder of shared
data is named, results files and weights on real data. Running it again goes on from where it was.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from home_claims import reported
from home_runs import Words, commands

from harness.papers import all_papers
from harness.record import Record
from harness.store import Home

DONE = "done.jsonl"
"""The commands that have been run, one a line, beside the records."""


def run(words: Words, home: Path) -> str:
    """Run one command in this process, which imports what it needs once; what it said where it failed, else nothing."""
    from harness.cli.main import main as harness

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = harness([*words, "--home", str(home)])
    return "" if status == 0 else f"{' '.join(words)}: {said.getvalue().strip()[-300:]}"


def fill(home: Home, shared: Path | None) -> list[str]:
    """Write every record that is not there yet; what failed."""
    for manifest in all_papers()[0]:
        for record in reported(manifest):
            home.write_record(record)
    path = home.path / DONE
    done = {tuple(json.loads(line)) for line in path.read_text().splitlines()} if path.is_file() else set()
    failed = []
    wanted = [words for words in commands(shared) if words not in done]
    for number, words in enumerate(wanted, 1):
        sys.stderr.write(f"{number} of {len(wanted)}: {' '.join(words)}\n")
        if said := run(words, home.path):
            sys.stderr.write(f"failed: {said}\n")
            failed.append(said)
        else:
            with path.open("a") as file:
                file.write(json.dumps(words) + "\n")
    return failed


def counts(records: list[Record]) -> str:
    """How many records every task has, of which kind."""
    kinds: dict[str, Counter[str]] = {}
    for record in records:
        task = record.task
        kind = record.provenance if record.provenance == "reported" or task.origin == "official" else task.origin
        kinds.setdefault(task.id, Counter())[kind] += 1
    lines = []
    for task_id, found in sorted(kinds.items()):
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
        lines.append(f"{task_id:18} {found.total():4}  {told}\n")
    return "".join(lines)


def main() -> None:
    """Write the home and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--shared", type=Path, default=os.environ.get("HARNESS_SHARED"), help="folder of real data")
    arguments = parser.parse_args()
    home, begun = Home(arguments.home), time.monotonic()
    failed = fill(home, Path(arguments.shared) if arguments.shared else None)
    records = [record for _, record in home.records() if isinstance(record, Record)]
    sys.stdout.write("".join(f"failed: {text}\n" for text in failed) + counts(records))
    tasks, seconds = {record.task.id for record in records}, time.monotonic() - begun
    sys.stdout.write(f"{len(records)} records on {len(tasks)} tasks in {home.path}, {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
