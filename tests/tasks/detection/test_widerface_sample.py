"""If these fail, two machines no longer speak of the same sample, or the sample is no valid WIDER FACE data set."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from harness.task import DataRequest, Dataset
from tasks.detection.widerface.drawing import EVENTS, LARGEST, SMALLEST, generate
from tasks.detection.widerface.ground_truth import FILES
from tasks.detection.widerface.sample import COUNT, SEED, write_sample
from tasks.detection.widerface.task import WiderFace

PIXELS_SHA256 = "4a71e9a39e5d3b4f86b7f7bba3861c255d9f0ae2fb6fbb7cdb7017ba4d7f6229"
MAT_SHA256 = "ee9943e1754df713baa0a025b36ea9a52050855f316e9fc64ddc37e5764b5345"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("widerface-sample")
    write_sample(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(root: Path) -> Dataset:
    return WiderFace().open(DataRequest(data=root))


def test_pixels_and_mat_files_are_the_same_everywhere(root: Path, dataset: Dataset) -> None:
    pixels = hashlib.sha256()
    for index, id in enumerate(dataset.ids):
        image = dataset.sample(index).inputs["image"]
        pixels.update(f"{id} {image.shape}".encode() + image.tobytes())
    mats = hashlib.sha256(b"".join((root / "eval_tools" / "ground_truth" / name).read_bytes() for name in FILES))
    assert (pixels.hexdigest(), mats.hexdigest()) == (PIXELS_SHA256, MAT_SHA256)


def test_every_kind_of_face_and_of_image_occurs(dataset: Dataset) -> None:
    faces, counted = dataset.truth.ragged("boxes_xywh"), dataset.truth.ragged("counted").values
    assert len(dataset.ids) == COUNT and dataset.custom
    assert {id.partition("/")[0] for id in dataset.ids} == set(EVENTS)
    easy, medium, hard = counted.sum(axis=0).tolist()
    assert 20 < easy < medium < hard < len(counted) - 10
    # Whoever counts as easy counts as medium, and so on, as officially.
    assert (counted[:, 0] <= counted[:, 1]).all() and (counted[:, 1] <= counted[:, 2]).all()
    empty = np.diff(faces.offsets) == 0
    assert 3 <= empty.sum() <= 12
    assert faces.values[:, 3].min() >= SMALLEST and faces.values[:, 3].max() <= LARGEST


def test_faces_lie_inside_their_images_and_are_warmer_than_what_is_around(dataset: Dataset) -> None:
    faces = dataset.truth.ragged("boxes_xywh")
    for index in range(len(dataset.ids)):
        image = dataset.sample(index).inputs["image"].astype(int)
        for x, y, width, height in faces.row(index).astype(int).tolist():
            assert x >= 0 and y >= 0 and x + width <= image.shape[1] and y + height <= image.shape[0]
            face = image[y : y + height, x : x + width]
            warm = (face[:, :, 0] - face[:, :, 2] > 30).mean()
            assert warm > 0.3


def test_an_image_depends_on_its_seed_and_number_alone() -> None:
    first, longer, other = list(generate(SEED, 2)), list(generate(SEED, 4)), list(generate(SEED + 1, 2))
    assert all(np.array_equal(a[1], b[1]) and a[2] == b[2] for a, b in zip(first, longer, strict=False))
    assert first[0][2] != other[0][2]


def test_the_whole_sample_can_be_gone_through(root: Path) -> None:
    assert list(WiderFace().verify_data(DataRequest(data=root))) == ["60 samples of widerface/val can be read"]
