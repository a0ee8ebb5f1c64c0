"""If these fail, WIDER FACE results are read as something else than was written, or refused without saying where."""

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.columns import Ragged, Table
from harness.errors import DataError, PredictionError
from harness.mat import Cell, read_mat
from harness.mat_writer import write_mat
from harness.scoring import data_digest
from harness.task import DataRequest, Dataset, Predictions, Scoring
from tasks.detection.widerface.sample import write_sample
from tasks.detection.widerface.task import WiderFace

TASK = WiderFace()
NUMBER = st.floats(-1e6, 1e6)
ROWS = st.lists(st.tuples(NUMBER, NUMBER, st.floats(0, 1e6), st.floats(0, 1e6), NUMBER), max_size=4)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("widerface")
    write_sample(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(root: Path) -> Dataset:
    return TASK.open(DataRequest(data=root, with_inputs=False))


@pytest.fixture
def results(tmp_path: Path, dataset: Dataset) -> Path:
    """A good result: the faces themselves."""
    faces = dataset.truth.ragged("boxes_xywh")
    scores = np.linspace(0.9, 0.1, len(faces.values))
    TASK.write(predictions(dataset, faces.values, scores, faces.offsets), dataset, tmp_path / "results")
    return tmp_path / "results"


def predictions(dataset: Dataset, boxes: "np.ndarray", scores: "np.ndarray", offsets: "np.ndarray") -> Predictions:
    columns = {"boxes_xywh": boxes, "scores": scores, "category_id": np.ones(len(scores), np.int64)}
    return Predictions(table=Table(dataset.ids, {name: Ragged(value, offsets) for name, value in columns.items()}))


def pack(folder: Path, archive: Path, rename: Callable[[str], str] = lambda name: name) -> Path:
    with zipfile.ZipFile(archive, "w") as stream:
        for path in sorted(folder.rglob("*.txt")):
            stream.writestr(rename(path.relative_to(folder).as_posix()), path.read_bytes())
    return archive


def refused(path: Path, dataset: Dataset) -> str:
    with pytest.raises(PredictionError) as raised:
        TASK.read(path, dataset)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@settings(max_examples=25)
@given(st.lists(ROWS, min_size=60, max_size=60), st.sampled_from(["folder", "results.zip"]))
def test_what_is_written_is_read_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, dataset: Dataset, rows: list[list[tuple[float, ...]]], name: str
) -> None:
    rows = [sorted(image, key=lambda row: -row[4]) for image in rows]
    flat = np.array([row for image in rows for row in image]).reshape(-1, 5)
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    given = predictions(dataset, flat[:, :4].copy(), flat[:, 4].copy(), offsets)
    path = tmp_path_factory.mktemp("written") / name
    TASK.write(given, dataset, path)
    found = TASK.read(path, dataset)
    assert found.table.digest() == given.table.digest() and not found.warnings


def test_folder_zip_and_one_wrapping_folder_are_the_same(results: Path, dataset: Dataset, tmp_path: Path) -> None:
    shutil.copytree(results, tmp_path / "outer" / "pred")
    forms = [
        results,
        tmp_path / "outer",
        pack(results, tmp_path / "a.zip"),
        pack(results, tmp_path / "b.zip", lambda name: f"pred/{name}"),
    ]
    assert len({TASK.read(path, dataset).table.digest() for path in forms}) == 1
    TASK.write(TASK.read(results, dataset), dataset, tmp_path / "c.zip")
    assert TASK.read(tmp_path / "c.zip", dataset).table.digest() == TASK.read(results, dataset).table.digest()


def test_macs_hidden_files_beside_the_results_are_passed_over(results: Path, dataset: Dataset) -> None:
    expected = TASK.read(results, dataset).table.digest()
    first = next(results.rglob("*.txt"))
    first.with_name(f"._{first.name}").write_bytes(b"\0\5\26\7")
    (results / "__MACOSX").mkdir()
    (results / "__MACOSX" / "x.txt").write_text("x")
    (results / ".DS_Store").write_bytes(b"\0")
    assert TASK.read(results, dataset).table.digest() == expected


EXPECTED = "expected is 0--Meadow/0_Meadow_Meadow_0_5.txt"


