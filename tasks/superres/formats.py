"""A method's output images as files: what the papers' authors publish and MATLAB scripts score."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from harness.columns import build_table
from harness.errors import DataError, PredictionError
from harness.task import Dataset, Predictions
from tasks.superres.data import COLUMNS, Image, to_image, to_row
from tasks.superres.images import ImageFolder, match, open_images, shortened

ENDINGS = ("", "x{scale}", "_x{scale}", "_SR", "x{scale}_SR", "_x{scale}_SR")
"""What may follow the name of an image in the name of its super-resolved copy."""


def read_images(path: Path, dataset: Dataset, rename: Callable[[str], str] = str) -> Predictions:
    """Read a folder or zip archive of output images, one for every sample; `rename` as in `open_images`.

    Raises PredictionError for what is missing, named twice, unreadable or of the wrong size; images that belong to no
    sample are left out with a warning.
    """
    try:
        images = open_images(path, rename)
    except DataError as error:
        raise PredictionError(str(error)) from None
    stems, warnings = _assign(images, dataset)
    rows = [to_row(_read(images, stems[id], id, dataset)) for id in dataset.ids]
    return Predictions(table=build_table(dataset.ids, rows, COLUMNS), warnings=tuple(warnings))


def _assign(images: ImageFolder, dataset: Dataset) -> tuple[dict[str, str], list[str]]:
    endings = [ending.format(scale=dataset.facts["scale"]) for ending in ENDINGS]
    found = match(images.entries, (*dataset.ids, *sorted(dataset.known_ids)), endings)
    lacking = [id for id in dataset.ids if not found[id]]
    if lacking:
        names = f"{lacking[0]}.png or {lacking[0]}{endings[1]}.png"
        raise PredictionError(f"{images.source} lacks the images of {shortened(lacking)}; they are named like {names}")
    for id in dataset.ids:
        if len(found[id]) > 1:
            raise PredictionError(f"{images.source} holds {shortened(found[id])} for {id}; keep one of them")
    extra = sorted(set(images.entries) - {stem for stems in found.values() for stem in stems})
    warnings = [f"{images.source} holds images that belong to no sample, left out: {shortened(extra)}"] if extra else []
    return {id: found[id][0] for id in dataset.ids}, warnings


def _read(images: ImageFolder, stem: str, id: str, dataset: Dataset) -> Image:
    try:
        image = images.read(stem)
    except DataError as error:
        raise PredictionError(str(error)) from None
    check_size(image, id, dataset, images.where(stem))
    return image


def check_size(image: Image, id: str, dataset: Dataset, where: str) -> None:
    """Raise PredictionError, naming `where`, unless `image` is as large as the truth of `id`."""
    height, width = dataset.truth.dense("size")[dataset.truth.position(id)]
    if image.shape[:2] != (height, width):
        raise PredictionError(
            f"{where} has {image.shape[1]}x{image.shape[0]} pixels, expected {width}x{height} "
            f"(the high-resolution image cropped to a multiple of {dataset.facts['scale']})"
        )


def write_images(predictions: Predictions, dataset: Dataset, path: Path) -> None:
    """Write the images as PNG, ``NAMEx4.png``, into a folder, or into a zip archive where `path` ends in ``.zip``."""
    if path.suffix.lower() != ".zip":
        path.mkdir(parents=True, exist_ok=True)
        _write(predictions, dataset, lambda name, data: path.joinpath(name).write_bytes(data))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        # A fixed date, so that the same images give the same archive.
        _write(predictions, dataset, lambda name, data: archive.writestr(zipfile.ZipInfo(name), data))


def _write(predictions: Predictions, dataset: Dataset, put: Callable[[str, bytes], object]) -> None:
    from PIL import Image as PIL

    for index, id in enumerate(predictions.table.ids):
        buffer = io.BytesIO()
        PIL.fromarray(to_image(predictions.table.row(index))).save(buffer, "PNG")
        put(f"{id}x{dataset.facts['scale']}.png", buffer.getvalue())
