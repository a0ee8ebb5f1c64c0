"""Live classification beside torchvision's way: `python benchmarks/classification_live.py IMAGES.zip LABELS.csv`.

One process, one network (MobileNetV3 small, random weights), one batch size: decoding with resizing alone, the forward
pass alone, torchvision's reference loop (a DataLoader with workers), timm's way, which is the same with other
transforms, and our own run with decoding ahead, checks of conduct, and storage. Images a second, of the fastest round.
"""

import argparse
import os
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.models import get_model, get_model_weights

from harness.answering import predict
from harness.options import RunOptions
from harness.plan import Plan, plan_run
from harness.progress import Reporter
from harness.submission import Submission
from submissions.torchvision_models.classification import Classifier

NAME, WORKERS = "mobilenet_v3_small", 2


class Pictures(TorchDataset[Any]):
    """The same images, decoded and prepared in a worker."""

    def __init__(self, plan: Plan, method: Classifier) -> None:
        self._dataset, self._method = plan.dataset, method

    def __len__(self) -> int:
        return len(self._dataset.ids)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self._method.prepare(self._dataset.sample(index))


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def reference(pictures: Pictures, method: Classifier, batch: int) -> None:
    """What torchvision's references/classification/train.py does under ``--test-only``."""
    with torch.inference_mode():
        for images in DataLoader(pictures, batch_size=batch, num_workers=WORKERS):
            method.module(images).topk(5)


def forward(method: Classifier, count: int, batch: int) -> None:
    """The network alone."""
    images = torch.zeros(batch, 3, 224, 224)
    with torch.inference_mode():
        for _ in range(count // batch):
            method.module(images)


def copied(images: Path, labels: Path, times: int, into: Path) -> tuple[Path, Path]:
    """The images so many times under different names, so that what happens once a run does not decide."""
    lines = labels.read_text().split()
    rows = [f"{copy}-{line}" for copy in range(times) for line in lines[1:]]
    with zipfile.ZipFile(images) as source, zipfile.ZipFile(into / "images.zip", "w") as target:
        for copy in range(times):
            for name in source.namelist():
                target.writestr(f"{copy}-{name}", source.read(name))
    (into / "labels.csv").write_text("\n".join([lines[0], *rows]))
    return into / "images.zip", into / "labels.csv"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--batch", type=int, default=25)
    parser.add_argument("--copies", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        images, labels = copied(options.images, options.labels, options.copies, Path(home))
        run = RunOptions(task="imagenet", images=images, annotations=labels, home=Path(home) / "home")
        plan = plan_run(run, sample=False, with_inputs=True)
        module = get_model(NAME, weights=None)
        method = Classifier(module, get_model_weights(NAME).DEFAULT.transforms(), "cpu")
        submission = Submission(name=NAME, method=method, batch_size=options.batch)
        pictures, count = Pictures(plan, method), len(plan.dataset.ids)
        places = iter(range(1000))
        work: dict[str, Callable[[], object]] = {
            "decoding and resizing alone, one thread": lambda: [pictures[index] for index in range(count)],
            "forward alone": lambda: forward(method, count, options.batch),
            f"torchvision's loop, {WORKERS} workers": lambda: reference(pictures, method, options.batch),
            "harness": lambda: predict(plan, submission, Path(home) / str(next(places)), Reporter()),
        }
        # Every round runs each once, so that a disturbance of the machine meets all.
        rounds = [{name: seconds(one) for name, one in work.items()} for _ in range(options.rounds)]
    print("| what | images / s |\n|---|---|")
    for name in work:
        print(f"| {name} | {count / min(one[name] for one in rounds):.1f} |")
    print(
        f"\nbatch {options.batch}, {time.strftime('%H:%M')}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