def test_event_folders_nested_too_deep_are_told(results: Path, dataset: Dataset, tmp_path: Path) -> None:
    twice = pack(results, tmp_path / "a.zip", lambda name: f"out/pred/{name}")
    assert "nested too deep: found out/pred/0--Meadow/0_Meadow_Meadow_0_107.txt" in refused(twice, dataset)
    inside = pack(results, tmp_path / "b.zip", lambda name: f"{name.partition('/')[0]}/{name}")
    message = refused(inside, dataset)
    assert "nested too deep: found 0--Meadow/0--Meadow/0_Meadow_Meadow_0_107.txt" in message and EXPECTED in message
    # One event alone in a folder of its own name is no wrapping folder either.
    shutil.copytree(results / "1--Shore", tmp_path / "single" / "1--Shore" / "1--Shore")
    assert "nested too deep: found 1--Shore/1--Shore/" in refused(tmp_path / "single", dataset)
    one = pack(results, tmp_path / "c.zip", lambda name: name.replace("2--", "all/2--"))
    assert "found all/2--Night_Street/" in refused(one, dataset)


def test_misnamed_and_missing_event_folders_are_told(results: Path, dataset: Dataset, tmp_path: Path) -> None:
    (results / "1--Shore").rename(results / "1_Shore")
    assert "not named after an event, such as 1_Shore (of 20 files); expected are names like 1--Shore" in refused(
        results, dataset
    )
    flat = pack(results, tmp_path / "flat.zip", lambda name: name.partition("/")[2])
    assert "lies in no event folder; " + EXPECTED in refused(flat, dataset)
    (tmp_path / "empty").mkdir()
    assert "holds no text files; " + EXPECTED in refused(tmp_path / "empty", dataset)
    (tmp_path / "results.json").write_text("[]")
    assert "no folder and no zip archive" in refused(tmp_path / "results.json", dataset)


@pytest.mark.parametrize("wrapped", ["", "mine/"])
def test_what_lies_beside_the_event_folders_is_left_out(
    results: Path, dataset: Dataset, tmp_path: Path, wrapped: str
) -> None:
    whole = TASK.read(results, dataset)
    for name in ("README.txt", ".DS_Store", "._README.txt"):
        (results / name).write_text("scores of my method")
    packed = pack(results, tmp_path / "packed.zip", lambda name: wrapped + name)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("__MACOSX/0--Meadow/._a.txt", "x")
    for source in (results, packed):
        found = TASK.read(source, dataset)
        (warning,) = found.warnings
        assert "1 text files beside the event folders" in warning and "README.txt, are left out" in warning
        assert found.table.digest() == whole.table.digest()


def test_an_image_or_a_misnamed_event_beside_the_event_folders_is_refused(results: Path, dataset: Dataset) -> None:
    image = next(results.rglob("*.txt"))
    moved = image.rename(results / image.name)
    assert "lies in no event folder; " + EXPECTED in refused(results, dataset)
    (results / "0--Medow").mkdir()
    moved.rename(results / "0--Medow" / image.name)
    assert "1 folders are not named after an event, such as 0--Medow" in refused(results, dataset)


def test_a_suffix_in_capitals_is_read(results: Path, dataset: Dataset) -> None:
    whole = TASK.read(results, dataset)
    image = next(results.rglob("*.txt"))
    image.rename(image.with_suffix(".TXT"))
    found = TASK.read(results, dataset)
    assert found.table.digest() == whole.table.digest() and not found.warnings
    if not image.exists():
        image.write_bytes(image.with_suffix(".TXT").read_bytes())
        assert "holds two files of one image" in refused(results, dataset)


def test_an_image_that_the_set_does_not_have_is_told(results: Path, dataset: Dataset) -> None:
    (results / "0--Meadow" / "0_Meadow_Meadow_0_6.txt").write_text("x\n0\n")
    assert "0--Meadow/0_Meadow_Meadow_0_6.txt belongs to no image of the data set (files like it: 1)" in refused(
        results, dataset
    )


def test_missing_files_are_images_without_detections_and_told(results: Path, dataset: Dataset) -> None:
    shutil.rmtree(results / "2--Night_Street")
    found = TASK.read(results, dataset)
    assert found.warnings[0].startswith("results: 20 of 60 images have no file, such as 2--Night_Street/")
    counts = np.diff(found.table.ragged("scores").offsets)
    assert all(count == 0 for id, count in zip(dataset.ids, counts, strict=True) if id.startswith("2--"))


def test_rows_out_of_order_are_sorted_equal_ones_as_they_stand_and_told(results: Path, dataset: Dataset) -> None:
    file = results / "0--Meadow" / "0_Meadow_Meadow_0_5.txt"
    file.write_text("0_Meadow_Meadow_0_5\n4\n1 1 5 5 0.5\n2 2 5 5 0.75\n3 3 5 5 0.5\n4 4 5 5 0.75\n")
    found = TASK.read(results, dataset)
    assert found.table.ragged("boxes_xywh").row(0)[:, 0].tolist() == [2, 4, 1, 3]
    assert any(
        "1 images were not by descending score, such as 0--Meadow/0_Meadow_Meadow_0_5" in w for w in found.warnings
    )


