"""Where the files of a super-resolution benchmark lie in the distributions that are in use."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.task import DataRequest
from tasks.superres.benchmarks import Benchmark
from tasks.superres.images import SUFFIXES, ImageFolder, open_images

HIGH_FOLDERS = ("HR", "GTmod12")
LOW_FOLDERS = ("LR_bicubic/x{scale}", "LR_bicubic/X{scale}", "LRbicx{scale}")
LOW_ENDINGS = ("x{scale}", "_x{scale}", "", "_LR", "_LRBI_x{scale}")
MIXED_FOLDER = "image_SRF_{scale}"
"""SelfExSR's folder, which holds both resolutions and the outputs of methods: ``img_001_SRF_4_HR``, ``..._LR``."""
MIXED_ENDING = "_SRF_{scale}_{kind}"
HIGH_ENDING = re.compile(r"_HR(_x\d)?$")
"""What RCAN's distribution writes behind the names of originals."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where the images of one scale lie; `low` is None where the low-resolution images are made here."""

    high: ImageFolder
    low: ImageFolder | None


def holds_images(folder: Path) -> bool:
    """Whether `folder` directly holds an image that can be read."""
    return folder.is_dir() and any(path.suffix.lower() in SUFFIXES for path in folder.iterdir())


def mixed_folder(root: Path, scale: int) -> Path:
    """The folder in SelfExSR's layout."""
    return root / MIXED_FOLDER.format(scale=scale)


def high_folder(root: Path, scale: int) -> Path | None:
    """The folder of high-resolution images in the folder of a data set, which may be that folder itself."""
    candidates = [*(root / name for name in HIGH_FOLDERS), mixed_folder(root, scale), root]
    return next((folder for folder in candidates if holds_images(folder)), None)


def find_files(benchmark: Benchmark, root: Path | None, request: DataRequest, scale: int) -> Files:
    """The images that a request means; `root` is the data set's folder where ``--data`` was given."""
    high = request.annotations or (high_folder(root, scale) if root else None)
    if high is None:
        raise UsageError("the high-resolution images are not given; name them with --data DIR or --annotations PATH")
    if high.name == MIXED_FOLDER.format(scale=scale):
        return _mixed(benchmark, high, request, scale)
    low = request.images
    if low is None and root is not None and request.annotations is None:
        folders = [root / name.format(scale=scale) for name in LOW_FOLDERS]
        low = next((folder for folder in folders if folder.is_dir()), None)
    originals = open_images(high, lambda stem: benchmark.canonical(HIGH_ENDING.sub("", stem)))
    wanted = low is not None and request.with_inputs
    return Files(originals, open_images(low, benchmark.canonical) if low is not None and wanted else None)


def _mixed(benchmark: Benchmark, folder: Path, request: DataRequest, scale: int) -> Files:
    def only(kind: str) -> Callable[[str], str]:
        ending = MIXED_ENDING.format(scale=scale, kind=kind)
        return lambda stem: benchmark.canonical(stem.removesuffix(ending)) if stem.endswith(ending) else ""

    low = open_images(request.images or folder, only("LR")) if request.with_inputs else None
    return Files(open_images(folder, only("HR")), low)
