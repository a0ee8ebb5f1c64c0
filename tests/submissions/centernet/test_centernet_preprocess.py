"""If these fail, the network sees other pixels than the authors' code would show it."""

import hashlib

import numpy as np
import pytest

pytest.importorskip("torch")

from submissions.centernet.preprocess import MEAN_BGR, STD_BGR, Geometry, network_input
from submissions.centernet.resize import resize_bilinear


@pytest.mark.parametrize(
    ("size", "scale", "padded", "cells", "border"),
    [
        ((480, 640), 1.0, (511, 767), (128, 192), (15, 63)),
        ((427, 640), 0.6, (383, 511), (96, 128), (63, 63)),
        ((640, 480), 1.8, (1279, 895), (320, 224), (63, 15)),
        ((512, 511), 1.0, (639, 511), (160, 128), (63, 0)),
    ],
)
def test_geometry_is_the_official_one(
    size: tuple[int, int], scale: float, padded: tuple[int, int], cells: tuple[int, int], border: tuple[int, int]
) -> None:
    geometry = Geometry(*size, scale, 128)
    assert (geometry.padded, geometry.cells, geometry.border) == (padded, cells, border)
    assert geometry.ratio == (cells[0] / padded[0], cells[1] / padded[1])


def test_input_is_normalised_bgr_padded_with_black_and_mirrored() -> None:
    image = np.zeros((20, 24, 3), dtype=np.uint8)
    image[:] = (255, 0, 51)
    views = network_input(image, Geometry(20, 24, 1.0, 32), flip=True)
    assert views.shape == (2, 3, 31, 31) and views.dtype == np.float32
    black = ((0.0 - MEAN_BGR.astype(np.float64)) / STD_BGR).astype(np.float32)
    colour = ((np.array([0.2, 0.0, 1.0]) - MEAN_BGR) / STD_BGR).astype(np.float32)
    assert views[0, :, 0, 0].tolist() == black.tolist()
    assert views[0, :, 5, 3].tolist() == colour.tolist()
    assert (views[0, 2] == colour[2]).sum() == 20 * 24
    assert np.array_equal(views[1], views[0][:, :, ::-1])


def test_an_image_as_large_as_the_input_loses_its_last_lines() -> None:
    image = np.full((31, 31, 3), 255, dtype=np.uint8)
    view = network_input(image, Geometry(31, 31, 1.0, 32), flip=False)[0]
    assert view[0, 29, 29] > 0 and view[0, 30, 29] < 0 and view[0, 29, 30] < 0


def test_resizing_gives_opencvs_pixels() -> None:
    random = np.random.PCG64(5).random_raw(37 * 53 * 3)
    image = (random % np.uint64(256)).astype(np.uint8).reshape(37, 53, 3)
    digest = hashlib.sha256()
    for scale in (0.6, 1.0, 1.2, 1.5, 1.8):
        resized = resize_bilinear(image, (int(37 * scale), int(53 * scale)))
        digest.update(resized.tobytes())
        assert resized.shape == (int(37 * scale), int(53 * scale), 3)
    assert (
        digest.hexdigest() == "d83f934e9f5eab57522be8758d42ebc93e6d22198cff4e3f029a93eb660d2004"
    )  # of cv2.resize, OpenCV 5.0.0


def test_resizing_to_the_same_size_changes_nothing() -> None:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    assert np.array_equal(resize_bilinear(image, (4, 5)), image)


def test_resizing_equals_the_installed_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    random = np.random.default_rng(0)
    for _ in range(20):
        height, width = random.integers(20, 200, 2)
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for scale in (0.6, 1.2, 1.8):
            size = int(height * scale), int(width * scale)
            assert np.array_equal(resize_bilinear(image, size), cv2.resize(image, (size[1], size[0])))