def test_live_answers_out_of_order_score_as_their_sorted_file(results: Path, dataset: Dataset) -> None:
    faces = dataset.truth.ragged("boxes_xywh")
    scores = np.random.default_rng(0).random(len(faces.values))
    given = predictions(dataset, faces.values + 3, scores, faces.offsets)
    TASK.write(given, dataset, results)
    scoring = Scoring(protocol="widerface")
    live, read = (TASK.score(dataset, one, scoring) for one in (given, TASK.read(results, dataset)))
    assert live.table.digest() == read.table.digest()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\n1\n1 2 3 0.5\n", "line 3 has 4 fields, expected 5"),
        ("name\n2\n1 2 3 4 0.5\n1 2 3 x 0.5\n", "line 4 holds 'x', which is no number"),
        ("name\n1\n1 2 3 4 nan\n", "line 3 holds 'nan', which is not finite"),
        ("name\n1\n\n1 2 inf 4 1\n", "line 4 holds 'inf', which is not finite"),
        ("name\n2\n1 2 3 4 0.5\n1 2 -3 4 0.5\n", "line 4: width or height is negative (-3)"),
        ("name\n3\n1 2 3 4 0.5\n", "line 2: announces 3 detections, and 1 follow"),
        ("name\n1\n1 2 3 4 0.5\n1 2 3 4 0.5\n", "line 2: announces 1 detections, and 2 follow"),
        ("name\n1 2 3 4 0.5\n", "line 2: expected the number of detections, found '1 2 3 4 0.5'"),
        ("name", "line 2: expected the number of detections, found nothing"),
        ("", "line 2: expected the number of detections, found nothing"),
        ("name\n-1\n", "line 2: expected the number of detections, found '-1'"),
        ("\xff\xfe\n1\n\xff 2 3 4 5\n", "line 3 holds"),
    ],
)
def test_a_bad_line_is_told_with_its_file_and_number(results: Path, dataset: Dataset, text: str, words: str) -> None:
    file = results / "1--Shore" / "1_Shore_Shore_1_22.txt"
    file.write_bytes(text.encode("latin-1"))
    message = refused(results, dataset)
    assert f"{file}, {words}" in message or f"{file} {words}" in message


def test_landmarks_blank_lines_and_windows_line_ends_are_no_errors(results: Path, dataset: Dataset) -> None:
    file = results / "0--Meadow" / "0_Meadow_Meadow_0_5.txt"
    file.write_bytes(
        b"\xef\xbb\xbf0--Meadow/0_Meadow_Meadow_0_5.jpg\r\n2 \r\n1 2 3 4 0.5 10 11 12 13\r\n\r\n5 6 7 8 .25\t\r\n"
    )
    found = TASK.read(results, dataset)
    assert found.table.ragged("boxes_xywh").row(0).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert not found.warnings


def test_a_file_that_names_another_image_is_told(results: Path, dataset: Dataset) -> None:
    file = results / "0--Meadow" / "0_Meadow_Meadow_0_5.txt"
    file.write_text("0_Meadow_Meadow_0_56\n0\n")
    assert (
        "name another image in their first line, such as 0--Meadow/0_Meadow_Meadow_0_5"
        in TASK.read(results, dataset).warnings[0]
    )


def test_with_a_limit_results_of_the_other_images_are_left_out(results: Path, dataset: Dataset) -> None:
    part = dataset.take([3, 1])
    found, whole = TASK.read(results, part), TASK.read(results, dataset)
    assert found.table.digest() == whole.table.take([3, 1]).digest() and not found.warnings


def test_a_zip_with_members_outside_it_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../0--Meadow/0_Meadow_Meadow_0_5.txt", "x\n0\n")
    assert "which is no path inside it" in refused(tmp_path / "a.zip", dataset)


# -- the data set ---------------------------------------------------------------------------------------------------------


