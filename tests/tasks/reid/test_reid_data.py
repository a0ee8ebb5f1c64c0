"""Official folders, lists and files of identities are read as they are; what is wrong with them is said in one sentence."""

import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.errors import DataError
from harness.mat_writer import write_mat
from harness.scoring import data_digest
from harness.task import DataRequest
from tasks.reid.data import ReidDataset, people, role_ids
from tasks.reid.folders import read_cuhk03_name, read_market_name, read_msmt17_name
from tasks.reid.task import Reid, cuhk03_np, dukemtmc, market1501, msmt17

TASKS = {"market1501": market1501, "dukemtmc": dukemtmc, "msmt17": msmt17, "cuhk03-np": cuhk03_np}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0002_c1s1_000451_03.jpg", (2, 1)),
        ("-1_c6s3_000451_03.jpg", (-1, 6)),
        ("0000_c2s1_000451_03.jpg", (0, 2)),
        ("0005_c8_f0046985.jpg", (5, 8)),
        ("0005_c12_f0046985.jpg", (5, 12)),
    ],
)
def test_names_of_market_and_duke(name: str, expected: tuple[int, int]) -> None:
    assert read_market_name(name) == expected


def test_names_of_cuhk03_and_msmt17() -> None:
    assert read_cuhk03_name("1_012_2_07.png") == (100012, 2)
    assert read_cuhk03_name("2_012_2_07.png")[0] != read_cuhk03_name("1_012_2_07.png")[0]
    assert read_cuhk03_name("0012_c2_07.png") == (12, 2)
    assert read_msmt17_name("0000/0000_000_14_0303morning_0015_0.jpg") == 14
    for reader in (read_market_name, read_cuhk03_name, read_msmt17_name):
        with pytest.raises(ValueError, match="names are like"):
            reader("Thumbs.jpg")


@pytest.mark.parametrize("name", list(TASKS))
def test_every_sample_is_read_in_its_official_layout(name: str, sample_roots: dict[str, Path]) -> None:
    task = TASKS[name]()
    dataset = task.open(DataRequest(data=sample_roots[name]))
    assert dataset.facts["junk"] == (12 if name == "market1501" else 0)
    assert len(task.units(dataset).ids) == (48 if name == "cuhk03-np" else 72)
    assert dataset.custom
    inputs = dataset.sample(0).inputs
    assert inputs["image"].shape == (64, 32, 3) and inputs["camera"] == 1 and inputs["role"] == "query"
    # Names say who is on an image; a submission sees role and position.
    assert all(re.fullmatch(r"(query|gallery)/\d{5}", id) for id in dataset.ids)
    lines = list(task.verify_data(DataRequest(data=sample_roots[name])))
    assert "not the official number" in lines[0] and "can be read" in lines[1]


def test_junk_is_left_out_and_distractors_stay(sample: ReidDataset) -> None:
    gallery = people(sample, "gallery")
    assert -1 not in gallery.identity
    assert np.count_nonzero(gallery.identity == 0) == 24
    assert len(sample.listing.gallery) == len(gallery) + 12
    assert list(sample.listing.gallery.names) == sorted(sample.listing.gallery.names)


def test_limit_keeps_the_gallery(task: Reid, sample: ReidDataset) -> None:
    some = task.limit(sample, 5)
    assert len(role_ids(some, "query")) == 5
    assert role_ids(some, "gallery") == role_ids(sample, "gallery")
    assert task.units(some).ids == role_ids(sample, "query")[:5]


def test_multi_query_adds_the_images_of_gt_bbox(task: Reid, sample_root: Path) -> None:
    dataset = task.open(DataRequest(data=sample_root, with_inputs=False, settings={"multi_query": True}))
    assert len(role_ids(dataset, "multi_query")) == 144


def write_ids(folder: Path, dataset: ReidDataset, form: str) -> Path:
    """The identities and cameras of a data set as files, junk included."""
    folder.mkdir()
    listing = dataset.listing
    stems = {
        "query_id": listing.query.identity,
        "query_cam": listing.query.camera,
        "gallery_id": listing.gallery.identity,
        "gallery_cam": listing.gallery.camera,
    }
    mat = {"query_id": "queryID", "query_cam": "queryCam", "gallery_id": "testID", "gallery_cam": "testCam"}
    for stem, values in stems.items():
        if form == "txt":
            (folder / f"{stem}.txt").write_text("".join(f"{value}\n" for value in values))
        elif form == "npy":
            np.save(folder / f"{stem}.npy", values)
        else:
            write_mat(folder / f"{mat[stem]}.mat", {mat[stem]: values[None].astype(np.float64)})
    return folder


@pytest.mark.parametrize("form", ["txt", "npy", "mat", "zip"])
def test_the_data_digest_is_the_same_for_every_form(
    task: Reid, sample: ReidDataset, sample_root: Path, tmp_path: Path, form: str
) -> None:
    if form == "zip":
        path = tmp_path / "market.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(sample_root.rglob("*.bmp")):
                archive.write(file, f"Market-1501-v15.09.15/{file.relative_to(sample_root)}")
    else:
        path = write_ids(tmp_path / "ids", sample, form)
    found = task.open(DataRequest(annotations=path, with_inputs=False))
    assert data_digest(found) == data_digest(sample)
    if form == "zip":
        image = task.open(DataRequest(annotations=path)).sample(3).inputs["image"]
        assert np.array_equal(image, task.open(DataRequest(data=sample_root)).sample(3).inputs["image"])


