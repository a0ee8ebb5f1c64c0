"""If these fail, VOC's class files are read in another order, with other digits, or a broken one is taken in silence."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from voc_cases import random_case
from voc_files import as_json

from harness.columns import Ragged, Table
from harness.errors import PredictionError
from harness.task import DataRequest, Dataset, Predictions, Scoring
from tasks.detection.voc.task import Voc

CLASSES = ("cat", "dog")
TRUTH = {f"{i:06d}": [("cat", 0, (1, 1, 10, 10)), ("dog", 0, (5, 5, 20, 20))] for i in range(1, 4)}
LINES = {"cat": "000001 0.5 1 1 10 10\n000003 0.25 1 1 9 9\n", "dog": "000002 .5 5.0 5 20 2e1\r\n"}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return own_data(tmp_path)


def own_data(folder: Path) -> Dataset:
    """Three images of cats and dogs, and of a third animal so that the classes are not Pascal's."""
    folder.mkdir(exist_ok=True)
    (folder / "truth.json").write_text(as_json({**TRUTH, "000004": [("ewe_lamb", 0, (1, 1, 3, 3))]}))
    return Voc(2007).open(DataRequest(annotations=folder / "truth.json", with_inputs=False))


def write(folder: Path, lines: dict[str, str], split: str = "test", extra: str = "comp4_det") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"ewe_lamb": "", **lines}.items():
        (folder / f"{extra}_{split}_{name}.txt").write_bytes(text.encode())
    return folder


def zipped(folder: Path, path: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, prefix + file.name)
    return path


def test_class_files_are_found_wherever_they_lie(dataset: Dataset, tmp_path: Path) -> None:
    flat = write(tmp_path / "flat", LINES)
    places = [
        flat,
        write(tmp_path / "nested" / "results" / "VOC2007" / "Main", LINES).parents[2],
        write(tmp_path / "salted", LINES, extra="comp4_0f3a_det"),
        write(tmp_path / "comp3", LINES, split="my_val", extra="comp3_det"),
        zipped(flat, tmp_path / "flat.zip"),
        zipped(flat, tmp_path / "deep.zip", "VOCdevkit/results/VOC2007/Main/"),
    ]
    tables = [Voc(2007).read(place, dataset).table for place in places]
    assert len({table.digest() for table in tables}) == 1
    assert [tables[0].row(i)["boxes_xyxy"].tolist() for i in range(4)] == [
        [[1, 1, 10, 10]], [[5, 5, 20, 20]], [[1, 1, 9, 9]], [],
    ]  # fmt: skip
    assert tables[0].row(2)["order"].tolist() == [1]


def test_warnings_name_images_without_detections_and_files_of_other_classes(dataset: Dataset, tmp_path: Path) -> None:
    folder = write(tmp_path / "results", {**LINES, "zebra": ""})
    warnings = Voc(2007).read(folder, dataset).warnings
    assert warnings == (
        "results: 1 files of other classes or splits (comp4_det_test_zebra.txt) are left out",
        "results: 1 of 4 images have no detections",
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "cat",
            "000001 0.5 1 1 10\n",
            "comp4_det_test_cat.txt: line 1 has 5 fields, expected 6; a line is image, score",
        ),
        ("dog", LINES["dog"] + "000001 0.5 1 1 10 10 7\n", "comp4_det_test_dog.txt: line 2 has 7 fields, expected 6"),
        ("dog", "\n\n000001 0.5 1 1 ten 10\n", "line 3 holds 'ten', which is no number"),
        ("dog", "000001 nan 1 1 10 10\n", "line 1 holds 'nan', which is not finite"),
        ("dog", "000001 0.5 1 1 1e999 10\n", "line 1 holds '1e999', which is not finite"),
        ("dog", "000009 0.5 1 1 10 10\n", "line 1: the image '000009' is not in the split"),
        ("dog", LINES["dog"] + "x" * 3000 + " 0.5 1 1 10 10\n", "line 2: the image 'xxxxxx"),
        ("dog", "1 0.5 1 1 10 10\n", "line 1: the image '1' is not in the split"),
        ("dog", "000001 0.5 10 1 1 10\n", "line 1: the box [10.0, 1.0, 1.0, 10.0] ends before it begins"),
        ("dog", "000001,0.5,1,1,10,10\n", "line 1 has 1 field, expected 6"),
    ],
)
def test_a_bad_line_is_named_with_its_file(dataset: Dataset, tmp_path: Path, name: str, text: str, words: str) -> None:
    folder = write(tmp_path / "results", {**LINES, name: text})
    for path in (folder, zipped(folder, tmp_path / "results.zip")):
        with pytest.raises(PredictionError) as caught:
            Voc(2007).read(path, dataset)
        assert words in str(caught.value)
        assert str(caught.value).startswith(f"{path}/comp4_det_test_{name}.txt: line ")
        assert "\n" not in str(caught.value)


