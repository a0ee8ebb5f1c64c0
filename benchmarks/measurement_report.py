"""Are our latencies exact and steady? `python benchmarks/measurement_report.py --out runs.jsonl` on a quiet machine.

`harness bench` of one network is repeated; in half of the runs, drawn by a seeded schedule, a child process spins. Beside
every run, under the same load, a loop in timm's style and torch.utils.benchmark time the same network. Then A against A,
and the overhead of the timed loop. Every result is appended to --out as it comes: the same command goes on from there,
and prints the tables of what there is. The first table says how quiet the machine was while nothing of ours disturbed it:
where it was not, few runs are stable for good reason. gate_simulation.py asks the same where the truth is known.
"""

import argparse
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]
NOISY = 0.1
NOT_QUIET = (
    f"The machine was NOT quiet (limit {100 * NOISY:.0f} % of either): verdicts other than stable are then right.\n"
)
PEERS = """
import json, sys, time, torch, torchvision
from torch.utils.benchmark import Timer
torch.set_num_threads(int(sys.argv[2]))
net = torchvision.models.get_model(sys.argv[1], weights=None).eval()
image = torch.rand(1, 3, 224, 224)
with torch.inference_mode():
    for _ in range(10):
        net(image)
    start = time.perf_counter()
    for _ in range(40):
        net(image)
    timm_style = (time.perf_counter() - start) / 40
    timer = Timer("net(image)", globals={"net": net, "image": image}, num_threads=int(sys.argv[2]))
    torch_timer = timer.blocked_autorange(min_run_time=2.0).median
print(json.dumps({"timm style, mean of 40": timm_style * 1000, "torch.utils.benchmark, median": torch_timer * 1000}))
"""


def spin() -> None:
    """What the other load does."""
    while True:
        pass


@contextmanager
def other_load(processes: int) -> Iterator[None]:
    """So many processes that spin."""
    children = [multiprocessing.Process(target=spin, daemon=True) for _ in range(processes)]
    for child in children:
        child.start()
    try:
        yield
    finally:
        for child in children:
            child.terminate()
            child.join()


def schedule(runs: int, seed: int) -> list[bool]:
    """For every run whether there is other load: in half of them, in random order."""
    loaded = [n % 2 == 1 for n in range(runs)]
    random.Random(seed).shuffle(loaded)
    return loaded


def bench(options: argparse.Namespace, *more: str) -> Row:
    """One `harness bench` as a user runs it; its JSON, and the seconds that it took."""
    command = [sys.executable, "-m", "harness.cli", "bench", "--submission", f"torchvision:{options.network}"]
    command += ["--weights", "random", "--threads", str(options.threads), "--measure-s", str(options.seconds), "--json"]
    start = time.perf_counter()
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return {**json.loads(done.stdout), "took_s": time.perf_counter() - start}


def settings(options: argparse.Namespace) -> list[Any]:
    """What results must share to stand in one table."""
    return [options.network, options.threads, options.seconds, options.spinners, options.seed]


def one_run(options: argparse.Namespace, number: int, loaded: bool) -> Row:
    """Ours and the peers' under the same load."""
    with other_load(options.spinners if loaded else 0):
        found = bench(options, "--no-batch-sweep")
        command = [sys.executable, "-c", PEERS, options.network, str(options.threads)]
        peers = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    timing = found["latency"][0]
    seen = timing["conditions"]
    forward = next(span for span in timing["spans"] if span["name"] == "forward")
    return {
        "kind": "run", "number": number, "loaded": loaded, "verdict": timing["verdict"], "reasons": timing["reasons"],
        "p50": forward["p50"], "dropped": timing["dropped_share"], "took_s": found["took_s"], "peers": peers,
        "block_median_ms": seen["block_median_ms"], "processes": timing["processes"], "blocks_run": seen["blocks_run"],
        "disturbed_because": seen["disturbed_because"], "memory": seen["memory"], "settings": settings(options),
    }  # fmt: skip


def one_comparison(options: argparse.Namespace, number: int) -> Row:
    """A against A."""
    found = bench(options, "--against", f"torchvision:{options.network}")
    keys = ("verdict", "reasons", "speedup", "control", "cpu_speedup", "noise_floor", "statement", "took_s")
    return {"kind": "aa", "number": number, "settings": settings(options), **{key: found[key] for key in keys}}


