"""PSNR and SSIM on Set5 beside scikit-image's SSIM, ``python benchmarks/superres_score.py DATA`` (needs scikit-image).

DATA holds Set5; the answers are MATLAB's bicubic at x2. Every round runs each function once, one after the other, so that
a disturbance of the machine meets all; times are CPU seconds of the fastest round, whole processes also wall seconds.
scikit-image is asked for the protocol's SSIM (Gaussian window, sigma 1.5, population covariance, range 255) and given the
planes that it is to compare; the values must agree to 1e-12. The second process does in scikit-image what
``harness score`` does for one protocol.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from skimage.metrics import structural_similarity

from harness.task import DataRequest, Dataset, Predictions
from tasks.superres import SuperResolution, set5
from tasks.superres.data import COLUMNS, to_image, to_row
from tasks.superres.metrics import PLANES, quality, shave, ssim
from tasks.superres.resize import upscale

SCALE = 2
REFERENCE = "SSIM of luma, scikit-image"
SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
def luma(path):
    image = np.asarray(Image.open(path).convert("RGB"))
    image = image[: image.shape[0] - image.shape[0] % 2, : image.shape[1] - image.shape[1] % 2]
    return (image @ np.array([65.481, 128.553, 24.966]) / 255 + 16)[2:-2, 2:-2]
rows = []
for path in sorted(Path(sys.argv[1]).iterdir()):
    x, y = luma(path), luma(Path(sys.argv[2]) / f"{path.stem}x2.png")
    options = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
    rows.append((peak_signal_noise_ratio(x, y, data_range=255), structural_similarity(x, y, **options)))
print(np.mean(rows, axis=0))
"""

Pair = tuple[np.ndarray, np.ndarray]


def reference(x: np.ndarray, y: np.ndarray) -> float:
    """The protocol's SSIM by scikit-image."""
    return float(
        structural_similarity(x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
    )


def functions(images: list[Pair]) -> dict[str, Callable[[], object]]:
    """What is timed in this process, by name."""
    planes = [tuple(PLANES["matlab-y"](shave(image, SCALE))[0] for image in pair) for pair in images]
    return {
        REFERENCE: lambda: [reference(x, y) for x, y in planes],
        "SSIM of luma": lambda: [ssim(x, y) for x, y in planes],
        "PSNR and SSIM of luma, from RGB": lambda: [quality(x, y, SCALE, "matlab-y") for x, y in images],
        "all three protocols, from RGB": lambda: [quality(x, y, SCALE, p) for p in PLANES for x, y in images],
    }


def processes(data: Path, answers: Path, home: str) -> dict[str, list[str]]:
    """What is timed as whole processes, by name."""
    high = next(data.rglob("Set5/HR"))
    score = [sys.executable, "-m", "harness.cli", "score", "--task", "set5", "--split", f"x{SCALE}"]
    return {
        "process: luma by scikit-image": [sys.executable, "-c", SCRIPT, str(high), str(answers)],
        "process: harness score, three protocols": [
            *score, "--data", str(data), str(answers), "--no-log", "--again", "--home", home
        ],
    }  # fmt: skip


def time_once(run: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of one call, child processes among them."""
    start, cpu = time.perf_counter(), _cpu_s()
    run()
    return _cpu_s() - cpu, time.perf_counter() - start


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def answered(task: SuperResolution, dataset: Dataset) -> list[Pair]:
    """Truth and bicubic answer of every image."""
    samples = ((to_image(dataset.truth.row(i)), dataset.sample(i).inputs["image"]) for i in range(len(dataset.ids)))
    return [(truth, upscale(low, SCALE)) for truth, low in samples]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    task = set5()
    dataset = task.open(DataRequest(data=options.data, split=f"x{SCALE}"))
    images = answered(task, dataset)
    planes = [[PLANES["matlab-y"](shave(image, SCALE))[0] for image in pair] for pair in images]
    apart = max(abs(reference(x, y) - ssim(x, y)) for x, y in planes)
    if apart > 1e-12:
        raise SystemExit(f"scikit-image's SSIM differs by {apart}")
    timings: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as home:
        answers = Path(home) / "answers"
        task.write(_predictions(dataset, images), dataset, answers)
        for index in range(options.rounds):
            for name, run in functions(images).items():
                timings.setdefault(name, []).append(time_once(run))
            for name, command in processes(options.data, answers, home).items():
                if index < 3:
                    done = time_once(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))  # noqa: B023
                    timings.setdefault(name, []).append(done)
    base = min(cpu for cpu, _ in timings[REFERENCE])
    print(f"| Set5 x{SCALE} | CPU ms | wall ms | CPU / {REFERENCE} |\n|---|---|---|---|")
    for name, rows in timings.items():
        cpu, wall = (min(row[i] for row in rows) for i in (0, 1))
        print(f"| {name} | {1000 * cpu:.1f} | {1000 * wall:.1f} | {cpu / base:.3f} |")
    print(f"\nlargest difference of SSIM {apart:.1e}; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def _predictions(dataset: Dataset, images: list[Pair]) -> Predictions:
    from harness.columns import build_table

    return Predictions(table=build_table(dataset.ids, [to_row(image) for _, image in images], COLUMNS))


if __name__ == "__main__":
    main()
