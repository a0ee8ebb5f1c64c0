"""The task as the engine sees it: scores, resamples, tables, and answers that are refused."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.columns import build_table
from harness.errors import PredictionError
from harness.submission import Submission
from harness.task import Dataset, Predictions, Scoring, Statistics
from tasks.superres import SuperResolution
from tasks.superres.data import COLUMNS, to_image, to_row

PROTOCOLS = ("matlab-y", "y-rounded", "rgb")


def enlarged(dataset: Dataset) -> Predictions:
    """What Pillow's bicubic makes of the inputs."""
    rows = []
    for index in range(len(dataset.ids)):
        low = dataset.sample(index).inputs["image"]
        height, width = dataset.truth.dense("size")[index]
        rows.append(to_row(np.asarray(Image.fromarray(low).resize((width, height), Image.Resampling.BICUBIC))))
    return Predictions(table=build_table(dataset.ids, rows, COLUMNS))


@pytest.fixture(scope="module")
def statistics(task: SuperResolution, sample: Dataset) -> Statistics:
    return task.score(sample, enlarged(sample), Scoring(protocol="matlab-y"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_score_is_the_mean_over_the_images(task: SuperResolution, statistics: Statistics, protocol: str) -> None:
    found = task.aggregate(statistics, protocol)
    for name in ("PSNR", "SSIM"):
        column = statistics.table.dense(f"{name}_{protocol}")
        assert found[name] == column.sum() / len(column)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_row_of_ones_gives_the_score(task: SuperResolution, statistics: Statistics, protocol: str) -> None:
    weights = np.ones((3, len(statistics.table)), np.uint16)
    found = task.replicates(statistics, protocol, weights, ["PSNR", "SSIM"])
    expected = task.aggregate(statistics, protocol)
    assert {name: set(values.tolist()) for name, values in found.items()} == {n: {v} for n, v in expected.items()}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_weights_count_images_again(task: SuperResolution, statistics: Statistics, seed: int) -> None:
    units = len(statistics.table)
    weights = np.random.default_rng(seed).multinomial(units, [1 / units] * units)
    repeated = Statistics(table=_renamed(statistics, np.repeat(np.arange(units), weights)))
    found = task.replicates(statistics, "matlab-y", weights[None].astype(np.uint16), ["PSNR", "SSIM"])
    expected = task.aggregate(repeated, "matlab-y")
    assert {name: values[0] for name, values in found.items()} == pytest.approx(expected, rel=1e-14)


def _renamed(statistics: Statistics, indices: np.ndarray) -> Any:
    taken = statistics.table.take(indices)
    return type(taken)(tuple(str(i) for i in range(len(indices))), taken.columns)


def test_an_answer_equal_to_the_truth_is_undefined_with_a_reason(task: SuperResolution, sample: Dataset) -> None:
    some = sample.take(range(4))
    answers = enlarged(some)
    rows = [answers.table.row(0), *(some.truth.row(i) for i in range(1, 4))]
    rows = [{name: row[name] for name in ("pixels", "size")} for row in rows]
    predictions = Predictions(table=build_table(some.ids, rows, COLUMNS))
    statistics = task.score(some, predictions, Scoring(protocol="matlab-y"))
    found = task.aggregate(statistics, "matlab-y")
    assert found["PSNR"] is None and found["SSIM"] is not None
    assert task.undefined("PSNR", statistics) == "PSNR is infinite: no error at all in scene01, scene02, scene03"
    weights = np.array([[4, 0, 0, 0], [3, 1, 0, 0]], np.uint16)
    replicates = task.replicates(statistics, "matlab-y", weights, ["PSNR"])["PSNR"]
    assert math.isfinite(replicates[0]) and math.isnan(replicates[1])
    (table,) = task.tables(statistics, "matlab-y")
    assert table.rows[1][:2] == ("scene01", None)
    assert task.worst(statistics, "matlab-y")[1] == 0


def test_the_table_lists_every_image(task: SuperResolution, statistics: Statistics) -> None:
    (table,) = task.tables(statistics, "rgb")
    assert [row[0] for row in table.rows] == list(statistics.table.ids)
    assert table.columns == ("image", "PSNR", "SSIM")


def test_the_worst_image_has_the_lowest_psnr(task: SuperResolution, statistics: Statistics) -> None:
    psnr, error = statistics.table.dense("PSNR_matlab-y"), task.worst(statistics, "matlab-y")
    assert np.argmax(error) == np.argmin(psnr)
    assert np.array_equal(error == 0, np.isinf(psnr))
    assert np.allclose(20 * np.log10(255 / error[error > 0]), psnr[error > 0], rtol=1e-12)


def answer_with(image: Any) -> Any:
    return {"image": image}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "got a NoneType"),
        ({"images": 1}, "got a dictionary of images"),
        (answer_with([[1]]), "got a list as image"),
        (answer_with(np.zeros((96, 96, 3), np.float32)), r"got an array of float32 with shape \(96, 96, 3\)"),
        (answer_with(np.zeros((3, 96, 96), np.uint8)), "got an array of uint8"),
        (answer_with(np.zeros((8, 8, 3), np.uint8)), "has 8x8 pixels, expected"),
    ],
)
def test_answers_of_the_wrong_form(task: SuperResolution, sample: Dataset, answer: Any, message: str) -> None:
    encode = task.encoder(Submission(name="mine", method=None), sample)
    with pytest.raises(PredictionError, match=message):
        encode(answer, sample.sample(0))


def test_a_right_answer_is_kept_as_it_is(task: SuperResolution, sample: Dataset) -> None:
    image = to_image(sample.truth.row(0))
    row = task.encoder(Submission(name="mine", method=None), sample)({"image": image}, sample.sample(0))
    assert (to_image(row) == image).all()


def test_what_the_task_says_of_itself(task: SuperResolution) -> None:
    meta = task.meta
    assert (meta.id, meta.splits[0], meta.protocols[0].id) == ("set5", "x4", "matlab-y")
    for protocol in meta.protocols:
        assert {protocol.id, *protocol.also} == set(PROTOCOLS)


def test_importing_the_task_loads_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, tasks.superres; tasks.superres.set5(); sys.exit('torch' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0
