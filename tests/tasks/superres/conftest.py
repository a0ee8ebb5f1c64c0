"""The generated sample, written once a session, and small helpers for image files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.task import DataRequest, Dataset
from tasks.superres import SuperResolution, set5
from tasks.superres.sample import write_sample


@pytest.fixture(scope="session")
def task() -> SuperResolution:
    return set5()


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("superres-sample")
    write_sample(root)
    return root


@pytest.fixture(scope="session")
def sample(task: SuperResolution, sample_root: Path) -> Dataset:
    return task.open(DataRequest(data=sample_root))


@pytest.fixture
def save() -> Callable[[Path, np.ndarray], Path]:
    """Write an image file, making its folder."""

    def write(path: Path, pixels: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        return path

    return write


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """Random pixels of a given shape, the same for the same shape and seed."""

    def make(*shape: int, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)

    return make
