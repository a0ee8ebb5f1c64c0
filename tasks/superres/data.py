"""The files of a super-resolution benchmark on disk: high- and low-resolution images -> samples and truth."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Row, Table, build_table
from harness.errors import DataError, UsageError
from harness.task import DataRequest, Dataset
from tasks.superres.benchmarks import SAMPLE_TRUTH, Benchmark, Size
from tasks.superres.images import ImageFolder, match, shortened
from tasks.superres.layouts import LOW_ENDINGS, Files
from tasks.superres.metrics import SSIM_WINDOW
from tasks.superres.resize import downscale, modcrop

Image = NDArray[np.uint8]

COLUMNS = (
    ColumnSpec("pixels", "uint8", (3,), ragged=True, description="RGB, row by row"),
    ColumnSpec("size", "int64", (2,), description="height, width in pixels"),
)
"""How an image is kept, in the truth and in predictions."""


def to_row(image: Image) -> Row:
    """An image ``(H, W, 3)`` as a row of `COLUMNS`."""
    return {"pixels": image.reshape(-1, 3), "size": np.array(image.shape[:2], np.int64)}


def to_image(row: Mapping[str, Any]) -> Image:
    """The image ``(H, W, 3)`` of a row of `COLUMNS`."""
    height, width = (int(side) for side in row["size"])
    image: Image = row["pixels"].reshape(height, width, 3)
    return image


def read_scale(split: str) -> int:
    """The scale that a split (``x4``) names; raises UsageError for anything else."""
    found = re.fullmatch(r"x([2-9])", split)
    if found is None:
        raise UsageError(f"--split {split}: a super-resolution split is named after its scale, such as x4")
    return int(found[1])


def open_dataset(benchmark: Benchmark, files: Files, request: DataRequest, split: str) -> Dataset:
    """Read the truth and pair every image with its low-resolution one; raises DataError for what is missing."""
    scale = read_scale(split)
    ids = tuple(sorted(files.high.entries))
    _check_complete(benchmark, files.high, ids)
    truth = build_table(ids, [to_row(_read_high(files.high, id, scale)) for id in ids], COLUMNS)
    digest = truth.digest()
    official = is_official(benchmark, truth, digest, scale)
    noted_elsewhere = digest == SAMPLE_TRUTH.get(scale) or request.annotations is not None
    warnings = [] if official or noted_elsewhere else [_other_pixels(benchmark, files.high, scale)]
    load: Callable[[str], Mapping[str, Any]] | None = None
    facts: dict[str, Any] = {"scale": scale}
    if request.with_inputs:
        facts["low_resolution"] = "made here" if files.low is None else "from files"
        load, noted = _loader(files, truth, scale, strict=request.annotations is None)
        warnings += noted
    return Dataset(
        split=split,
        ids=ids,
        truth=truth,
        load=load,
        facts=facts,
        warnings=tuple(warnings),
        # Where the files lie says nothing: only the pixels tell the benchmark from other images in its layout.
        custom=not official,
        # x2 and x4 of one image may have the same pixels, and are not to be compared.
        identity={"scale": scale},
    )


def is_official(benchmark: Benchmark, truth: Table, digest: str, scale: int) -> bool:
    """Whether the images are the benchmark's: known by their pixels, or where those are not, by names and sizes."""
    if benchmark.truth:
        return digest == benchmark.truth.get(scale)
    if set(truth.ids) != set(benchmark.images):
        return False
    found = {id: tuple(map(int, size)) for id, size in zip(truth.ids, truth.dense("size"), strict=True)}
    return all(found[id] in {_cropped(size, scale) for size in sizes} for id, sizes in benchmark.sizes.items())


def _cropped(size: Size, scale: int) -> Size:
    height, width = size
    return height - height % scale, width - width % scale


def _check_complete(benchmark: Benchmark, high: ImageFolder, ids: Sequence[str]) -> None:
    lacking = [name for name in benchmark.images if name not in ids]
    if len(lacking) < len(benchmark.images) and lacking:
        raise DataError(f"{high.source} lacks images of {benchmark.title}: {shortened(lacking)}; copy them there")


def _read_high(high: ImageFolder, id: str, scale: int) -> Image:
    image: Image = np.ascontiguousarray(modcrop(high.read(id), scale))
    least = SSIM_WINDOW + 2 * scale
    if min(image.shape[:2]) < least:
        raise DataError(f"{high.where(id)} is too small: SSIM at x{scale} needs {least} pixels a side")
    return image


def _other_pixels(benchmark: Benchmark, high: ImageFolder, scale: int) -> str:
    return (
        f"the images in {high.source} are not those of {benchmark.title} as papers use it at x{scale} (other names, "
        "crops or pixels), so the score is not to be compared with theirs"
    )


def _loader(
    files: Files, truth: Table, scale: int, *, strict: bool
) -> tuple[Callable[[str], Mapping[str, Any]], list[str]]:
    """What decodes or makes one sample's input, and what is to be noted about the inputs."""
    low = files.low
    if low is None:
        note = f"the low-resolution images were made here from those in {files.high.source} by MATLAB's bicubic"
        return lambda id: {"image": downscale(to_image(truth.row(truth.position(id))), scale)}, [note]
    stems, notes = _pair(low, truth.ids, scale, strict=strict)

    def load(id: str) -> Mapping[str, Any]:
        image = low.read(stems[id])
        height, width = (int(side) // scale for side in truth.dense("size")[truth.position(id)])
        if image.shape[:2] != (height, width):
            raise DataError(
                f"{low.where(stems[id])} has {image.shape[1]}x{image.shape[0]} pixels, expected {width}x{height}: "
                f"a copy of {files.high.where(id)} made {scale} times smaller"
            )
        return {"image": image}

    return load, notes


def _pair(low: ImageFolder, ids: Sequence[str], scale: int, *, strict: bool) -> tuple[dict[str, str], list[str]]:
    found = match(low.entries, ids, [ending.format(scale=scale) for ending in LOW_ENDINGS])
    lacking = [id for id, stems in found.items() if not stems]
    if lacking:
        raise DataError(
            f"{low.source} lacks the low-resolution images of {shortened(lacking)}; they are named like "
            f"{lacking[0]}x{scale}.png"
        )
    chosen = {id: stems[0] for id, stems in found.items()}
    alone = sorted(set(low.entries) - {stem for stems in found.values() for stem in stems})
    message = f"{low.source} holds {shortened(alone)}, of which there is no high-resolution image"
    if alone and strict:
        raise DataError(f"{message}; copy it to the others")
    return chosen, [f"{message}; left out"] if alone else []
