"""A folder of output images is read as its author named it, or refused with the name of what is wrong."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.columns import build_table
from harness.errors import PredictionError
from harness.task import Dataset, Predictions
from tasks.superres import SuperResolution
from tasks.superres.data import COLUMNS, to_image, to_row

Save = Callable[[Path, np.ndarray], Path]


def truth_images(dataset: Dataset) -> dict[str, np.ndarray]:
    return {id: to_image(dataset.truth.row(index)) for index, id in enumerate(dataset.ids)}


@pytest.fixture
def few(sample: Dataset) -> Dataset:
    return sample.take(range(3))


@pytest.mark.parametrize("ending", ["", "x4", "_x4", "_SR", "x4_SR", "_x4_SR"])
def test_every_usual_name(task: SuperResolution, few: Dataset, tmp_path: Path, save: Save, ending: str) -> None:
    for id, image in truth_images(few).items():
        save(tmp_path / f"{id}{ending}.png", image)
    assert (task.read(tmp_path, few).table.ragged("pixels").values == few.truth.ragged("pixels").values).all()


@pytest.mark.parametrize("name", ["out", "out.zip"])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_written_is_read_back(
    task: SuperResolution, few: Dataset, tmp_path: Path, name: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    rows = [to_row(random.integers(0, 256, image.shape, dtype=np.uint8)) for image in truth_images(few).values()]
    table = build_table(few.ids, rows, COLUMNS)
    task.write(Predictions(table=table), few, tmp_path / name)
    again = task.read(tmp_path / name, few)
    assert again.table.digest() == table.digest()
    assert again.warnings == ()


def test_images_of_samples_that_were_not_asked_for_are_no_surprise(
    task: SuperResolution, sample: Dataset, few: Dataset, tmp_path: Path, save: Save
) -> None:
    for id, image in truth_images(sample).items():
        save(tmp_path / f"{id}x4.png", image)
    assert task.read(tmp_path, few).warnings == ()


def test_missing_images_are_named(task: SuperResolution, few: Dataset, tmp_path: Path, save: Save) -> None:
    save(tmp_path / "scene00.png", truth_images(few)["scene00"])
    with pytest.raises(
        PredictionError, match=r"lacks the images of scene01, scene02; .* scene01\.png or scene01x4\.png"
    ):
        task.read(tmp_path, few)


def test_extra_images_are_named(task: SuperResolution, few: Dataset, tmp_path: Path, save: Save) -> None:
    for id, image in truth_images(few).items():
        save(tmp_path / f"{id}_x4_SR.png", image)
        save(tmp_path / f"{id}_x4_LR.png", image[::4, ::4])
    (tmp_path / "log.txt").write_text("kept out of it", encoding="utf-8")
    (warning,) = task.read(tmp_path, few).warnings
    assert "scene00_x4_LR, scene01_x4_LR, scene02_x4_LR" in warning and "log" not in warning


def test_two_images_of_one_sample(task: SuperResolution, few: Dataset, tmp_path: Path, save: Save) -> None:
    for id, image in truth_images(few).items():
        save(tmp_path / f"{id}x4.png", image)
    save(tmp_path / "scene01.png", truth_images(few)["scene01"])
    with pytest.raises(PredictionError, match="scene01, scene01x4 for scene01; keep one"):
        task.read(tmp_path, few)


def test_an_image_of_the_wrong_size(task: SuperResolution, few: Dataset, tmp_path: Path, save: Save) -> None:
    for id, image in truth_images(few).items():
        save(tmp_path / f"{id}.png", image[:-4] if id == "scene01" else image)
    with pytest.raises(PredictionError, match=r"scene01\.png has \d+x\d+ pixels, expected \d+x\d+"):
        task.read(tmp_path, few)


def test_an_image_that_is_cut_off(task: SuperResolution, few: Dataset, tmp_path: Path, save: Save) -> None:
    for id, image in truth_images(few).items():
        save(tmp_path / f"{id}.png", image)
    path = tmp_path / "scene02.png"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(PredictionError, match=r"scene02\.png is no image that can be read"):
        task.read(tmp_path, few)


def test_an_empty_folder(task: SuperResolution, few: Dataset, tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="holds no image"):
        task.read(tmp_path, few)


def test_a_path_that_is_not_there(task: SuperResolution, few: Dataset, tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="does not exist"):
        task.read(tmp_path / "nowhere", few)


def test_a_damaged_entry_of_a_zip(task: SuperResolution, few: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    task.write(Predictions(table=few.truth), few, path)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.infolist()[1].header_offset
    data[start + 60 : start + 400] = bytes(340)
    path.write_bytes(data)
    with pytest.raises(PredictionError, match="scene01x4"):
        task.read(path, few)
