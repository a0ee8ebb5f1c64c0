"""What the harness adds to an attack: `python benchmarks/attack_overhead.py`, in one process, ratios in one run.

Both sides run the same attack object on the same batches of the same images from the same random streams. The bare loop is
what people write: a clean answer, then the attack on what is right. The harness's run is `Task.predict`: gates, the check of
every adversarial image, its fresh answer, counting, and answers on disk. Rounds alternate; CPU time is that of the process.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

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

NETWORKS = {
    "ResNet-2B, 0.7 million multiplications": {"submission": "resnet2b", "variant": "sample"},
    "ResNet-20, 41 million": {"submission": "resnet-cifar", "variant": "resnet20", "weights": "random"},
}
SETTINGS = {"pgd-20": {"attack": "pgd"}, "apgd-ce, 50 steps": {"attack": "apgd-ce", "steps": "50"}}


@dataclass
class Timing:
    """Seconds of every round."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def add(self, run: Callable[[], None]) -> None:
        """Time one round."""
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        self.wall_s.append(time.perf_counter() - wall)
        self.cpu_s.append(time.process_time() - cpu)


def planned(folder: Path, network: dict[str, str], settings: dict[str, str], count: int) -> tuple[Plan, Submission]:
    """The task on `count` generated pictures that the network answers rightly, in a ball so small that none falls."""
    images = np.stack(pictures(77, count, 10)[0])
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", np.zeros(count, np.int64))
    options = RunOptions(
        task="cifar10-linf", images=folder / "images.npy", annotations=folder / "labels.npy", home=folder / "home",
        settings={"eps": "1e-7", **settings}, **network,
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
    for start in range(0, len(dataset.ids), size):
        indices = range(start, min(start + size, len(dataset.ids)))
        images = torch.stack([submission.method.prepare(dataset.sample(index)) for index in indices])
        truth = labels[indices.start : indices.stop]
        with torch.no_grad():
            right = (network(images).argmax(1) == truth).nonzero().flatten()
        streams = Streams.of(0, [dataset.ids[start + int(row)] for row in right], chosen.attacks[0][0])
        chosen.attacks[0][1](network, images[right], truth[right], chosen.ball, streams)


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


def measured(network: dict[str, str], settings: dict[str, str], pictures: int, rounds: int) -> str:
    """Both sides in turns: the cells of a row."""
    sides = {"bare": Timing(), "harness": Timing()}
    with tempfile.TemporaryDirectory() as folder:
        plan, submission = planned(Path(folder), network, settings, pictures)
        for index in range(rounds):
            answers = Path(folder) / f"answers-{index}"
            sides["bare"].add(partial(bare, plan, submission))
            sides["harness"].add(partial(with_harness, plan, submission, answers))
    cpu, wall = ({side: min(getattr(one, kind)) for side, one in sides.items()} for kind in ("cpu_s", "wall_s"))
    ratios = f"{cpu['harness'] / cpu['bare']:.3f} | {wall['harness'] / wall['bare']:.3f}"
    return f"{cpu['bare']:.2f} | {cpu['harness']:.2f} | {ratios}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=1600)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| network | attack | bare, CPU s | harness, CPU s | harness / bare, CPU | wall |\n|---|---|---|---|---|---|")
    for title, network in NETWORKS.items():
        count = options.pictures if network["submission"] == "resnet2b" else options.pictures // 4
        for name, settings in SETTINGS.items():
            print(f"| {title} | {name} | {measured(network, settings, count, options.rounds)} |", flush=True)


if __name__ == "__main__":
    main()
