"""The sample must be the same everywhere, or records made on it could not be compared."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from harness.task import DataRequest
from tasks.superres import SuperResolution
from tasks.superres.benchmarks import SAMPLE_TRUTH
from tasks.superres.sample import SAMPLE_COUNT, SCALES, pictures, write_sample

FILES = "dcc172558615e214fa1d526d64a62d2ebcdc8ff42866bbb47c99263e57992e0b"


def tree_digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.bmp")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def test_the_files_are_the_same_on_every_machine(sample_root: Path) -> None:
    assert len(list(sample_root.rglob("*.bmp"))) == SAMPLE_COUNT * 4
    assert tree_digest(sample_root) == FILES


@pytest.mark.parametrize("scale", SCALES)
def test_the_truth_is_pinned_and_needs_no_warning(task: SuperResolution, sample_root: Path, scale: int) -> None:
    dataset = task.open(DataRequest(data=sample_root, split=f"x{scale}"))
    assert dataset.truth.digest() == SAMPLE_TRUTH[scale]
    assert dataset.warnings == ()


@pytest.mark.parametrize("scale", SCALES)
def test_its_inputs_are_matlabs_bicubic(task: SuperResolution, sample_root: Path, scale: int) -> None:
    lines = list(task.verify_data(DataRequest(data=sample_root, split=f"x{scale}")))
    assert any(line.startswith("0 of ") for line in lines)


def test_there_are_enough_images_for_an_interval(sample_root: Path) -> None:
    assert SAMPLE_COUNT >= 20


def test_pictures_have_edges_and_need_no_cropping() -> None:
    for _, picture in pictures(1, 6):
        assert picture.shape[0] % 12 == picture.shape[1] % 12 == 0
        assert np.abs(np.diff(picture.astype(int), axis=1)).max() > 60


def test_a_picture_depends_on_seed_and_index_alone() -> None:
    short, long = dict(pictures(9, 2)), dict(pictures(9, 4))
    assert all((short[name] == long[name]).all() for name in short)
    other = dict(pictures(8, 2))
    assert any(short[name].shape != other[name].shape or (short[name] != other[name]).any() for name in short)


def test_writing_twice_gives_the_same(tmp_path: Path, sample_root: Path) -> None:
    write_sample(tmp_path)
    write_sample(tmp_path)
    assert tree_digest(tmp_path) == tree_digest(sample_root)