def overhead(microseconds: int = 200) -> Row:
    """CPU time that the timed loop adds to a function of so many microseconds, and to one that does nothing.

    The second is not disturbed by other work, and is what the loop itself takes; the first meets caches as a model does.
    """
    numbers = list(range(20))
    size = _calibrated(numbers, microseconds)
    long = _best(lambda: sum(numbers * size), rounds=800, calls=10)
    return {
        "kind": "overhead",
        "number": 0,
        "microseconds": long,
        "of_nothing": _best(lambda: 0, rounds=3000, calls=20),
    }


def _best(work: Callable[[], int], rounds: int, calls: int) -> dict[str, float]:
    """Microseconds a call, bare and in the loop, in turns; the best of all rounds."""
    from harness.measure.timed_loop import TimedLoop
    from harness.measure.workload import Stage, Workload

    def stage(value: object, item: object) -> int:
        return work()

    loop = TimedLoop(Workload(count=2, load=lambda i: i, stages=(Stage("forward", stage),)), [0, 1])
    kinds = {"bare": lambda: stage(0, 0), "whole": lambda: loop.whole(0), "by span": lambda: loop.apart(0)}
    best = dict.fromkeys(kinds, float("inf"))
    for _ in range(rounds):
        for name, call in kinds.items():
            start = time.thread_time_ns()
            for _ in range(calls):
                call()
            best[name] = min(best[name], (time.thread_time_ns() - start) / calls / 1000)
    return best


def _calibrated(numbers: list[int], microseconds: int) -> int:
    """How many times the list makes the sum last so long, by the fastest of several tries."""
    best = float("inf")
    for _ in range(200):
        start = time.thread_time_ns()
        sum(numbers * 100)
        best = min(best, (time.thread_time_ns() - start) / 1000)
    return max(1, round(100 * microseconds / best))


def stored(options: argparse.Namespace) -> list[Row]:
    """The results in the file; a last line that was cut off by an end in between is taken away."""
    if not options.out.exists():
        return []
    text = options.out.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        options.out.write_text(whole)
    rows = [json.loads(line) for line in whole.splitlines()]
    if any(row.get("settings", settings(options)) != settings(options) for row in rows):
        raise SystemExit(f"{options.out} holds results of other settings; name another --out, or the same settings")
    return rows


def collect(options: argparse.Namespace) -> list[Row]:
    """Everything that is in the file already, and what is missing as far as the time allows."""
    rows = stored(options)
    done = {(row["kind"], row["number"]) for row in rows}
    wanted: list[tuple[str, int]] = [("overhead", 0)]
    loads = schedule(options.runs, options.seed)
    wanted += [("run", n) for n in range(options.runs)] + [("aa", n) for n in range(options.aa)]
    end = time.monotonic() + options.total_seconds
    for kind, number in wanted:
        if (kind, number) in done:
            continue
        if time.monotonic() > end:
            print(f"The time is over; the same command goes on from {kind} {number}.", file=sys.stderr)
            break
        print(f"{kind} {number}", file=sys.stderr, flush=True)
        if kind == "run":
            row = one_run(options, number, loads[number])
        else:
            row = one_comparison(options, number) if kind == "aa" else overhead()
        rows.append(row)
        with options.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
    return rows


def spread(values: Sequence[float]) -> str:
    """How far the values lie from their median at most."""
    if len(values) < 2:
        return "-"
    middle = statistics.median(values)
    return f"{100 * max(abs(value / middle - 1) for value in values):.1f} %"


def share(part: Sequence[object], whole: Sequence[object]) -> str:
    """`7 of 10`."""
    return f"{len(part)} of {len(whole)}"


def report_quiet(quiet: Sequence[Row]) -> None:
    """What disturbed the blocks of the runs that had no load of ours."""
    blocks = sum(row["blocks_run"] for row in quiet)
    if not blocks:
        return
    causes: Counter[str] = Counter()
    for row in quiet:
        causes.update(row["disturbed_because"])
    followed = [row for row in quiet if row["memory"] and row["memory"]["p"] < 0.01 and row["memory"]["change"] > 0.02]
    each = ", ".join(f"{cause} {100 * number / blocks:.1f} %" for cause, number in causes.most_common()) or "nothing"
    disturbed = causes.total() / blocks
    print(f"Blocks of the {len(quiet)} runs without load that something disturbed: {100 * disturbed:.1f} % ({each}).")
    print(f"Runs without load whose latency followed the speed of memory: {share(followed, quiet)}.")
    calm = disturbed <= NOISY and len(followed) <= NOISY * len(quiet)
    print("The machine was quiet.\n" if calm else NOT_QUIET)


