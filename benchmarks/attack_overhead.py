"""What the harness adds to an attack: `python benchmarks/attack_overhead.py`, in one process, ratios in one run.

Both sides run the same attack object on the same batches of the same images from the same random streams, with one thread.
The bare loop is what any honest script does, and no more: the clean answer, the attack on what is right, and the check
after it, as AutoAttack's own evaluation has it: a fresh answer to the adversarial images, the largest distance from the
originals, values that are no numbers, the smallest and the largest value. The harness's run is `Task.predict`: digests of
the inputs, gates (in the first of every eight batches: all images once more, gradients of two losses for 32 of them; after
the last batch its images once more), each adversarial image against ball and box, its fresh answer, counting, and answers
on disk. No image falls, so that both do all steps.

CPU time of the process, in rounds of four runs: bare, harness, harness, bare, and in the next round the other way about. A
round's ratio is that of the sums; the median of the rounds is told, and the smallest and largest round.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

import numpy as np
import torch

from harness.answering import RunSink
from harness.loading import load_submission
from harness.options import RunOptions
from harness.plan import Plan, plan_run
from harness.submission import Submission
from harness.task import RunContext
from tasks.classification.robustness.launch import battery
from tasks.classification.robustness.streams import Streams
from tasks.classification.sample import pictures

BATCHES = 8
"""As many as the gates look at once; a data set has more of them, which costs no more."""


@dataclass(frozen=True)
class Case:
    """A network, with as many images a batch as a run of some seconds allows."""

    title: str
    network: dict[str, str]
    batch: int


CASES = (
    Case("ResNet-2B, 0.7 million multiplications", {"submission": "resnet2b", "variant": "sample"}, 100),
    Case(
        "ResNet-20, 41 million",
        {"submission": "resnet-cifar", "variant": "resnet20", "weights": "random"},
        8,
    ),
)
SETTINGS = {"pgd-20": {"attack": "pgd"}, "apgd-ce, 50 steps": {"attack": "apgd-ce", "steps": "50"}}


@dataclass
class Timing:
    """Seconds of every run."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def add(self, run: Callable[[], None]) -> None:
        """Time one run."""
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        self.wall_s.append(time.perf_counter() - wall)
        self.cpu_s.append(time.process_time() - cpu)


def planned(folder: Path, case: Case, settings: dict[str, str]) -> tuple[Plan, Submission]:
    """The task on generated pictures that the network answers rightly, in a ball so small that none falls."""
    count = case.batch * BATCHES
    images = np.stack(pictures(77, count, 10)[0])
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", np.zeros(count, np.int64))
    options = RunOptions(
        task="cifar10-linf", images=folder / "images.npy", annotations=folder / "labels.npy", home=folder / "home",
        settings={"eps": "1e-7", **settings}, batch_size=case.batch, **case.network,
    )  # fmt: skip
    plan = plan_run(options, sample=False, with_inputs=True)
    submission = load_submission(plan.task, plan.dataset, options, sample=False)
    with torch.no_grad():
        unit = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        np.save(
            folder / "labels.npy",
            torch.cat([submission.method.logits(part).argmax(1) for part in unit.split(100)]).numpy(),
        )
    return plan_run(options, sample=False, with_inputs=True), submission


def bare(plan: Plan, submission: Submission) -> None:
    """The attack without the harness."""
    chosen = battery("linf", plan.scoring.settings, 0)
    dataset, size, network = plan.dataset, submission.batch_size, submission.method.logits
    labels = torch.from_numpy(np.array(dataset.truth.dense("label")))
    standing = 0
    for start in range(0, len(dataset.ids), size):
        indices = range(start, min(start + size, len(dataset.ids)))
        images = torch.from_numpy(np.stack([dataset.sample(index).inputs["image"] for index in indices]))
        images = images.permute(0, 3, 1, 2).contiguous().float() / 255
        truth = labels[indices.start : indices.stop]
        with torch.no_grad():
            right = (network(images).argmax(1) == truth).nonzero().flatten()
        streams = Streams.of(0, [dataset.ids[start + int(row)] for row in right], chosen.attacks[0][0])
        found = chosen.attacks[0][1](network, images[right], truth[right], chosen.ball, streams)
        with torch.no_grad():
            standing += int((network(found).argmax(1) == truth[right]).sum())
        farthest = float((found - images[right]).abs().flatten(1).amax(1).max())
        if farthest > 1e-6 or bool(found.isnan().any()) or float(found.min()) < 0 or float(found.max()) > 1:
            raise SystemExit(f"the attack left its set: {farthest}")
    if standing != len(dataset.ids):
        raise SystemExit(f"{len(dataset.ids) - standing} images fell, so that the two sides do not make the same steps")


def with_harness(plan: Plan, submission: Submission, folder: Path) -> None:
    """The same as a run does it."""
    sink = RunSink(plan, folder)
    run = RunContext(
        batch_size=submission.batch_size,
        device="cpu",
        seed=0,
        settings=plan.scoring.settings,
        advance=lambda _: sink.tick(),
    )
    plan.task.predict(submission, replace(plan.dataset, load=sink.watched(plan.dataset.load)), sink, run)
    sink.flush()


def measured(case: Case, settings: dict[str, str], rounds: int) -> str:
    """Both sides in turns: the cells of a row."""
    ratios, sides = [], {"bare": Timing(), "harness": Timing()}
    with tempfile.TemporaryDirectory() as folder:
        plan, submission = planned(Path(folder), case, settings)
        places = count()
        bare(plan, submission)
        for index in range(rounds):
            order = ("bare", "harness", "harness", "bare") if index % 2 else ("harness", "bare", "bare", "harness")
            for side in order:
                run = partial(with_harness, folder=Path(folder) / str(next(places))) if side == "harness" else bare
                sides[side].add(partial(run, plan, submission))
            ratios.append(sum(sides["harness"].cpu_s[-2:]) / sum(sides["bare"].cpu_s[-2:]))
    wall = median(sides["harness"].wall_s) / median(sides["bare"].wall_s)
    seconds = " | ".join(f"{min(side.cpu_s):.2f}" for side in sides.values())
    return f"{seconds} | {median(ratios):.3f} | {min(ratios):.3f} to {max(ratios):.3f} | {wall:.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", default="", help="a part of the name of a network or an attack")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| network | attack | bare, CPU s | harness, CPU s | harness / bare, CPU | rounds | wall |")
    print("|---|---|---|---|---|---|---|")
    for case in CASES:
        for name, settings in SETTINGS.items():
            if options.only in f"{case.title} {name}":
                print(f"| {case.title} | {name} | {measured(case, settings, options.rounds)} |", flush=True)
    print(
        f"\n{options.rounds} rounds, {BATCHES} batches, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