def test_market_is_known_by_its_counts(task: Reid, shared: Path) -> None:
    dataset = task.open(DataRequest(annotations=shared / "data" / "reid" / "market1501_ids", with_inputs=False))
    assert not dataset.custom and dataset.split == "test"
    assert dataset.facts == {"queries": 3368, "gallery": 15913, "junk": 3819}
    assert np.count_nonzero(people(dataset, "gallery").identity == 0) == 2798


def test_data_sets_side_by_side_are_told_apart_by_their_folders(sample_roots: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(sample_roots["dukemtmc"], tmp_path / "DukeMTMC-reID")
    shutil.copytree(sample_roots["market1501"], tmp_path / "market1501" / "Market-1501-v15.09.15")
    assert market1501().open(DataRequest(data=tmp_path)).facts["junk"] == 12
    assert dukemtmc().open(DataRequest(data=tmp_path)).facts["junk"] == 0


def test_duke_says_that_it_was_withdrawn_and_is_hidden() -> None:
    meta = dukemtmc().meta
    assert meta.hidden and "withdrawn" in meta.notice and "no download" in meta.notice
    assert not meta.homepage


def broken(root: Path, tmp_path: Path) -> Path:
    """A copy of the sample to spoil."""
    return Path(shutil.copytree(root, tmp_path / "copy"))


def refused(task: Reid, request: DataRequest) -> str:
    with pytest.raises(DataError) as caught:
        dataset = task.open(request)
        for index in range(len(dataset.ids)):
            dataset.sample(index)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_misnamed_file_is_named(task: Reid, sample_root: Path, tmp_path: Path) -> None:
    copy = broken(sample_root, tmp_path)
    next((copy / "query").iterdir()).rename(copy / "query" / "somebody.bmp")
    message = refused(task, DataRequest(data=copy))
    assert "query/somebody.bmp does not say who is on it" in message and "rename it" in message


def test_a_damaged_image_is_named(task: Reid, sample_root: Path, tmp_path: Path) -> None:
    copy = broken(sample_root, tmp_path)
    (copy / "query" / "0001_c1s1_000151_00.bmp").write_bytes(b"no image")
    assert "0001_c1s1_000151_00.bmp is no image" in refused(task, DataRequest(data=copy))


def test_files_beside_the_images_are_no_images(task: Reid, sample_root: Path, tmp_path: Path) -> None:
    copy = broken(sample_root, tmp_path)
    (copy / "query" / "Thumbs.db").write_bytes(b"x")
    (copy / "bounding_box_test" / "._0001_c1s1_000151_00.jpg").write_bytes(b"x")
    assert len(task.open(DataRequest(data=copy)).ids) == 240


def test_a_gallery_without_images_and_a_query_that_is_junk(task: Reid, sample_root: Path, tmp_path: Path) -> None:
    copy = broken(sample_root, tmp_path)
    Image.new("RGB", (4, 8)).save(copy / "query" / "-1_c1s1_000001_00.bmp")
    assert "identity -1, which is junk" in refused(task, DataRequest(data=copy))
    shutil.rmtree(copy / "bounding_box_test")
    (copy / "bounding_box_test").mkdir()
    (copy / "bounding_box_test" / "Thumbs.db").write_bytes(b"x")
    assert "lists no gallery image" in refused(task, DataRequest(data=copy))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "query_cam.txt").write_text("1\n2\n"), "72 query identities and 2 query cameras"),
        (lambda folder: (folder / "query_id.txt").write_text("1\nx\n"), "query_id.txt: line 2 holds 'x'"),
        (lambda folder: (folder / "query_id.txt").write_text("1.5\n" * 72), "no whole number"),
        (lambda folder: (folder / "query_id.txt").unlink(), "holds neither query and bounding_box_test nor files like"),
        (
            lambda folder: np.save(folder / "query_id.npy", np.zeros(72)),
            "query_id.npy, query_id.txt for the query identities",
        ),
        (lambda folder: (folder / "gallery_id.txt").write_text("1e400\n"), "gallery_id.txt"),
    ],
)
def test_files_of_identities_that_cannot_be_used(
    task: Reid, sample: ReidDataset, tmp_path: Path, spoil: object, words: str
) -> None:
    folder = write_ids(tmp_path / "ids", sample, "txt")
    spoil(folder)  # type: ignore[operator]
    assert words in refused(task, DataRequest(annotations=folder, with_inputs=False))


def test_identities_without_images_cannot_be_embedded(task: Reid, sample: ReidDataset, tmp_path: Path) -> None:
    folder = write_ids(tmp_path / "ids", sample, "txt")
    assert "no images" in refused(task, DataRequest(annotations=folder))
    assert "is one file" in refused(task, DataRequest(annotations=folder / "query_id.txt", with_inputs=False))
    settings = {"multi_query": True}
    assert "multi_query needs" in refused(task, DataRequest(annotations=folder, with_inputs=False, settings=settings))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0000/0000_000_01_0303morning_0015_0.jpg", "expected the path of an image and an identity"),
        ("0000/0000_000_01_0303morning_0015_0.jpg x", "expected the path of an image and an identity"),
        ("../0000_000_01_0303morning_0015_0.jpg 0", "expected the path of an image and an identity"),
        ("0000/somebody.jpg 0", "line 1: names are like"),
        ("0000/0000_000_01_0303morning_0015_0.jpg 0", "missing"),
    ],
)
def test_lists_that_cannot_be_used(sample_roots: dict[str, Path], tmp_path: Path, line: str, words: str) -> None:
    copy = broken(sample_roots["msmt17"], tmp_path)
    (copy / "list_query.txt").write_text(line + "\n")
    assert words in refused(msmt17(), DataRequest(data=copy))