def report_runs(runs: Sequence[Row]) -> None:
    """How quiet it was, the verdict of every run, and what they say together."""
    report_quiet([row for row in runs if not row["loaded"]])
    print("| run | other load | verdict | p50 forward, ms | interval, ms | left out | s | first reason |")
    print("|---|---|---|---|---|---|---|---|")
    for row in runs:
        found = row["p50"]
        between = "-" if found["low"] is None else f"{found['low']:.3f} to {found['high']:.3f}"
        value = "-" if found["value"] is None else f"{found['value']:.3f}"
        first = row["reasons"][0] if row["reasons"] else ""
        print(
            f"| {row['number']} | {'yes' if row['loaded'] else 'no'} | {row['verdict']} | {value} | {between} "
            f"| {100 * (row['dropped'] or 0):.0f} % | {row['took_s']:.0f} | {first} |"
        )
    loaded, quiet = [row for row in runs if row["loaded"]], [row for row in runs if not row["loaded"]]
    stable = [row for row in runs if row["verdict"] == "stable"]
    print("\n| demand | found |\n|---|---|")
    print(
        f"| runs with load that are called stable (at most one) | {share([r for r in loaded if r in stable], loaded)} |"
    )
    soon = [row for row in quiet if row in stable and row["took_s"] <= 180]
    print(f"| undisturbed runs that are stable within three minutes (nine in ten) | {share(soon, quiet)} |")
    print(
        f"| p50 of stable runs, furthest from their median (3 %) | {spread([row['p50']['value'] for row in stable])} |"
    )
    for name in runs[0]["peers"] if runs else ():
        ours = [row["p50"]["value"] for row in runs if row["p50"]["value"] is not None]
        print(f"| {name}: all runs, undisturbed ones | {spread([row['peers'][name] for row in runs])}, "
              f"{spread([row['peers'][name] for row in quiet])} (ours, all runs: {spread(ours)}) |")  # fmt: skip
    report_coverage(stable)


def report_coverage(stable: Sequence[Row]) -> None:
    """How often a stable run's interval covers the median of all blocks of all stable runs."""
    if len(stable) < 2:
        print("| intervals of stable runs that cover the pooled median (85 %) | there are not two stable runs |")
        return
    truth = statistics.median([value for row in stable for value in row["block_median_ms"]])
    covering = [row for row in stable if row["p50"]["low"] <= truth <= row["p50"]["high"]]
    print(
        f"| intervals of stable runs that cover the pooled median (85 %) | {share(covering, stable)}, {truth:.3f} ms |"
    )


def report_others(rows: Sequence[Row]) -> None:
    """A against A, and the overhead."""
    pairs = [row[name] for row in rows if row["kind"] == "aa" for name in ("speedup", "control")]
    known = [ratio for ratio in pairs if ratio["low"] is not None]
    covering = [ratio for ratio in known if ratio["low"] <= 1.0 <= ratio["high"]]
    values = [ratio["value"] for ratio in known]
    between = f"{min(values):.3f} to {max(values):.3f}" if values else "-"
    print(f"| A against A: intervals that cover 1 (90 %); ratios | {share(covering, known)}; {between} |")
    for row in rows:
        if row["kind"] == "overhead":
            best = row["microseconds"]
            added = {name: 100 * (best[name] / best["bare"] - 1) for name in ("whole", "by span")}
            shown = ", ".join(f"{name} {value:+.2f} %" for name, value in added.items())
            print(f"| overhead on a function of {best['bare']:.0f} microseconds (1 %) | {shown} |")
            nothing = row["of_nothing"]
            alone = ", ".join(f"{name} {nothing[name] - nothing['bare']:.2f}" for name in added)
            print(f"| what the loop takes itself, microseconds an inference (2 are 1 % of 200) | {alone} |")


def main() -> None:
    """Run what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="results, one JSON line each; a run goes on from it")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--aa", type=int, default=5, help="comparisons of the network with itself")
    parser.add_argument("--seconds", type=float, default=50.0, help="--measure-s of every run")
    parser.add_argument("--total-seconds", type=float, default=float("inf"), help="start nothing after so many")
    parser.add_argument("--network", default="mobilenet_v3_small")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--spinners", type=int, default=os.cpu_count() or 1, help="processes of other load")
    parser.add_argument("--seed", type=int, default=0)
    rows = collect(parser.parse_args())
    report_runs(sorted((row for row in rows if row["kind"] == "run"), key=lambda row: int(row["number"])))
    report_others(rows)


if __name__ == "__main__":
    main()
