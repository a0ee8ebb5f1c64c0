"""Live classification beside torchvision's and timm's loops: `python benchmarks/classification_live.py IMAGES.zip LABELS.csv`.

One process, one network (MobileNetV3 small, random weights), one batch size, the same number of workers: decoding with
resizing alone, the forward pass alone, the loop of torchvision's ``references/classification/train.py --test-only``, that
of timm's ``validate.py`` (where timm is installed), and our own run: decoding ahead, checks of conduct, answers stored,
scored with their intervals. Images a second, of the fastest round; a ratio above 1 means that ours is the faster one.
"""

import argparse
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
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


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def validated(module: torch.nn.Module, batches: Iterable[Any]) -> None:
    """What both scripts do with their batches: forward, loss, how many are right among one and five."""
    with torch.inference_mode():
        for images, labels in batches:
            scores = module(images)
            torch.nn.functional.cross_entropy(scores, labels).item()
            (scores.topk(5).indices == labels[:, None]).float().cumsum(1)[:, [0, 4]].mean(0).tolist()


def timm_loader(paths: list[Path], batch: int, workers: int) -> Any:
    """The loader of validate.py on a machine without an accelerator, with the configuration that NAME has."""
    from timm.data import create_loader, resolve_data_config

    config = resolve_data_config({"interpolation": "bilinear", "crop_pct": 0.875, "input_size": (3, 224, 224)})
    return create_loader(
        Files(paths), batch_size=batch, is_training=False, num_workers=workers, use_prefetcher=False,
        persistent_workers=False, device=torch.device("cpu"),
        **{key: config[key] for key in ("input_size", "interpolation", "mean", "std", "crop_pct")},
    )  # fmt: skip


def forward(method: Classifier, count: int, batch: int) -> None:
    """The network alone."""
    images = torch.zeros(batch, 3, 224, 224)
    with torch.inference_mode():
        for _ in range(-(-count // batch)):
            method.module(images)


def ours(plan: Plan, submission: Submission, folder: Path) -> None:
    """What ``harness eval --no-measure`` does once data and network are there."""
    sink = predict(plan, submission, folder, Reporter())
    score_plan(plan, Predictions(table=sink.answers()[0], facts=sink.facts), Reporter())


def copied(images: Path, labels: Path, times: int, into: Path) -> tuple[Path, Path, list[Path]]:
    """The images so many times under different names, in a zip and as files, so that no start-up decides."""
    lines = labels.read_text().split()
    rows = [f"{copy}-{line}" for copy in range(times) for line in lines[1:]]
    folder = into / "images"
    folder.mkdir()
    with zipfile.ZipFile(images) as source, zipfile.ZipFile(into / "images.zip", "w") as target:
        for copy in range(times):
            for name in source.namelist():
                target.writestr(f"{copy}-{name}", source.read(name))
                (folder / f"{copy}-{Path(name).name}").write_bytes(source.read(name))
    (into / "labels.csv").write_text("\n".join([lines[0], *rows]))
    return into / "images.zip", into / "labels.csv", sorted(folder.iterdir())


def workloads(home: Path, options: argparse.Namespace) -> tuple[dict[str, Callable[[], object]], int]:
    """What is timed, by name, and the number of images."""
    images, labels, paths = copied(options.images, options.labels, options.copies, home)
    plan = plan_run(
        RunOptions(task="imagenet", images=images, annotations=labels, home=home / "home"),
        sample=False,
        with_inputs=True,
    )
    preset = get_model_weights(NAME).DEFAULT.transforms()
    method = Classifier(get_model(NAME, weights=None), preset, "cpu")
    submission = Submission(name=NAME, method=method, batch_size=options.batch)
    files, places = Files(paths, preset), iter(range(1000))
    loader = DataLoader(files, batch_size=options.batch, num_workers=options.workers)
    work: dict[str, Callable[[], object]] = {
        "decoding alone": lambda: [None for _ in loader],
        "forward alone": lambda: forward(method, len(paths), options.batch),
        "torchvision": lambda: validated(method.module, loader),
        "harness": lambda: ours(plan, submission, home / str(next(places))),
    }
    if find_spec("timm"):
        work["timm"] = lambda: validated(method.module, timm_loader(paths, options.batch, options.workers))
    return work, len(paths)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--batch", type=int, default=25)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--copies", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        work, count = workloads(Path(home), options)
        # Every round runs each once, so that a disturbance of the machine meets all.
        rounds = [{name: seconds(one) for name, one in work.items()} for _ in range(options.rounds)]
    rate = {name: count / min(one[name] for one in rounds) for name in work}
    slower = min(rate["decoding alone"], rate["forward alone"])
    # Where decoding and network share the processor, both cannot be had at once.
    shared = 1 / (1 / rate["decoding alone"] + 1 / rate["forward alone"])
    print("| what | images / s | harness beside it |\n|---|---|---|")
    for name, found in rate.items():
        print(f"| {name} | {found:.1f} | {rate['harness'] / found:.3f} |")
    print(f"| the slower of decoding and forward | {slower:.1f} | {rate['harness'] / slower:.3f} |")
    print(f"| both on one processor, one after the other | {shared:.1f} | {rate['harness'] / shared:.3f} |")
    state = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"\n{count} images, batch {options.batch}, {options.workers} workers, {time.strftime('%H:%M')}, {state}")


if __name__ == "__main__":
    main()