def test_classes_without_a_file_are_all_named(dataset: Dataset, tmp_path: Path) -> None:
    folder = write(tmp_path / "results", LINES)
    (folder / "comp4_det_test_dog.txt").rename(folder / "comp4_det_test_wolf.txt")
    (folder / "comp4_det_test_cat.txt").unlink()
    with pytest.raises(PredictionError) as caught:
        Voc(2007).read(folder, dataset)
    assert str(caught.value) == (
        f"{folder} lacks the files of 2 of 3 classes: comp4_det_test_cat.txt, comp4_det_test_dog.txt; it holds "
        "comp4_det_test_wolf.txt (a class without detections has an empty file)"
    )


def test_a_single_file_two_results_and_nothing_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    folder = write(tmp_path / "results", LINES)
    with pytest.raises(PredictionError, match="is one class's file: give the folder or zip"):
        Voc(2007).read(folder / "comp4_det_test_cat.txt", dataset)
    with pytest.raises(PredictionError, match="there is no such file or folder"):
        Voc(2007).read(tmp_path / "nowhere", dataset)
    write(folder / "second", LINES)
    with pytest.raises(PredictionError, match=r"holds comp4_det_test_cat.txt and second/comp4_det_test_cat.txt"):
        Voc(2007).read(folder, dataset)


def test_an_archive_that_leaves_its_folder_or_is_none_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    folder = write(tmp_path / "results", LINES)
    with pytest.raises(PredictionError, match="is no path inside it"):
        Voc(2007).read(zipped(folder, tmp_path / "evil.zip", "../"), dataset)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(PredictionError, match="damaged or no zip archive"):
        Voc(2007).read(tmp_path / "broken.zip", dataset)


def test_images_of_the_split_that_are_not_scored_now_are_left_out(dataset: Dataset, tmp_path: Path) -> None:
    part = dataset.take([0, 2])
    table = Voc(2007).read(write(tmp_path / "results", LINES), part).table
    assert table.ids == ("000001", "000003")
    assert table.ragged("scores").values.tolist() == [0.5, 0.25]
    with pytest.raises(PredictionError, match="'000008' is not in the split"):
        Voc(2007).read(write(tmp_path / "other", {**LINES, "dog": "000008 1 1 1 2 2\n"}), part)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_what_is_written_reads_back_with_the_same_score(
    tmp_path_factory: pytest.TempPathFactory, seed: int, packed: bool
) -> None:
    """To the last digit, and in the file's order: it decides between equal scores, also across images."""
    folder = tmp_path_factory.mktemp("round")
    dataset, task = own_data(folder), Voc(2007)
    case = random_case(seed, n_images=3, most=14)
    lines = {
        name: "".join(f"{i + 1:06d} {score!r} {' '.join(map(repr, box))}\n" for i, score, box in rows)
        for name, rows in zip(CLASSES, case.lines, strict=True)
    }
    first = task.read(write(folder / "first", lines), dataset)
    target = folder / ("second.zip" if packed else "second")
    task.write(first, dataset, target)
    second = task.read(target, dataset)
    assert first.table.digest() == second.table.digest()
    for protocol in ("voc2012/area", "detectron2"):
        scores = [
            task.aggregate(task.score(dataset, predictions, Scoring(protocol=protocol)), protocol)
            for predictions in (first, second)
        ]
        assert scores[0] == scores[1]
    if not packed:
        written = {name: (target / f"comp4_det_custom_{name}.txt").read_text() for name in CLASSES}
        assert written == lines


def test_the_first_of_two_equal_scores_in_the_file_goes_first(dataset: Dataset, tmp_path: Path) -> None:
    """Both files hold a hit and a miss of one score; which stands first decides AP."""
    hit, miss = "000003 0.5 1 1 10 10\n", "000001 0.5 50 50 60 60\n"
    found = []
    for index, text in enumerate((hit + miss, miss + hit)):
        predictions = Voc(2007).read(write(tmp_path / str(index), {"cat": text, "dog": ""}), dataset)
        statistics = Voc(2007).score(dataset, predictions, Scoring(protocol="voc2012/area"))
        found.append(Voc(2007).tables(statistics, "voc2012/area")[0].rows[0][4])
    assert found == [1 / 3, 1 / 3 * 0.5]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("boxes_xyxy", np.zeros((3, 3))),
        ("boxes_xyxy", np.full((3, 4), np.nan)),
        ("scores", np.zeros(2)),
        ("category_id", np.zeros(3)),
        ("order", np.full(3, "x")),
    ],
)
def test_stored_predictions_of_another_layout_are_refused(
    dataset: Dataset, tmp_path: Path, name: str, values: np.ndarray
) -> None:
    """Compiled code reads them: a stranger's record must not lead it outside its arrays."""
    good = Voc(2007).read(write(tmp_path / "results", LINES), dataset).table
    offsets = np.minimum(good.ragged("scores").offsets, len(values))
    bad = Table(good.ids, {**good.columns, name: Ragged(values, offsets)})
    with pytest.raises(PredictionError, match="are no detections of Pascal VOC"):
        Voc(2007).score(dataset, Predictions(table=bad), Scoring(protocol="mmdet"))
