"""If these fail, FDDB's files are read otherwise than they are written, or a bad one ends in something else than a sentence."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.columns import Ragged, Table
from harness.errors import DataError, PredictionError
from harness.scoring import data_digest
from harness.task import DataRequest, Dataset, Predictions
from tasks.detection.fddb.data import FACE_ID
from tasks.detection.fddb.sample import write_sample
from tasks.detection.fddb.sizes import write_sizes
from tasks.detection.fddb.task import Fddb

FINITE = st.floats(-1e6, 1e6)
SIDE = st.floats(0, 1e6)
SCORE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fddb")
    write_sample(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(root: Path) -> Dataset:
    return Fddb().open(DataRequest(data=root, with_inputs=False))


def body(dataset: Dataset, rows: str = "", count: int = 0) -> str:
    """A result file: `rows` for the first image, nothing for the others."""
    first, *others = dataset.ids
    return f"{first}\n{count}\n{rows}" + "".join(f"{id}\n0\n" for id in others)


def predictions(ids: tuple[str, ...], shapes: np.ndarray[Any, Any], scores: list[float]) -> Predictions:
    """All detections on the second image."""
    offsets = np.array([0, 0, *[len(scores)] * (len(ids) - 1)], np.int64)
    columns = {"scores": np.array(scores, np.float64)}
    if shapes.shape[1] == 5:
        columns["ellipses"] = shapes
    else:
        columns |= {"boxes_xywh": shapes, "category_id": np.full(len(scores), FACE_ID, np.int64)}
    return Predictions(table=Table(ids, {name: Ragged(column, offsets) for name, column in columns.items()}))


@settings(max_examples=30)
@given(
    st.lists(st.tuples(FINITE, FINITE, SIDE, SIDE, SCORE), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from(["all.txt", "all.zip"]),
)
def test_what_is_written_reads_back_to_the_last_bit(
    dataset: Dataset, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, ...]], oval: bool, name: str
) -> None:
    values = np.array(rows)
    shapes = np.column_stack([values[:, [2, 3]], values[:, [0, 1, 0]]]) if oval else values[:, :4]
    given_ones = predictions(dataset.ids, shapes, values[:, 4].tolist())
    path = tmp_path_factory.mktemp("written") / name
    Fddb().write(given_ones, dataset, path)
    assert Fddb().read(path, dataset).table.digest() == given_ones.table.digest()


def test_ten_folds_in_a_folder_or_zip_are_one_file(dataset: Dataset, tmp_path: Path) -> None:
    lines = [f"{id}\n1\n{index} 2 3.5 4 0.{index}\n" for index, id in enumerate(dataset.ids)]
    (tmp_path / "all.txt").write_text("".join(lines[::-1]))
    folder = tmp_path / "folds"
    folder.mkdir()
    (folder / "readme.txt").write_text("not a result")
    with zipfile.ZipFile(tmp_path / "folds.zip", "w") as archive:
        for fold in range(1, 11):
            text = "".join(lines[6 * fold - 6 : 6 * fold]).replace("\n", "\r\n")
            (folder / f"fold-{fold:02d}-out.txt").write_text(text)
            archive.writestr(f"results/fold-{fold:02d}-out.txt", text)
    digests = {Fddb().read(tmp_path / name, dataset).table.digest() for name in ("all.txt", "folds", "folds.zip")}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("rows", "count", "words"),
    [
        ("1 2 3 4 0.5 6 7\n", 1, "line 3 has 7 fields, expected 5 or 6"),
        ("1 2 3 4\n", 1, "line 3 has 4 fields, expected 5 or 6"),
        ("1 2 3 4 0.5\n1 2 3 4\n", 2, "line 4 has 4 fields, expected 5"),
        ("1 2 3 4 0.5\n1 2 3 4 0.5 6\n", 2, "line 4 has 6 fields, expected 5"),
        ("1 2 x 4 0.5\n", 1, "line 3 holds 'x', which is no number"),
        ("1 2 nan 4 0.5\n", 1, "line 3 holds 'nan', which is not finite"),
        ("1 2 3 4 inf\n", 1, "line 3 holds 'inf', which is not finite"),
        ("1 2 -3 4 0.5\n", 1, "line 3: number 3, -3, is negative"),
        ("-1 2 3 4 5 0.5\n", 1, "line 3: number 1, -1, is negative"),
        ("1e7 2 3 4 0.5\n", 1, "line 3: number 1, 1e+07, lies far outside any image"),
        (
            "1 2 3 4 0.5\n",
            2,
            "line 4: 2 regions of 2002/07/02/big/img_37 are announced, but its number 2 is '2002/08/02",
        ),
        ("1 2 3 4 0.5\n1 2 3 4 0.5\n", 1, "line 4: expected the name of an image, found '1 2 3 4 0.5'; "),
        ("\n", 1, "line 3 has 0 fields"),
        ("1 2 3 4 0.5\n\n", 2, "line 4 is empty"),
    ],
)
def test_a_bad_line_is_named(dataset: Dataset, tmp_path: Path, rows: str, count: int, words: str) -> None:
    path = tmp_path / "results.txt"
    path.write_text(body(dataset, rows, count))
    with pytest.raises(PredictionError) as raised:
        Fddb().read(path, dataset)
    assert words in str(raised.value) and str(path) in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text, id: text.replace(f"{id}\n0\n", ""), "lacks 1 of 60 images, such as"),
        (lambda text, id: text.replace(id, "2001/01/01/big/img_1"), "2001/01/01/big/img_1 is no image of the data set"),
        (lambda text, id: text + f"{id}\n0\n", "is there twice, first in"),
        (lambda text, id: text.replace(f"{id}\n0", f"{id}\nmany"), "expected the number of regions of"),
        (lambda text, id: text.replace(f"{id}\n0", f"{id}\n-3"), "found '-3'"),
        (lambda text, id: text + "\nname of an image\n", "expected the name of an image"),
        (lambda text, id: text[:-2] + "9\n1 2 3 4 5\n", "9 regions of"),
        (lambda text, id: text[:-2], "expected the number of regions"),
        (lambda text, id: text[:-2] + "999999999\n", "was it written to its end"),
        (lambda text, id: text[:-2] + "9999999999999999999\n", "expected the number of regions"),
        (lambda text, id: "", "lacks 60 of 60 images"),
    ],
)
def test_a_bad_list_is_named(dataset: Dataset, tmp_path: Path, change: Callable[[str, str], str], words: str) -> None:
    path = tmp_path / "results.txt"
    path.write_text(change(body(dataset), dataset.ids[7]))
    with pytest.raises(PredictionError) as raised:
        Fddb().read(path, dataset)
    assert words in str(raised.value)


def test_folds_of_two_forms_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    half = len(dataset.ids) // 2
    for name, ids, row in (("a", dataset.ids[:half], "1 2 3 4 0.5"), ("b", dataset.ids[half:], "1 2 3 4 5 0.5")):
        (tmp_path / f"{name}.txt").write_text("".join(f"{id}\n1\n{row}\n" for id in ids))
    with pytest.raises(PredictionError, match="some files hold rectangles and some ellipses"):
        Fddb().read(tmp_path, dataset)


def test_truth_is_the_same_in_every_form(root: Path, dataset: Dataset, tmp_path: Path) -> None:
    lists = sorted((root / "FDDB-folds").glob("*ellipseList.txt"))
    (tmp_path / "ellipseList.txt").write_bytes(b"".join(path.read_bytes() for path in lists))
    for name, files in (("folds.zip", lists), ("images.zip", sorted((root / "originalPics").rglob("*.png")))):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path in files:
                archive.write(path, path.relative_to(root))
    write_sizes(root / "originalPics", tmp_path / "sizes.txt")
    sizes = (tmp_path / "sizes.txt").read_text()
    (tmp_path / "sizes.csv").write_text(sizes.replace(" ", ","))
    digests = set()
    for images in (
        root / "originalPics",
        root,
        tmp_path / "images.zip",
        tmp_path / "sizes.txt",
        tmp_path / "sizes.csv",
    ):
        for annotations in (root / "FDDB-folds", tmp_path / "ellipseList.txt", tmp_path / "folds.zip"):
            request = DataRequest(annotations=annotations, images=images, with_inputs=False)
            digests.add(data_digest(Fddb().open(request)))
    assert digests == {data_digest(dataset)}


def test_a_change_of_a_size_is_another_data_set(root: Path, dataset: Dataset, tmp_path: Path) -> None:
    write_sizes(root / "originalPics", tmp_path / "sizes.txt")
    first, _, others = (tmp_path / "sizes.txt").read_text().partition("\n")
    name, width, height = first.split()
    (tmp_path / "sizes.txt").write_text(f"{name} {int(width) + 1} {height}\n{others}")
    request = DataRequest(data=root, images=tmp_path / "sizes.txt", with_inputs=False)
    assert data_digest(Fddb().open(request)) != data_digest(dataset)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("FDDB-folds/FDDB-fold-03-ellipseList.txt", None, "1 of 10 folds are missing"),
        (
            "FDDB-folds/FDDB-fold-01-ellipseList.txt",
            lambda t: t.replace("  1\n", "\n", 1),
            "line 3 has 5 fields, expected 6",
        ),
        ("FDDB-folds/FDDB-fold-01-ellipseList.txt", lambda t: t.replace("15.0", "-15.0", 1), "is negative"),
        ("FDDB-folds/FDDB-fold-02-ellipseList.txt", lambda t: t + t, "is there twice"),
        ("FDDB-folds/FDDB-fold-02.txt", lambda t: t + "2002/1/1/big/img_1\n", "the lists of images do not fit"),
        ("originalPics/2002/07/02/big/img_37.png", None, "1 of 60 images are missing"),
        ("originalPics/2002/07/02/big/img_37.png", lambda t: "no image", "is no image that can be read"),
        ("sizes.txt", lambda t: "2002/07/02/big/img_37 10\n", "line 1 has 2 fields, expected 3"),
        ("sizes.txt", lambda t: "2002/07/02/big/img_37 10 0.5\n", "line 1 is no size of an image"),
        ("sizes.txt", lambda t: "2002/07/02/big/img_37 10 10\n", "has no size for 59 images"),
    ],
)
def test_bad_data_are_named(
    root: Path, tmp_path: Path, file: str, change: Callable[[str], str] | None, words: str
) -> None:
    import shutil

    shutil.copytree(root, tmp_path / "data")
    path = tmp_path / "data" / file
    if change is None:
        path.unlink()
    else:
        path.write_text(change(path.read_text() if path.suffix == ".txt" and path.exists() else ""))
    with pytest.raises(DataError) as raised:
        Fddb().open(DataRequest(data=tmp_path / "data", with_inputs=False))
    assert words in str(raised.value)


def test_lists_with_a_byte_order_mark_are_read(root: Path, dataset: Dataset, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(root, tmp_path / "data")
    for path in sorted((tmp_path / "data" / "FDDB-folds").iterdir()):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    found = Fddb().open(DataRequest(data=tmp_path / "data", with_inputs=False))
    assert data_digest(found) == data_digest(dataset)


def test_without_images_and_sizes_it_is_said_what_to_do(root: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(root / "FDDB-folds", tmp_path / "FDDB-folds")
    with pytest.raises(DataError, match=r"python -m tasks.detection.fddb.sizes originalPics sizes.txt"):
        Fddb().open(DataRequest(data=tmp_path, with_inputs=False))


def test_scoring_from_the_command_line(cli: Any, root: Path, dataset: Dataset, tmp_path: Path) -> None:
    """Boxes around the faces, five false ones an image: every number of false positives up to 300 is reached."""
    lines = []
    faces = dataset.truth.ragged("ellipses")
    for index, id in enumerate(dataset.ids):
        rows = [f"{x - b} {y - a} {2 * b} {2 * a} {0.5 + 0.001 * index}" for a, b, _, x, y in faces.row(index).tolist()]
        rows += [f"{3 * k} 0 2 2 0.{k}{index:02d}" for k in range(5)]
        lines.append("\n".join([id, str(len(rows)), *rows, ""]))
    path = tmp_path / "results.txt"
    path.write_text("".join(lines))
    record = cli("score", "--task", "fddb", "--data", root, path, "--json", "--no-log").json()
    found = {metric["name"]: metric for metric in record["metrics"]}
    assert 0.5 < found["TPR_cont_100"]["value"] < found["TPR_disc_100"]["value"] <= 1
    assert found["TPR_disc_1000"]["value"] is None
    assert "the curve ends at 3" in found["TPR_disc_1000"]["reason"]
    interval = found["TPR_disc_100"]["interval"]
    assert interval["low"] <= found["TPR_disc_100"]["value"] <= interval["high"]
    assert record["task"]["split"] == "custom" and json.dumps(record).count("operating_points") == 1
    done = cli("score", "--task", "fddb", "--data", root, tmp_path / "nothing.txt")
    assert "nothing.txt" in done.sentence(status=2)
