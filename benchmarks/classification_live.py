"""Live classification beside torchvision's and timm's loops: `python benchmarks/classification_live.py IMAGES.zip LABELS.csv`.

One process, one network (MobileNetV3 small, random weights), one batch size, as many threads for the network, as many
processes that decode: decoding with resizing alone, the forward pass alone, both at once with nothing between them, the
loop of torchvision's ``references/classification/train.py --test-only``, that of timm's ``validate.py`` (where timm is
installed), and our own run: decoding ahead, digests of the inputs, checks of conduct, answers stored, scored with their
intervals. All read the same files, the photographs many times under different names.

Images a second are those after the first batch, in the fastest round: starting processes and asking the first batch twice
are left out, storing and scoring are in, writing the record and MLflow are not. A ratio above 1 means that ours is the
faster one; that of the same round leaves out how the machine's speed wanders from round to round. CPU time is that of all
processes from the start.
Where two CPUs share a core, neither stage is as fast beside the other as alone: then no loop can reach the slower of both
alone, and *both at once* says what can be reached.
"""

import argparse
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.models import get_model, get_model_weights

from harness.answering import predict
from harness.options import RunOptions
from harness.plan import Plan, plan_run
from harness.progress import Reporter
from harness.runs import score_plan
from harness.submission import Submission
from harness.task import Predictions
from submissions.torchvision_models.classification import Classifier

NAME = "mobilenet_v3_small"


class Files(TorchDataset[Any]):
    """Image files and labels, opened by Pillow, as both libraries' folders of images do."""

    def __init__(self, paths: list[Path], transform: Any = None) -> None:
        self.paths, self.transform = paths, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        with Image.open(self.paths[index]) as picture:
            return self.transform(picture.convert("RGB")), index % 1000


class Clock:
    """Called after every batch: remembers when the first was done."""

    def __init__(self) -> None:
        self.begun = 0.0

    def __call__(self, count: int = 0) -> None:
        """The first batch is done, or a later one."""
        self.begun = self.begun or time.perf_counter()


Work = Callable[[Clock], None]