def test_the_truth_is_the_same_in_a_folder_and_in_the_official_zip(
    root: Path, dataset: Dataset, tmp_path: Path
) -> None:
    folder = root / "eval_tools" / "ground_truth"
    with zipfile.ZipFile(tmp_path / "eval_tools.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"eval_tools/ground_truth/{path.name}")
    forms = [DataRequest(data=folder), DataRequest(annotations=tmp_path / "eval_tools.zip")]
    forms += [DataRequest(annotations=folder), DataRequest(annotations=folder / "wider_face_val.mat")]
    opened = [TASK.open(replace(request, with_inputs=False)) for request in forms]
    assert {data_digest(one) for one in opened} == {data_digest(dataset)}
    assert all(one.custom for one in opened)


def test_images_in_a_zip_are_found(root: Path, dataset: Dataset, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "WIDER_val.zip", "w") as archive:
        for path in (root / "WIDER_val").rglob("*.png"):
            archive.write(path, path.relative_to(root))
    found = TASK.open(DataRequest(data=root / "eval_tools", images=tmp_path / "WIDER_val.zip"))
    here = TASK.open(DataRequest(data=root))
    assert np.array_equal(found.sample(7).inputs["image"], here.sample(7).inputs["image"])


def test_the_images_of_another_data_set_beside_it_are_not_taken(root: Path, tmp_path: Path) -> None:
    (tmp_path / "all" / "tinyperson" / "images").mkdir(parents=True)
    (tmp_path / "all" / "images").mkdir()
    shutil.copytree(root, tmp_path / "all" / "faces")
    found = TASK.open(DataRequest(data=tmp_path / "all"))
    assert found.sample(0).inputs["image"].shape[2] == 3
    (tmp_path / "all" / "faces" / "WIDER_val").rename(tmp_path / "all" / "faces" / "elsewhere")
    with pytest.raises(DataError, match=r"the folder of images is missing: .*WIDER_val/images"):
        TASK.open(DataRequest(data=tmp_path / "all"))
    moved = tmp_path / "all" / "faces" / "elsewhere" / "images"
    assert len(TASK.open(DataRequest(data=tmp_path / "all", images=moved)).ids) == 60


def change(root: Path, folder: Path, name: str, **variables: object) -> Path:
    shutil.copytree(root / "eval_tools" / "ground_truth", folder)
    path = folder / f"wider_{name}_val.mat"
    write_mat(path, {**read_mat(path, DataError), **variables})  # type: ignore[arg-type]
    return folder


def not_opened(folder: Path) -> str:
    with pytest.raises(DataError) as raised:
        TASK.open(DataRequest(data=folder, with_inputs=False))
    return str(raised.value)


def test_a_missing_or_truncated_mat_is_told(root: Path, tmp_path: Path) -> None:
    folder = change(root, tmp_path / "gt", "easy")
    path = folder / "wider_hard_val.mat"
    path.write_bytes(path.read_bytes()[:1000])
    assert f"{path} is damaged: at byte " in not_opened(folder)
    path.unlink()
    assert f"{folder} lacks wider_hard_val.mat; copy all of eval_tools" in not_opened(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    assert "eval_tools/ground_truth/wider_face_val.mat" in not_opened(folder)


def test_ground_truth_that_contradicts_itself_is_told(root: Path, tmp_path: Path) -> None:
    whole = read_mat(root / "eval_tools" / "ground_truth" / "wider_easy_val.mat", DataError)
    chosen = whole["gt_list"]
    assert isinstance(chosen, Cell) and isinstance(chosen.values[0], Cell)
    first = chosen.values[0].values

    def with_first(value: object) -> Cell:
        images = Cell((len(first), 1), [value, *first[1:]])  # type: ignore[list-item]
        return Cell(chosen.shape, [images, *chosen.values[1:]])

    cases = {
        "beyond": (with_first(np.array([[99.0]])), "gt_list of 0--Meadow/0_Meadow_Meadow_0_5 names face 99"),
        "zero": (with_first(np.array([[0.0]])), "names face 0"),
        "twice": (with_first(np.array([[1.0], [1.0]])), "each named at most once"),
        "text": (with_first("1"), "gt_list of 0--Meadow/0_Meadow_Meadow_0_5 is no array of 1 columns"),
        "flat": (np.zeros((3, 1)), "gt_list is no cell array"),
        "short": (Cell((2, 1), chosen.values[:2]), "gt_list has 2 events, event_list 3"),
    }
    for name, (value, words) in cases.items():
        assert words in not_opened(change(root, tmp_path / name, "easy", gt_list=value))
    files = Cell((3, 1), [Cell((20, 1), [f"{event}_{n}" for n in range(20)]) for event in range(3)])
    assert "has other images or faces than wider_face_val.mat" in not_opened(
        change(root, tmp_path / "other", "medium", file_list=files)
    )
