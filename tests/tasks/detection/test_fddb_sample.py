"""If these fail, two machines no longer speak of the same sample of FDDB, or it is no valid data set."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.task import DataRequest
from tasks.detection.fddb.regions import ellipse_mask, ellipse_numbers
from tasks.detection.fddb.sample import SEED, generate, write_sample
from tasks.detection.fddb.task import Fddb

PIXELS_SHA256 = "ea49c42ade27d63395df28d84ce29fb29dc1ede83e37fb28667b48bb66352f1d"
LISTS_SHA256 = "03ff51177ca9a0c492e4e3ee498c4b9166f8ca104af2f98fba9c92a2555db8d1"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fddb_sample")
    write_sample(folder)
    return folder


def test_pixels_and_lists_are_the_same_everywhere(root: Path) -> None:
    pixels, lists = hashlib.sha256(), hashlib.sha256()
    for path in sorted((root / "originalPics").rglob("*.png")):
        image = np.asarray(Image.open(path))
        pixels.update(f"{path.relative_to(root).as_posix()} {image.shape}".encode() + image.tobytes())
    for path in sorted((root / "FDDB-folds").iterdir()):
        lists.update(path.name.encode() + path.read_bytes())
    assert pixels.hexdigest() == PIXELS_SHA256
    assert lists.hexdigest() == LISTS_SHA256


def test_the_sample_is_verified(root: Path) -> None:
    assert list(Fddb().verify_data(DataRequest(data=root))) == ["60 images of fddb with 174 faces can be read"]


def test_ellipses_lie_on_the_faces_that_are_drawn(root: Path) -> None:
    dataset = Fddb().open(DataRequest(data=root))
    warm_inside, warm_outside = [], []
    for index in range(len(dataset.ids)):
        image = dataset.sample(index).inputs["image"].astype(np.int64)
        warm = image[:, :, 0] > image[:, :, 2] + 20
        faces = np.zeros(warm.shape, np.bool_)
        for numbers in ellipse_numbers(dataset.truth.ragged("ellipses").row(index)):
            faces |= ellipse_mask(numbers, warm.shape[1], warm.shape[0])
        warm_inside.append(warm[faces].mean())
        warm_outside.append(warm[~faces].mean())
    assert min(warm_inside) > 0.8 and np.median(warm_outside) < 0.02


def test_an_image_depends_on_its_seed_and_number_alone() -> None:
    few, more = list(generate(SEED, 2)), list(generate(SEED, 4))
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(few, more[:2], strict=True))