class Marking(Reporter):
    """Tells a clock of every batch that a run has answered."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def bar(
        self, title: str, total: int, done: int = 0, unit: str = ""
    ) -> AbstractContextManager[Callable[[int], None]]:
        """The clock as a progress bar."""
        return nullcontext(self.clock)


@dataclass(frozen=True)
class Took:
    """Seconds from the end of the first batch to the end; CPU seconds of all processes, those of the start among them."""

    wall: float
    cpu: float


def took(work: Work) -> Took:
    """Time one call."""
    clock, spent = Clock(), sum(os.times()[:4])
    work(clock)
    return Took(time.perf_counter() - clock.begun, sum(os.times()[:4]) - spent)


def validated(module: torch.nn.Module, batches: Iterable[Any], clock: Clock) -> None:
    """What both scripts do with their batches: forward, loss, how many are right among one and five."""
    with torch.inference_mode():
        for images, labels in batches:
            scores = module(images)
            torch.nn.functional.cross_entropy(scores, labels).item()
            (scores.topk(5).indices == labels[:, None]).float().cumsum(1)[:, [0, 4]].mean(0).tolist()
            clock()


def timm_loader(paths: list[Path], batch: int, workers: int) -> Any:
    """The loader of validate.py on a machine without an accelerator, with the configuration that NAME has."""
    from timm.data import create_loader, resolve_data_config

    config = resolve_data_config({"interpolation": "bilinear", "crop_pct": 0.875, "input_size": (3, 224, 224)})
    return create_loader(
        Files(paths), batch_size=batch, is_training=False, num_workers=workers, use_prefetcher=False,
        persistent_workers=False, device=torch.device("cpu"),
        **{key: config[key] for key in ("input_size", "interpolation", "mean", "std", "crop_pct")},
    )  # fmt: skip


def forward(method: Classifier, count: int, batch: int, clock: Clock) -> None:
    """The network alone."""
    images = torch.rand(batch, 3, 224, 224)
    with torch.inference_mode():
        for _ in range(-(-count // batch)):
            method.module(images)
            clock()


def drained(loader: Iterable[Any], clock: Clock) -> None:
    """Decoding alone."""
    for _ in loader:
        clock()


def both(loader: Iterable[Any], network: Work, clock: Clock) -> None:
    """Decoding in a process of its own and the network here, neither waiting for the other, until both are done."""
    beside = get_context("fork").Process(target=drained, args=(loader, Clock()))
    beside.start()
    network(clock)
    beside.join()


def ours(plan: Plan, submission: Submission, folder: Path, clock: Clock) -> None:
    """What ``harness eval --no-measure`` does once data and network are there."""
    sink = predict(plan, submission, folder, Marking(clock))
    score_plan(plan, Predictions(table=sink.answers()[0], facts=sink.facts), Reporter())


def copied(images: Path, labels: Path, times: int, into: Path) -> tuple[Path, Path, list[Path]]:
    """A folder that names every image so many times, labels for all of them, and their paths."""
    lines = labels.read_text().split()
    rows = [f"{copy}-{line}" for copy in range(times) for line in lines[1:]]
    files, folder = into / "files", into / "images"
    files.mkdir()
    folder.mkdir()
    with zipfile.ZipFile(images) as source:
        for name in source.namelist():
            path = files / Path(name).name
            path.write_bytes(source.read(name))
            for copy in range(times):
                (folder / f"{copy}-{path.name}").symlink_to(path)
    (into / "labels.csv").write_text("\n".join([lines[0], *rows]))
    return folder, into / "labels.csv", sorted(folder.iterdir())


def workloads(home: Path, options: argparse.Namespace) -> tuple[dict[str, Work], int]:
    """What is timed, by name, and the number of images."""
    images, labels, paths = copied(options.images, options.labels, options.copies, home)
    run = RunOptions(task="imagenet", images=images, annotations=labels, home=home / "home", workers=options.workers)
    plan = plan_run(run, sample=False, with_inputs=True)
    preset = get_model_weights(NAME).DEFAULT.transforms()
    method = Classifier(get_model(NAME, weights=None), preset, "cpu")
    submission = Submission(name=NAME, method=method, batch_size=options.batch)
    files, places = Files(paths, preset), iter(range(1000))
    loader = DataLoader(files, batch_size=options.batch, num_workers=options.workers)
    alone = partial(forward, method, len(paths), options.batch)
    work: dict[str, Work] = {
        "decoding alone": partial(drained, loader),
        "forward alone": alone,
        "both at once, unconnected": partial(both, loader, alone),
        "torchvision": partial(validated, method.module, loader),
        "harness": lambda clock: ours(plan, submission, home / str(next(places)), clock),
    }
    if find_spec("timm"):
        theirs = partial(timm_loader, paths, options.batch, options.workers)
        work["timm"] = lambda clock: validated(method.module, theirs(), clock)
    return work, len(paths)


def table(rounds: list[dict[str, Took]], count: int, batch: int) -> list[str]:
    """The lines that stand in the README."""
    rates = [{name: (count - batch) / one.wall for name, one in done.items()} for done in rounds]
    for rate in rates:
        alone = rate["decoding alone"], rate["forward alone"]
        rate["the slower of decoding and forward"] = min(alone)
        # Where decoding and network share all processors, both cannot be had at once.
        rate["decoding and forward, one after the other"] = 1 / sum(1 / one for one in alone)
    lines = [
        "| what | images / s | harness beside it | in the same round, median | CPU ms an image |",
        "|---|---|---|---|---|",
    ]
    fastest = {name: max(rate[name] for rate in rates) for name in rates[0]}
    fastest["the slower of decoding and forward"] = min(fastest["decoding alone"], fastest["forward alone"])
    for name, best in fastest.items():
        paired = [rate["harness"] / rate[name] for rate in rates]
        among = f"{median(paired):.3f} ({min(paired):.3f} to {max(paired):.3f})"
        cpu = f"{1000 * min(done[name].cpu for done in rounds) / count:.2f}" if name in rounds[0] else ""
        lines.append(f"| {name} | {best:.1f} | {fastest['harness'] / best:.3f} | {among} | {cpu} |")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--batch", type=int, default=25)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of the network")
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rounds = []
    with tempfile.TemporaryDirectory() as home:
        work, count = workloads(Path(home), options)
        for index in range(options.rounds):
            # Each round runs each once, every second one backwards, so that a disturbance of the machine meets all.
            order = list(work)[:: -1 if index % 2 else 1]
            found = {name: took(work[name]) for name in order}
            rounds.append({name: found[name] for name in work})
    print("\n".join(table(rounds, count, options.batch)))
    how = f"batch {options.batch}, {options.workers} worker(s), {options.threads} thread(s), {options.rounds} rounds"
    state = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"\n{count} images, {how}, {time.strftime('%H:%M')}, {state}")


if __name__ == "__main__":
    main()
